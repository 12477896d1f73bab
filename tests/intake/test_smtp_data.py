"""The body of DATA: any bytes, split anywhere, come out as the sender meant them; limits; smuggling."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.limits import Limits, MemoryBudget
from intake.smtp_data import DataCollector
from intake.smtp_replies import Reply
from tests.example_counts import examples
from tests.intake.smtp_harness import MAILBOX, Client, RunningListener, client, free_port, open_store, stored

NASTY = [
    b"\r\n",
    b"\r",
    b"\n",
    b".",
    b"..",
    b"\r\n.",
    b".\r\n",
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\0",
    b"\xff",
    b"a",
]
bodies = st.lists(st.sampled_from(NASTY) | st.binary(max_size=12), max_size=30).map(b"".join)
splits = st.lists(st.integers(min_value=1, max_value=9), max_size=40)


def on_the_wire(body: bytes) -> bytes:
    """Stuff dots as RFC 5321 4.5.2 says and add the end mark; the body ends in CRLF or is empty."""
    return re.sub(rb"(\A|(?<=\r\n))\.", b"..", body) + b".\r\n"


def ended(body: bytes) -> bytes:
    return body if not body or body.endswith(b"\r\n") else body + b"\r\n"


def pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Cut data into pieces of the given sizes, the rest in one."""
    for size in sizes:
        if data:
            yield data[:size]
            data = data[size:]
    if data:
        yield data


def collect(data: bytes, sizes: list[int], limits: Limits | None = None) -> tuple[DataCollector, bytes]:
    limits = limits or Limits()
    collector = DataCollector(limits, MemoryBudget(limits.max_buffered_bytes))
    rest = None
    for piece in pieces(data, sizes):
        rest = collector.feed(piece) if rest is None else rest + piece
    assert rest is not None
    return collector, rest


@settings(max_examples=examples(150), deadline=None)
@given(bodies, splits, st.binary(max_size=20))
def test_any_bytes_split_anywhere(body: bytes, sizes: list[int], ahead: bytes) -> None:
    body = ended(body)
    collector, rest = collect(on_the_wire(body) + ahead, sizes)
    assert collector.refusal is None
    assert collector.content() == body
    assert rest == ahead


@settings(max_examples=examples(100), deadline=None)
@given(bodies, splits)
def test_a_refused_body_ends_at_the_same_place(body: bytes, sizes: list[int]) -> None:
    body = ended(body)
    collector, rest = collect(
        on_the_wire(b"x" * 100 + b"\r\n" + body) + b"RSET\r\n", sizes, Limits(max_message_bytes=50)
    )
    assert collector.refusal is Reply.TOO_LARGE
    assert rest == b"RSET\r\n"


@pytest.mark.parametrize(("size", "refusal"), [(1000, None), (1001, Reply.TOO_LARGE)])
@pytest.mark.parametrize("line", [b"x" * 8 + b"\r\n", b"." * 8 + b"\r\n"], ids=["plain", "dots"])
def test_size_limit_does_not_count_stuffed_dots(size: int, refusal: Reply | None, line: bytes) -> None:
    body = (line * 200)[: size - 2] + b"\r\n"
    collector, _rest = collect(on_the_wire(body), [97] * 30, Limits(max_message_bytes=1000))
    assert collector.refusal is refusal


@pytest.mark.parametrize("before", [0, 1, 5000])
@pytest.mark.parametrize(("length", "refusal"), [(64 * 1024, None), (64 * 1024 + 2, Reply.LINE_TOO_LONG)])
def test_line_limit(length: int, refusal: Reply | None, before: int) -> None:
    body = b"short\r\n" * before + b"x" * length + b"\r\nshort\r\n" * 3
    for sizes in ([], [1000] * 200):
        collector, rest = collect(on_the_wire(body), sizes)
        assert (collector.refusal, rest) == (refusal, b"")


def test_large_mails_share_one_budget_and_give_it_back() -> None:
    limits = Limits(max_buffered_bytes=300_000)
    budget = MemoryBudget(limits.max_buffered_bytes)
    body = b"x" * 998 + b"\r\n"
    first, second = DataCollector(limits, budget), DataCollector(limits, budget)
    for _ in range(200):
        assert first.feed(body) is None
    for _ in range(200):
        assert second.feed(body) is None
    assert (first.refusal, second.refusal) == (None, Reply.SHORT_OF_MEMORY)
    assert second.feed(b".\r\n") == b""
    first.reset()
    second.reset()
    for _ in range(290):
        second.feed(body)
    assert second.refusal is None


class StockHandler:
    """Keeps what the library's own server takes for the mail."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        self.contents.append(bytes(envelope.content or b""))
        return "250 OK"


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path, Client, StockHandler]]:
    """One kept session with our listener, and one with stock aiosmtpd."""
    path, store = open_store(tmp_path_factory.mktemp("data"))
    handler = StockHandler()
    stock = Controller(handler, hostname="127.0.0.1", port=free_port(), server_hostname="stock.test")
    stock.start()
    with RunningListener(store) as listener, client(listener.port) as ours, client(stock.port) as theirs:
        yield ours, path, theirs, handler
    stock.stop()
    store.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies, splits)
def test_stored_bytes_are_those_that_stock_aiosmtpd_takes(
    sessions: tuple[Client, Path, Client, StockHandler], body: bytes, sizes: list[int]
) -> None:
    ours, path, stock, handler = sessions
    for peer in (ours, stock):
        peer.begin()
        for piece in pieces(on_the_wire(ended(body)), sizes):
            peer.send(piece)
        assert peer.reply().startswith("250 ")
    assert stored(path)[-1].raw == handler.contents[-1] == ended(body)


SMUGGLED = b"\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<support@razbor.test>\r\nDATA\r\nsmuggled\r\n"
FALSE_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n\0.\r\n", b"\r.\r\n", b"\n.\r"]


@pytest.mark.parametrize("false_end", FALSE_ENDS)
def test_only_crlf_dot_crlf_ends_a_mail(tmp_path: Path, false_end: bytes) -> None:
    path, store = open_store(tmp_path)
    raw = b"Subject: x\r\n\r\nbody" + false_end + SMUGGLED
    with RunningListener(store) as listener, client(listener.port) as peer:
        assert peer.deliver(raw).startswith("250 ")
        assert peer.ask("NOOP").startswith("250 ")
    store.close()
    assert [mail.raw for mail in stored(path)] == [raw.replace(b"\r\n.", b"\r\n")]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: x\nTo: y\n\nbare LF\n",
        bytes(range(256)) * 20,
        "Subject: привет\r\n\r\nтекст".encode("koi8-r"),
        b"X: " + b"a" * 60_000 + b"\r\n\r\n",
        b"".join(b"X-%d: y\r\n" % number for number in range(20_000)),
        b"Subject: \x00\x00\r\n\r\n\x00",
    ],
    ids=["empty", "crlf", "no header", "bare LF", "all bytes", "koi8-r", "long line", "header bomb", "NULs"],
)
def test_any_mail_is_stored_as_received(tmp_path: Path, raw: bytes) -> None:
    path, store = open_store(tmp_path)
    with RunningListener(store) as listener, client(listener.port) as peer:
        assert peer.begin().ask(on_the_wire(ended(raw))).startswith("250 ")
    store.close()
    assert [mail.raw for mail in stored(path)] == [ended(raw)]
    assert stored(path)[0].rcpt_tos == [MAILBOX]
