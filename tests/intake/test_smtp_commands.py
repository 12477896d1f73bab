"""Commands over a real socket: order, syntax, addresses, parameters, and what is stored of them."""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.smtp_harness import MAILBOX, Client, RunningListener, client, open_store, stored

BODY = "Subject: Поставка\r\n\r\nГде моя поставка?\r\n".encode()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    path, store = open_store(tmp_path_factory.mktemp("commands"))
    mailboxes = (MAILBOX, "Sellers@Razbor.Test", "*@any.example", "почта@пример.рф")
    with RunningListener(
        store, mailboxes=mailboxes, mail_domain="razbor.test", hostname="mx.razbor.test"
    ) as listener:
        yield listener.port, path
    store.close()


def test_a_mail_is_stored_with_its_envelope(desk: tuple[int, Path]) -> None:
    port, path = desk
    before = datetime.now(UTC)
    with smtplib.SMTP("127.0.0.1", port, local_hostname="shop.example") as sender:
        sender.ehlo("shop.example")
        assert set(sender.esmtp_features) >= {
            "pipelining",
            "size",
            "8bitmime",
            "smtputf8",
            "enhancedstatuscodes",
        }
        assert "starttls" not in sender.esmtp_features
        assert sender.sendmail("seller@shop.example", [MAILBOX, "sellers+x@razbor.test"], BODY) == {}
    mail = stored(path)[-1]
    assert (mail.raw, mail.size_bytes, mail.sha256) == (BODY, len(BODY), hashlib.sha256(BODY).hexdigest())
    assert (mail.mail_from, mail.rcpt_tos) == ("seller@shop.example", [MAILBOX, "sellers+x@razbor.test"])
    assert (mail.peer, mail.helo, mail.tls, mail.codec) == ("127.0.0.1", "shop.example", False, "")
    received = datetime.fromisoformat(mail.received_at_utc).replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) <= received <= datetime.now(UTC)


def test_ehlo_lists_what_is_offered(desk: tuple[int, Path]) -> None:
    with Client(desk[0]) as peer:
        assert peer.reply() == "220 mx.razbor.test ESMTP Razbor"
        offers = peer.ask("EHLO client.example").split("\n")
    assert offers[0] == "250-mx.razbor.test"
    assert offers[-1] == "250 HELP"
    assert {
        "250-PIPELINING",
        "250-CHUNKING",
        "250-8BITMIME",
        "250-SMTPUTF8",
        f"250-SIZE {35 * 1024 * 1024}",
    } < set(offers)


OURS = [
    MAILBOX,
    "SUPPORT@RAZBOR.TEST",
    "support+order-17@razbor.test",
    "sellers@razbor.test",
    "whoever@any.example",
    "bounce+abc.DEF-1@razbor.test",
    "почта@пример.рф",
    "почта@xn--e1afmkfd.xn--p1ai",
]
NOT_OURS = [
    "suppor@razbor.test",
    "support@razbor.test.example",
    "support@elsewhere.example",
    "bounce+@razbor.test",
    "bounce@razbor.test",
    "bounce+abc@elsewhere.example",
    "+x@razbor.test",
    "*@razbor.test",
    "victim%elsewhere.example@razbor.test",
    "elsewhere.example!victim@razbor.test",
    "support+x@any.example@elsewhere.example",
    "support@[127.0.0.1]",
]


@pytest.mark.parametrize("address", OURS)
def test_our_mailboxes_are_accepted(desk: tuple[int, Path], address: str) -> None:
    port, path = desk
    with client(port) as peer:
        assert peer.deliver(BODY, address).startswith("250 ")
    assert stored(path)[-1].rcpt_tos == [address]


@pytest.mark.parametrize("address", NOT_OURS)
def test_nothing_is_relayed(desk: tuple[int, Path], address: str) -> None:
    with client(desk[0]) as peer:
        assert peer.ask("MAIL FROM:<seller@shop.example>").startswith("250 ")
        assert peer.ask(f"RCPT TO:<{address}>")[:3] in {"550", "553"}
        assert peer.ask("DATA").startswith("503 5.5.1 No recipient")


def test_one_unknown_recipient_does_not_cost_the_other_the_mail(desk: tuple[int, Path]) -> None:
    port, path = desk
    with smtplib.SMTP("127.0.0.1", port) as sender:
        refused = sender.sendmail("a@shop.example", [MAILBOX, "nobody@razbor.test"], BODY)
    assert refused["nobody@razbor.test"][0] == 550
    assert stored(path)[-1].rcpt_tos == [MAILBOX]


# What is said after EHLO, and the reply to its last line.
DIALOGUES = {
    "null sender": (["MAIL FROM:<>"], "250 2.1.0"),
    "lower case, spaces": (["mail from: <a@b.example> "], "250 2.1.0"),
    "parameters": (["MAIL FROM:<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8"], "250 2.1.0"),
    "utf-8 sender": (["MAIL FROM:<продавец@магазин.рф> SMTPUTF8"], "250 2.1.0"),
    "quoted sender": (['MAIL FROM:<"a b"@b.example>'], "250 2.1.0"),
    "source route": (["MAIL FROM:<@relay.example:a@b.example>"], "250 2.1.0"),
    "no brackets": (["MAIL FROM:a@b.example"], "250 2.1.0"),
    "sender without colon": (["MAIL FROM <a@b.example>"], "501 5.5.4"),
    "no sender": (["MAIL FROM:"], "553 5.1.7"),
    "broken sender": (["MAIL FROM:<a@b.example"], "553 5.1.7"),
    "size too large": (["MAIL FROM:<a@b.example> SIZE=99999999999"], "552 5.3.4"),
    "size no number": (["MAIL FROM:<a@b.example> SIZE=x"], "501 5.5.4"),
    "size in other digits": (["MAIL FROM:<a@b.example> SIZE=١٢"], "501 5.5.4"),
    "size endless": ([f"MAIL FROM:<a@b.example> SIZE={'9' * 500}"], "501 5.5.4"),
    "binary body": (["MAIL FROM:<a@b.example> BODY=BINARYMIME"], "501 5.5.4"),
    "unknown parameter": (["MAIL FROM:<a@b.example> RET=HDRS"], "555 5.5.4"),
    "nested mail": (["MAIL FROM:<a@b.example>", "MAIL FROM:<a@b.example>"], "503 5.5.1"),
    "after rset": (["MAIL FROM:<a@b.example>", "RSET", "MAIL FROM:<a@b.example>"], "250 2.1.0"),
    "recipient first": (["RCPT TO:<support@razbor.test>"], "503 5.5.1"),
    "null recipient": (["MAIL FROM:<>", "RCPT TO:<>"], "553 5.1.3"),
    "recipient parameter": (["MAIL FROM:<>", "RCPT TO:<support@razbor.test> NOTIFY=NEVER"], "555 5.5.4"),
    "recipient syntax": (["MAIL FROM:<>", "RCPT <support@razbor.test>"], "501 5.5.4"),
    "data first": (["DATA"], "503 5.5.1"),
    "data without recipient": (["MAIL FROM:<>", "DATA"], "503 5.5.1"),
    "data with argument": (["MAIL FROM:<>", "RCPT TO:<support@razbor.test>", "DATA now"], "501 5.5.4"),
    "ehlo forgets the mail": (
        ["MAIL FROM:<>", "EHLO again.example", "RCPT TO:<support@razbor.test>"],
        "503 5.5.1",
    ),
    "ehlo without name": (["EHLO"], "501 5.5.4"),
    "helo": (["HELO client.example"], "250 mx.razbor.test"),
    "noop": (["NOOP anything"], "250 2.0.0"),
    "rset with argument": (["RSET now"], "501 5.5.4"),
    "vrfy": (["VRFY support"], "252 2.5.2"),
    "help": (["HELP"], "214 2.0.0"),
    "auth": (["AUTH PLAIN AGEAYg=="], "502 5.5.1"),
    "chunk first": (["BDAT 0 LAST"], "503 5.5.1"),
    "chunk without size": (["BDAT LAST"], "501 5.5.4"),
    "chunk of less than nothing": (["BDAT -1"], "501 5.5.4"),
    "chunk of other digits": (["BDAT ١٢ LAST"], "501 5.5.4"),
    "chunk that never ends": ([f"BDAT {'9' * 20}"], "552 5.3.4"),
    "starttls not configured": (["STARTTLS"], "502 5.5.1"),
    "unknown": (["SMUGGLE"], "500 5.5.1"),
    "empty line": ([""], "500 5.5.1"),
    "web browser": (["GET / HTTP/1.1"], "500 5.5.1"),
    "NUL": (["MAIL FROM:<a\0@b.example>"], "500 5.5.2"),
    "bare CR": (["MAIL FROM:<a@b.example>\rRCPT TO:<x>"], "500 5.5.2"),
    "quit with argument": (["QUIT now"], "501 5.5.4"),
    "quit": (["QUIT"], "221 2.0.0"),
}


@pytest.mark.parametrize(("lines", "reply"), DIALOGUES.values(), ids=DIALOGUES.keys())
def test_dialogue(desk: tuple[int, Path], lines: list[str], reply: str) -> None:
    with client(desk[0]) as peer:
        *_earlier, last = [peer.ask(line) for line in lines]
    assert last.startswith(reply)


@pytest.mark.parametrize("line", [b"MAIL FROM:<\xff\xfe@b.example>\r\n", b"NOOP \x80\x81\r\n", b"\xd0\r\n"])
def test_command_in_no_charset_is_refused_and_the_session_lives(desk: tuple[int, Path], line: bytes) -> None:
    with client(desk[0]) as peer:
        assert peer.ask(line).startswith("500 5.5.2")
        assert peer.deliver(BODY).startswith("250 ")


def test_command_without_cr_is_refused_at_once(desk: tuple[int, Path]) -> None:
    with client(desk[0]) as peer:
        assert peer.ask(b"NOOP\n").startswith("500 5.5.2")


def test_too_long_command_is_refused_once_and_the_session_lives(desk: tuple[int, Path]) -> None:
    with client(desk[0]) as peer:
        assert peer.ask(b"NOOP " + b"x" * 300_000 + b"\r\n").startswith("500 5.5.2 Command too long")
        assert peer.ask("NOOP").startswith("250 ")


def test_mail_needs_ehlo(desk: tuple[int, Path]) -> None:
    with Client(desk[0]) as peer:
        peer.reply()
        assert peer.ask("MAIL FROM:<a@b.example>").startswith("503 5.5.1")


def test_everything_in_one_packet_gets_its_replies_in_order(desk: tuple[int, Path]) -> None:
    port, path = desk
    with Client(port) as peer:
        transaction = (
            f"MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@razbor.test>\r\nRCPT TO:<{MAILBOX}>\r\nDATA\r\n"
        )
        one, two = "Subject: one\r\n\r\n1\r\n.\r\n", "Subject: two\r\n\r\n2\r\n.\r\n"
        peer.send(f"EHLO x\r\n{transaction}{one}{transaction}{two}QUIT\r\n")
        codes = [peer.reply()[:3] for _ in range(13)]
        assert peer.reply() == ""
    assert codes == [
        "220",
        "250",
        "250",
        "550",
        "250",
        "354",
        "250",
        "250",
        "550",
        "250",
        "354",
        "250",
        "221",
    ]
    assert [mail.raw for mail in stored(path)[-2:]] == [
        b"Subject: one\r\n\r\n1\r\n",
        b"Subject: two\r\n\r\n2\r\n",
    ]


def test_half_closed_client_still_gets_its_reply(desk: tuple[int, Path]) -> None:
    port, path = desk
    with client(port) as peer:
        peer.begin()
        peer.send(b"Subject: half\r\n\r\n.\r\n")
        peer.socket.shutdown(1)  # SHUT_WR, as `nc` does at the end of its input
        assert peer.reply().startswith("250 ")
        assert peer.reply() == ""
    assert stored(path)[-1].raw == b"Subject: half\r\n\r\n"


def test_nothing_is_stored_of_a_mail_that_breaks_off(desk: tuple[int, Path]) -> None:
    port, path = desk
    count = len(stored(path))
    with client(port) as peer:
        peer.begin()
        peer.send(b"Subject: broken off\r\n\r\nthe rest never ca")
    with client(port) as peer:
        assert peer.deliver(BODY).startswith("250 ")
    assert [mail.raw for mail in stored(path)[count:]] == [BODY]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.binary(max_size=80)
        | st.sampled_from([b"MAIL FROM:<", b"RCPT TO:", b"<>", b'"', b"@", b"(", b"\\", b"[", b"DATA "]),
        max_size=8,
    )
)
def test_no_command_line_whatever_brings_a_fault(desk: tuple[int, Path], parts: list[bytes]) -> None:
    line = b"".join(parts).replace(b"\n", b"")
    if line.upper().startswith((b"QUIT", b"DATA", b"BDAT")):
        line = b"X" + line
    with client(desk[0]) as peer:
        for prefix in (b"", b"MAIL FROM:", b"MAIL FROM:<>\r\nRCPT TO:"):
            peer.send(b"RSET\r\n" + prefix + line + b"\r\n")
            replies = [peer.reply() for _ in range(2 + prefix.count(b"\n"))]
            assert all(reply[:1] in {"2", "5"} for reply in replies), replies
