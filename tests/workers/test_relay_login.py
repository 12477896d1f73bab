"""A password leaves under TLS or to this machine only; the same reply sent again has the same octets."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.conftest import free_port
from workers import acts
from workers.delivery import deliver
from workers.dkim_signing import read_dkim_key
from workers.relay import may_say_password
from workers.reply_acts import resend

on_sqlite = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)  # the SQL is the same


@pytest.mark.parametrize(
    ("host", "peer", "in_the_clear"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.8.9.10", "127.8.9.10", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("relay.localhost", "::1", True),
        ("localhost", "192.0.2.7", False),  # a hosts file that says otherwise
        ("localhost", "", False),  # nobody was reached
        ("relay.example.org", "192.0.2.7", False),
        ("relay.example.org", "127.0.0.1", False),  # a name service that lies
        ("localhost.example.org", "127.0.0.1", False),
        ("127.1", "127.0.0.1", False),  # a name to everybody but the resolver
        ("10.0.0.5", "10.0.0.5", False),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7", False),
        ("fe80::1", "fe80::1%eth0", False),
    ],
)
def test_where_a_password_may_be_said(host: str, peer: str, *, in_the_clear: bool) -> None:
    assert may_say_password(host, peer, is_encrypted=False) is in_the_clear
    assert may_say_password(host, peer, is_encrypted=True)


class Listening:
    """A relay that asks for a login without TLS, and writes down what it was told."""

    def __init__(self) -> None:
        self.passwords: list[bytes] = []
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(bytes(envelope.content))
        return "250 OK"

    def entered(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.passwords.append(data.password)
        return AuthResult(success=True)


@pytest.fixture
def listening() -> Iterator[tuple[Listening, int]]:
    heard, port = Listening(), free_port()
    controller = Controller(
        heard,
        hostname="127.0.0.1",
        port=port,
        auth_require_tls=False,
        auth_required=True,
        authenticator=heard.entered,
    )
    controller.start()
    yield heard, port
    controller.stop()


@on_sqlite
def test_a_cleartext_login_to_another_machine_is_refused(desk: Any, listening: tuple[Listening, int]) -> None:
    """The server is the same; 127.1 is a name that leads to it, as another machine's name would."""
    heard, port = listening
    desk.mail()
    desk.read()
    desk.work()
    deliver(desk.make_service(relay_url=f"smtp://razbor:secret@127.1:{port}"))
    (row,) = desk.outbox()
    assert (heard.passwords, heard.mails, row.status) == ([], [], "queued")
    assert "the password was not sent: use smtps://" in row.last_error
    desk.pass_time(61)
    deliver(desk.make_service(relay_url=f"smtp://razbor:secret@127.0.0.1:{port}"))
    assert (heard.passwords, len(heard.mails), desk.outbox()[0].status) == ([b"secret"], 1, "sent")


@on_sqlite
def test_design_10_a_reply_sent_again_has_the_same_octets(desk: Any, relay: Any, tmp_path: Path) -> None:
    """Signed, hours later, and although its ticket was merged into another one meanwhile."""
    subprocess.run(
        ["openssl", "genrsa", "-out", str(tmp_path / "key.pem"), "1024"], check=True, capture_output=True
    )
    key = read_dkim_key(tmp_path / "key.pem", selector="razbor", domain="razbor.local")
    service = desk.make_service(relay_url=f"smtp://127.0.0.1:{relay.port}", dkim_key=key)
    desk.mail(message_id="one")
    desk.mail(message_id="two", sender="other@shop.example", subject="Другое")
    desk.read()
    desk.work()
    first, second = (row.id for row in desk.tickets())
    relay.answers = {"seller@shop.example": "drop"}
    deliver(service)
    relay.answers = {}
    row = desk.outbox()[0]
    assert row.status == "uncertain"
    desk.pass_time(20_000)
    acts.merge(service, first, "anna", second)
    resend(service, row.id, "anna")
    deliver(service)
    assert desk.outbox()[0].status == "sent"
    sent, again = (content for _, rcpts, content in relay.mails if rcpts == ["seller@shop.example"])
    assert sent == again
    times = re.findall(rb"t=(\d+);", sent.partition(b"\r\nDate:")[0])
    assert times == [str(int(row.created_at_utc.timestamp())).encode()]
