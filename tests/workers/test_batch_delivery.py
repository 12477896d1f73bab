"""Delivery against a real SMTP server: each reply leaves once, or says why it did not."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy.exc import OperationalError

from models.store.leases import claim_outbox
from models.store.outbox import load_outgoing, mark_sending
from tests.conftest import free_port
from workers import delivery
from workers import relay as relay_session
from workers.tokens import bounce_address, read_reply_message_id
from workers.upkeep import sweep

KEY = b"k" * 32


def queue(desk: Any, *senders: str) -> None:
    """Let incomplete mails be asked about, so that one question for each waits in the outbox."""
    for n, sender in enumerate(senders or ("seller@shop.example",)):
        desk.mail(sender=sender, message_id=f"{n}-{sender}", subject=f"Недостача {n}")
    desk.read()
    desk.work()
    assert {row.status for row in desk.outbox()} == {"queued"}


def statuses(desk: Any) -> list[str]:
    return [row.status for row in desk.outbox()]


def test_sent_with_our_message_id_and_a_signed_bounce_address(desk: Any, relay: Any) -> None:
    queue(desk)
    assert desk.deliver(relay.port) == 1
    (row,) = desk.outbox()
    assert (row.status, row.sent_at_utc, row.lease_token) == ("sent", desk.now, None)
    ((mail_from, rcpts, content),) = relay.mails
    message = message_from_bytes(content)
    assert mail_from == bounce_address(row.id, KEY, "razbor.local")
    assert rcpts == ["seller@shop.example"]
    token = read_reply_message_id(message["Message-ID"], KEY)
    assert token is not None
    assert (token.raw_id, token.kind) == (1, "missing_data")
    assert message["Auto-Submitted"] == "auto-replied"
    assert desk.deliver(relay.port) == 0
    assert len(relay.mails) == 1


def test_a_dot_at_the_start_of_a_line_arrives_as_written(desk: Any, relay: Any) -> None:
    """RFC 5321 4.5.2: the sender doubles it, the receiver takes it away."""
    queue(desk)
    with desk.store.write() as db:
        db.execute(delivery.OUTBOX.update().values(text="one\n.\n..two\n.three\n"))
    desk.deliver(relay.port)
    body = relay.mails[0][2].replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    assert body == b"one\n.\n..two\n.three\n"
    assert statuses(desk) == ["sent"]


def test_what_the_relay_answers_decides(desk: Any, relay: Any) -> None:
    queue(desk, "later@a.example", "never@a.example", "lost@a.example", "cut@a.example", "fine@a.example")
    relay.at_rcpt = {"later@a.example": "451 4.2.1 try later", "cut@a.example": "drop"}
    relay.answers = {"never@a.example": "550 5.1.1 no such user", "lost@a.example": "drop"}
    desk.deliver(relay.port)
    assert statuses(desk) == ["queued", "failed", "uncertain", "queued", "sent"]
    later, never, lost, cut, _ = desk.outbox()
    assert "try later" in later.last_error
    assert "no such user" in never.last_error
    assert (later.due_at_utc - desk.now).total_seconds() == 60
    assert "broke while sending" in lost.last_error
    assert (cut.due_at_utc - desk.now).total_seconds() == 60, "nothing was sent, so it is tried again"
    relay.at_rcpt, relay.answers = {}, {}
    assert desk.deliver(relay.port) == 0, "nothing before its time"
    desk.pass_time(61)
    desk.deliver(relay.port)
    assert statuses(desk) == ["sent", "failed", "uncertain", "sent", "sent"]
    assert relay.recipients().count("lost@a.example") == 1, "an uncertain one is not sent again"


def test_a_relay_that_wants_a_login_fails_no_reply(desk: Any, relay: Any) -> None:
    queue(desk)
    relay.at_mail = "530 5.7.0 Authentication required"
    desk.deliver(relay.port)
    assert statuses(desk) == ["queued"]
    relay.at_mail = ""
    desk.pass_time(61)
    desk.deliver(relay.port)
    assert statuses(desk) == ["sent"]


def test_an_answer_that_is_none_leaves_uncertain(desk: Any, relay: Any) -> None:
    """smtplib gives -1 for a line that is no reply; below 400 is not yet 250."""
    queue(desk, "odd@a.example", "more@a.example", "fine@a.example")
    relay.answers = {"odd@a.example": "hello there", "more@a.example": "354 go on"}
    desk.deliver(relay.port)
    assert statuses(desk) == ["uncertain", "uncertain", "sent"]
    assert "answer is none" in desk.outbox()[0].last_error


@pytest.fixture
def guarded_relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[Any], int, str]]:
    """Run a relay that takes mail over TLS and after a login only; yields what it got, port, certificate."""
    certificate, key = tmp_path / "relay.pem", tmp_path / "relay.key"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    words += " -subj /CN=relay -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        ["openssl", *words.split(), "-out", str(certificate), "-keyout", str(key)],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    got: list[Any] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            got.append((session.ssl is not None, session.auth_data, envelope.rcpt_tos))
            return "250 OK"

    def may_enter(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        is_right = (data.login, data.password) == (b"razbor", b"p@ss word")
        return AuthResult(success=is_right, handled=False, auth_data=data.login)

    port = free_port()
    controller = Controller(
        Handler(),
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=may_enter,
    )
    controller.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    relay_session._tls.cache_clear()
    yield got, port, str(certificate)
    relay_session._tls.cache_clear()
    controller.stop()


def test_a_relay_with_starttls_and_login(
    desk: Any, guarded_relay: tuple[list[Any], int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    got, port, certificate = guarded_relay
    queue(desk)

    def deliver_as(login: str) -> str:
        delivery.deliver(desk.make_service(relay_url=f"smtp://{login}@127.0.0.1:{port}"))
        desk.pass_time(15_000)
        return str(desk.outbox()[0].last_error)

    assert "535" in deliver_as("razbor:wrong")
    assert "must be ASCII" in deliver_as("razbor:%D0%BF")
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    relay_session._tls.cache_clear()
    assert "CERTIFICATE_VERIFY_FAILED" in deliver_as("razbor:p%40ss%20word")
    assert (got, statuses(desk)) == ([], ["queued"])
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    relay_session._tls.cache_clear()
    deliver_as("razbor:p%40ss%20word")
    assert got == [(True, b"razbor", ["seller@shop.example"])]
    assert statuses(desk) == ["sent"]


def test_relay_down_keeps_replies_queued(desk: Any) -> None:
    queue(desk, "a@a.example", "b@a.example")
    desk.deliver(free_port())
    assert statuses(desk) == ["queued", "queued"]
    assert {row.attempts for row in desk.outbox()} == {1}
    assert all("not reached" in row.last_error for row in desk.outbox())


def test_without_a_relay_nothing_leaves(desk: Any) -> None:
    queue(desk)
    assert delivery.deliver(desk.service) == 0
    (row,) = desk.outbox()
    assert (row.status, row.attempts) == ("queued", 0)


def test_a_sender_killed_before_smtp_leaves_uncertain(desk: Any, relay: Any) -> None:
    queue(desk)
    claim = claim_outbox(desk.store, now_utc=desk.now, lease_s=60, limit=5)
    with desk.store.write() as db:
        (mail,) = load_outgoing(db, claim.ids)
        assert mark_sending(db, mail, claim.token, claim.until_utc)
    sweep(desk.service, 5)
    assert statuses(desk) == ["sending"], "its sender still lives"
    desk.pass_time(61)
    sweep(desk.service, 5)
    assert statuses(desk) == ["uncertain"]
    assert desk.deliver(relay.port) == 0
    assert relay.mails == []


def test_a_sender_killed_between_claim_and_sending_costs_nothing(desk: Any, relay: Any) -> None:
    queue(desk)
    claim_outbox(desk.store, now_utc=desk.now, lease_s=60, limit=5)
    assert desk.deliver(relay.port) == 0
    desk.pass_time(61)
    desk.deliver(relay.port)
    assert statuses(desk) == ["sent"]


def test_two_deliverers_send_each_reply_once(desk: Any, relay: Any) -> None:
    senders = [f"s{n}@a.example" for n in range(30)]
    queue(desk, *senders)
    threads = [threading.Thread(target=desk.deliver, args=(relay.port,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.deliver(relay.port)
    assert sorted(relay.recipients()) == sorted(senders)
    assert set(statuses(desk)) == {"sent"}


def test_a_database_that_fails_after_sending_leaves_uncertain_not_queued(
    desk: Any, relay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(desk, "a@a.example", "b@a.example")

    def failing(*_: Any) -> None:
        raise OperationalError("x", {}, Exception("gone"))

    monkeypatch.setattr(delivery, "mark_sent", failing)
    with pytest.raises(OperationalError):
        desk.deliver(relay.port)
    monkeypatch.undo()
    sweep(desk.service, 5)
    assert statuses(desk) == ["uncertain", "queued"]
    desk.deliver(relay.port)
    assert relay.recipients() == ["a@a.example", "b@a.example"]


def test_a_question_that_was_answered_meanwhile_is_withdrawn(desk: Any, relay: Any) -> None:
    queue(desk)
    number = desk.tickets()[0].id
    desk.mail("ID продавца 1250487", subject=f"[RZ-{number}]", message_id="answer@shop.example")
    desk.read()
    desk.work()
    desk.deliver(relay.port)
    assert [(row.kind, row.status) for row in desk.outbox()] == [
        ("missing_data", "muted"),
        ("completed", "sent"),
    ]
    assert len(relay.mails) == 1


BOUNCE = b"""From: MAILER-DAEMON@a.example\r
To: %s\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <bounce-%s@a.example>\r
Auto-Submitted: auto-replied\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
Your message could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; a.example\r
\r
Final-Recipient: rfc822; seller@shop.example\r
Action: %s\r
Status: %s\r
--b--\r
"""


def bounce(desk: Any, outbox_id: int, action: bytes, status: bytes) -> None:
    address = bounce_address(outbox_id, KEY, "razbor.local")
    raw = BOUNCE % (address.encode(), action, action, status)
    desk.mail(raw=raw, mail_from="", rcpt=address)
    desk.read()


def test_a_bounce_ends_auto_on_its_ticket_and_fails_the_reply(desk: Any, relay: Any) -> None:
    queue(desk)
    desk.deliver(relay.port)
    (row,) = desk.outbox()
    bounce(desk, row.id, b"delayed", b"4.4.1")
    assert statuses(desk) == ["sent"], "a delay is no failure"
    bounce(desk, row.id, b"failed", b"5.1.1")
    assert desk.ends() == ["opened", "auto", "auto"]
    number = desk.tickets()[0].id
    assert [state.ticket_id for state in desk.states()] == [number] * 3
    assert statuses(desk) == ["failed"]
    assert "came back" in desk.outbox()[0].last_error
    assert len(desk.tickets()) == 1
    desk.assert_balanced()


def test_a_bounce_stops_what_still_waits_for_that_address(desk: Any, relay: Any) -> None:
    queue(desk)
    desk.deliver(relay.port)
    number = desk.tickets()[0].id
    desk.mail("ID продавца 1250487", subject=f"[RZ-{number}]", message_id="answer@shop.example")
    desk.read()
    desk.work()
    assert statuses(desk) == ["sent", "queued"]
    bounce(desk, desk.outbox()[0].id, b"failed", b"5.1.1")
    assert statuses(desk) == ["failed", "muted"]
    assert desk.deliver(relay.port) == 0


def test_a_forged_bounce_address_changes_nothing_and_a_letter_to_a_real_one_is_not_answered(
    desk: Any, relay: Any
) -> None:
    queue(desk)
    desk.deliver(relay.port)
    (row,) = desk.outbox()
    address = bounce_address(row.id, KEY, "razbor.local")
    forged = address.replace(address[9:12], "aaa")
    desk.mail(raw=BOUNCE % (forged.encode(), b"x", b"failed", b"5.1.1"), mail_from="", rcpt=forged)
    desk.mail("unsure, please help", sender="odd@else.example", message_id="odd@else.example", rcpt=address)
    desk.read()
    desk.work()
    assert statuses(desk) == ["sent"]
    assert None not in desk.ends()


def test_an_address_that_no_header_holds_fails_alone(desk: Any, relay: Any) -> None:
    queue(desk, "a@a.example", "b@a.example")
    first = desk.outbox()[0].id
    with desk.store.write() as db:
        statement = delivery.OUTBOX.update().where(delivery.OUTBOX.c.id == first)
        db.execute(statement.values(rcpt_to="почта@a.example"))
    desk.deliver(relay.port)
    assert statuses(desk) == ["failed", "sent"]


def test_what_the_budget_does_not_allow_is_left_for_the_next_call(
    desk: Any, relay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(desk, "a@a.example", "b@a.example")
    monkeypatch.setattr(delivery, "BUDGET_S", -1)
    desk.deliver(relay.port)
    assert [(row.status, row.attempts, row.lease_token) for row in desk.outbox()] == [("queued", 0, None)] * 2
    monkeypatch.undo()
    desk.deliver(relay.port)
    assert statuses(desk) == ["sent", "sent"]


@pytest.mark.parametrize("url", ["http://x", "smtp://", "relay:25", "smtp://host:port"])
def test_a_relay_address_that_is_none_says_how_it_must_look(url: str) -> None:
    with pytest.raises(ValueError, match="RAZBOR_RELAY_URL"):
        relay_session.parse_relay(url)
