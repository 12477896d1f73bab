"""Mails in chunks (BDAT, RFC 3030): any octets in any cut arrive as sent, and none of them is a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.smtp_harness import (
    MAILBOX,
    Client,
    RunningListener,
    client,
    open_store,
    small_limits,
    stored,
    wait_until,
)

PIECES = [b"\r\n.\r\n", b"\r\n..", b".", b"\r", b"\n", b"\0", b"\xff", b"QUIT\r\n", b"BDAT 3 LAST\r\n", b"a"]
chunks = st.lists(
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=9), max_size=8).map(b"".join), max_size=6
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    path, store = open_store(tmp_path_factory.mktemp("chunks"))
    with RunningListener(store, limits=small_limits()) as running:
        yield running.port, path
    store.close()


def begun(peer: Client) -> Client:
    assert peer.ask("MAIL FROM:<seller@shop.example>").startswith("250 ")
    assert peer.ask(f"RCPT TO:<{MAILBOX}>").startswith("250 ")
    return peer


def bdat(octets: bytes, *, last: bool = False) -> bytes:
    return f"BDAT {len(octets)}{' LAST' if last else ''}\r\n".encode() + octets


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=chunks, cuts=st.lists(st.integers(min_value=1, max_value=25), max_size=30))
def test_whatever_the_cut_the_octets_arrive_as_sent(
    desk: tuple[int, Path], parts: list[bytes], cuts: list[int]
) -> None:
    wire = b"".join(bdat(part) for part in parts) + bdat(b"", last=True)
    with client(desk[0]) as peer:
        begun(peer)
        for cut in cuts:
            peer.send(wire[:cut])
            wire = wire[cut:]
        peer.send(wire)
        for _ in parts:
            assert peer.reply().startswith("250 2.6.0 Chunk taken")
        assert peer.reply() == "250 2.6.0 Accepted and stored"
        assert peer.ask("NOOP").startswith("250 ")
    assert stored(desk[1])[-1].raw == b"".join(parts)


def test_a_whole_mail_in_one_packet(desk: tuple[int, Path]) -> None:
    """PIPELINING of RFC 2920 with BDAT as RFC 3030 section 4.2 shows it: nobody waits for anything."""
    body = b"Subject: one\r\n\r\n.\r\nnot the end\r\n"
    with client(desk[0]) as peer:
        peer.send(
            b"MAIL FROM:<seller@shop.example>\r\nRCPT TO:<" + MAILBOX.encode() + b">\r\n"
            + bdat(body[:20]) + bdat(body[20:], last=True) + b"QUIT\r\n"
        )  # fmt: skip
        assert [peer.reply()[:3] for _ in range(5)] == ["250", "250", "250", "250", "221"]
    mail = stored(desk[1])[-1]
    assert (mail.raw, mail.mail_from, mail.rcpt_tos) == (body, "seller@shop.example", [MAILBOX])


def test_octets_of_a_refused_chunk_are_no_commands(desk: tuple[int, Path]) -> None:
    before = len(stored(desk[1]))
    smuggled = b"MAIL FROM:<ceo@razbor.test>\r\n"
    with client(desk[0]) as peer:
        assert peer.ask(bdat(smuggled)).startswith("503 5.5.1")
        assert peer.ask("RCPT TO:<" + MAILBOX + ">").startswith("503 5.5.1 Out of order: send MAIL FROM")
        peer.ask("MAIL FROM:<seller@shop.example>")
        assert peer.ask(bdat(smuggled, last=True)).startswith("503 5.5.1 No recipient")
    assert len(stored(desk[1])) == before


@pytest.mark.parametrize("argument", ["", "x", "10 FIRST", "1e3", "0x10", "10 LAST LAST", "1 2"])
def test_where_the_number_cannot_be_known_the_session_ends(desk: tuple[int, Path], argument: str) -> None:
    with client(desk[0]) as peer:
        begun(peer).send(f"BDAT {argument}\r\nRSET\r\n")
        assert peer.reply().startswith("501 5.5.4")
        assert peer.reply() == ""


def test_data_and_chunks_do_not_mix(desk: tuple[int, Path]) -> None:
    with client(desk[0]) as peer:
        assert begun(peer).ask(bdat(b"Subject: a\r\n")).startswith("250 ")
        for line in ("DATA", f"RCPT TO:<{MAILBOX}>", "MAIL FROM:<b@shop.example>"):
            assert peer.ask(line).startswith("503 5.5.1"), line
        assert peer.ask(bdat(b"\r\nb\r\n", last=True)).startswith("250 ")
        assert stored(desk[1])[-1].raw == b"Subject: a\r\n\r\nb\r\n"
        assert peer.deliver(b"Subject: by data\r\n\r\n..x\r\n").startswith("250 ")
    assert stored(desk[1])[-1].raw.endswith(b"\r\n.x\r\n")


@pytest.mark.parametrize("line", ["RSET", "EHLO again.example"])
def test_what_was_begun_in_chunks_can_be_taken_back(desk: tuple[int, Path], line: str) -> None:
    with client(desk[0]) as peer:
        assert begun(peer).ask(bdat(b"Subject: forget me\r\n")).startswith("250 ")
        assert peer.ask(line).startswith("250")
        assert begun(peer).ask(bdat(b"Subject: kept\r\n\r\n", last=True)).startswith("250 ")
    assert stored(desk[1])[-1].raw == b"Subject: kept\r\n\r\n"


def test_too_large_in_one_chunk_or_in_many(desk: tuple[int, Path]) -> None:
    before = len(stored(desk[1]))
    line = b"x" * 70 + b"\r\n"
    with client(desk[0]) as peer:
        assert begun(peer).ask(bdat(line * 3000, last=True)).startswith("552 5.3.4")
        begun(peer)
        replies = [peer.ask(bdat(line * 1000)) for _ in range(3)]
        assert [reply[:3] for reply in replies] == ["250", "250", "552"]
        assert peer.ask(bdat(b"rest", last=True)).startswith("503 5.5.1")
        assert begun(peer).ask(bdat(line, last=True)).startswith("250 ")
    assert len(stored(desk[1])) == before + 1


def test_tiny_chunks_are_no_progress(tmp_path: Path) -> None:
    _path, store = open_store(tmp_path)
    with (
        RunningListener(store, limits=small_limits(max_commands_without_mail=20)) as running,
        client(running.port) as peer,
    ):
        begun(peer)
        replies = [peer.ask(bdat(b"x" * 2000)) for _ in range(30)]
        assert {reply[:3] for reply in replies} == {"250"}
        peer.send(bdat(b"x") * 30)
        while (reply := peer.reply()).startswith("250"):
            pass
        assert reply.startswith("421 4.7.0")
    store.close()


def test_a_stop_ends_a_mail_between_its_chunks(tmp_path: Path) -> None:
    path, store = open_store(tmp_path)
    with RunningListener(store) as running, client(running.port) as peer:
        begun(peer).send(b"BDAT 10\r\n12345")
        wait_until(lambda: bool(running.listener))
        running.ask_to_stop()
        peer.send(b"67890")
        assert peer.reply()[:3] in {"250", "421"}
        while reply := peer.reply():
            assert reply.startswith("421 4.3.2")
    assert stored(path) == []
    store.close()
