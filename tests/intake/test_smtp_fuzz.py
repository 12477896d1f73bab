"""Sessions from a grammar, spoilt: each reply fits what was sent, what was promised is stored, no more."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.fuzz.campaign import FindingError
from tests.fuzz.smtp import CERTIFICATE, MemoryStore, converse, sessions, try_session
from tests.fuzz.smtp_oracle import Walk
from tests.fuzz.smtp_words import session
from tests.intake.smtp_harness import RunningListener

END = b"\r\n.\r\nRSET\r\nQUIT\r\n"
MAIL = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@razbor.test>\r\n"
FOUND = {
    "chunk cut off behind a mail": b"EHLO x\r\n"
    + MAIL
    + b"DATA\r\nx\r\n.\r\n"
    + MAIL
    + b"BDAT 76\r\nx"
    + END,
    "body cut off behind a mail": b"EHLO x\r\n" + MAIL + b"DATA\r\nx\r\n.\r\n" + MAIL + b"DATA\r\nx",
    "refused chunk cut off behind a mail": b"EHLO x\r\n"
    + MAIL
    + b"DATA\r\nx\r\n.\r\nBDAT 103 last\r\nx"
    + END,
    "TLS that never comes behind a mail": b"EHLO x\r\n" + MAIL + b"DATA\r\nx\r\n.\r\nSTARTTLS\r\nATA" + END,
}


@pytest.fixture(scope="module")
def held() -> Iterator[tuple[RunningListener, MemoryStore]]:
    store = MemoryStore()
    with RunningListener(store, tls_cert=CERTIFICATE, tls_key=CERTIFICATE) as running:
        yield running, store


def test_spoilt_sessions_are_answered_line_by_line() -> None:
    seen: Counter[str] = Counter()
    with sessions() as trial:
        inputs = sum(trial(random.Random(f"suite/{number}"), seen) for number in range(60))
    assert inputs > 1_000
    assert seen["mails stored"] > 40
    assert seen["refusals"] > 400


@pytest.mark.parametrize("sent", FOUND.values(), ids=FOUND)
def test_what_fuzzing_found_ends_at_once(
    held: tuple[RunningListener, MemoryStore], sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its peer had ended its stream while a mail was being stored; the session stayed open for minutes."""
    monkeypatch.setattr("tests.fuzz.smtp.HANG_S", 10.0)
    seen: Counter[str] = Counter()
    try_session(*held, sent, seen)
    assert seen["mails stored"] == 1


def test_the_oracle_can_fail(held: tuple[RunningListener, MemoryStore]) -> None:
    running, store = held
    sent = session(random.Random("suite/3"))
    replies, _ = converse(running.port, sent)
    stored = store.take()
    assert Walk(sent, replies).run().promised == stored
    for words, broken in (
        ("no reply|replies too many", replies[:-1]),
        ("too many", [*replies, b"250 2.0.0 OK\r\n"]),
        ("another class", [replies[0], b"250 5.0.0 OK\r\n", *replies[1:]]),
        ("not a reply", [b"220 \xff\r\n"]),
        ("a fault", [b"451 4.3.0 A fault on our side, the mail was not accepted\r\n"]),
    ):
        with pytest.raises(FindingError, match=words):
            Walk(sent, broken).run()
    smuggled = b"EHLO x\r\n" + MAIL + b"DATA\r\none\r\n\n.\r\n" + MAIL + b"DATA\r\ntwo\r\n.\r\n"
    assert len(Walk(smuggled, converse(running.port, smuggled)[0]).run().promised) == 1
    assert len(store.take()) == 1
