"""STARTTLS and the PROXY protocol, on uvloop and on asyncio's own event loop."""

from __future__ import annotations

import asyncio
import gc
import smtplib
import ssl
import struct
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import uvloop

from intake.listener import Listener, ListenerOptions, ListenError
from tests.intake.smtp_harness import (
    MAILBOX,
    Client,
    RunningListener,
    SlowStore,
    client,
    small_limits,
    wait_until,
)

RAW = b"Subject: x\r\n\r\nbody\r\n"
LoopFactory = Callable[[], asyncio.AbstractEventLoop]
LOOPS = pytest.mark.parametrize(
    "loop_factory", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"]
)


CERTIFICATE = Path(__file__).with_name("smtp_test_certificate.pem")  # and its key


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    context.check_hostname = False
    return context


@LOOPS
def test_mail_over_tls(loop_factory: LoopFactory) -> None:
    store = SlowStore()
    body = b"Subject: x\r\n\r\n" + b"y" * 900 + b"\r\n"
    with RunningListener(store, tls_cert=CERTIFICATE, loop_factory=loop_factory) as listener:
        with smtplib.SMTP("127.0.0.1", listener.port) as sender:
            sender.ehlo()
            assert sender.has_extn("starttls")
            sender.starttls(context=trusting())
            sender.ehlo("inside.example")
            assert not sender.has_extn("starttls")
            for _ in range(3):
                sender.sendmail("a@b.example", [MAILBOX], body * 100)
            assert sender.docmd("STARTTLS")[0] == 502
        with smtplib.SMTP("127.0.0.1", listener.port) as sender:
            sender.sendmail("a@b.example", [MAILBOX], body)
    assert [(mail.envelope.tls, mail.envelope.helo == "inside.example") for mail in store.mails] == [
        (True, True),
        (True, True),
        (True, True),
        (False, False),
    ]


@LOOPS
def test_what_is_sent_ahead_of_tls_is_forgotten(loop_factory: LoopFactory) -> None:
    store = SlowStore()
    with (
        RunningListener(store, tls_cert=CERTIFICATE, loop_factory=loop_factory) as listener,
        client(listener.port) as peer,
    ):
        peer.ask("MAIL FROM:<before@b.example>")
        assert peer.ask(
            b"STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<injected@b.example>\r\n"
        ).startswith("220 ")
        peer.socket = trusting().wrap_socket(peer.socket)
        peer._file = peer.socket.makefile("rb")
        assert peer.ask(f"RCPT TO:<{MAILBOX}>").startswith("503 ")
        assert peer.ask("MAIL FROM:<a@b.example>").startswith("503 5.5.1 Out of order: send EHLO")
        assert peer.ask("EHLO inside.example").startswith("250-")
        assert peer.deliver(RAW).startswith("250 ")
    assert [mail.envelope.mail_from for mail in store.mails] == ["seller@shop.example"]


@LOOPS
@pytest.mark.parametrize("junk", [b"no handshake at all\r\n" * 20, b""], ids=["junk", "hang up"])
def test_failed_handshake_leaves_nothing_behind(loop_factory: LoopFactory, junk: bytes) -> None:
    with RunningListener(SlowStore(), tls_cert=CERTIFICATE, loop_factory=loop_factory) as listener:
        peer = client(listener.port)
        assert peer.ask("STARTTLS").startswith("220 ")
        peer.send(junk)
        peer.close()
        gate = listener.listener._running.service.gate  # type: ignore[union-attr]
        wait_until(lambda: gate.open_connections == 0)


def test_handshake_that_never_comes_is_cut_off() -> None:
    limits = small_limits(command_s=0.8)
    with (
        RunningListener(SlowStore(), tls_cert=CERTIFICATE, limits=limits) as listener,
        client(listener.port) as peer,
    ):
        assert peer.ask("STARTTLS").startswith("220 ")
        gate = listener.listener._running.service.gate  # type: ignore[union-attr]
        wait_until(lambda: gate.open_connections == 0)


def test_required_tls() -> None:
    with (
        RunningListener(SlowStore(), tls_cert=CERTIFICATE, require_tls=True) as listener,
        client(listener.port) as peer,
    ):
        assert peer.ask("MAIL FROM:<a@b.example>").startswith("530 5.7.0")


def limited(version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    """Make a client that knows one version and some ciphers only, however weak."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_is_1_2_or_later_with_forward_secrecy(tmp_path: Path) -> None:
    """RFC 8996, and RFC 9325 section 4.1: nothing older, no key exchange that a stolen key opens later."""
    grades = [
        (ssl.TLSVersion.TLSv1_3, "ALL", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM", True),
        (ssl.TLSVersion.TLSv1_2, "kRSA", False),
        (ssl.TLSVersion.TLSv1_2, "aNULL", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA", False),
        (ssl.TLSVersion.TLSv1_1, "ALL", False),
        (ssl.TLSVersion.TLSv1, "ALL", False),
    ]
    pem = tmp_path / "rsa.pem"  # with this kind of key a client may ask for an exchange without secrecy
    asked = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -keyout {pem} -out {pem}.crt"
    subprocess.run(asked.split(), check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + Path(f"{pem}.crt").read_bytes())
    with RunningListener(SlowStore(), tls_cert=pem) as listener:
        for version, ciphers, is_taken in grades:
            sender = smtplib.SMTP("127.0.0.1", listener.port)
            with sender.sock, nullcontext() if is_taken else pytest.raises(ssl.SSLError):
                sender.starttls(context=limited(version, ciphers))
                assert sender.noop()[0] == 250
                assert isinstance(sender.sock, ssl.SSLSocket)
                assert sender.sock.compression() is None
                sender.sock.close()


def test_bad_certificate_is_refused_at_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nonsense")
    with pytest.raises(ListenError, match="RAZBOR_SMTP_TLS_CERT"):
        Listener(ListenerOptions(mailboxes=(MAILBOX,), tls_cert=broken), SlowStore(), lambda: None)


V2_HEADER = (
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"
    + bytes([192, 0, 2, 9, 127, 0, 0, 1])
    + struct.pack("!HH", 4000, 25)
)


@LOOPS
@pytest.mark.parametrize(
    ("header", "address"),
    [
        (b"PROXY TCP4 192.0.2.9 127.0.0.1 4000 25\r\n", "192.0.2.9"),
        (b"PROXY TCP6 2001:db8::7 ::1 4000 25\r\n", "2001:db8::7"),
        (V2_HEADER, "192.0.2.9"),
    ],
    ids=["v1", "v1 IPv6", "v2"],
)
def test_client_behind_a_load_balancer(loop_factory: LoopFactory, header: bytes, address: str) -> None:
    store = SlowStore()
    limits = small_limits(max_connections_per_address=1)
    with (
        RunningListener(store, proxy_protocol=True, loop_factory=loop_factory, limits=limits) as listener,
        Client(listener.port) as peer,
    ):
        peer.send(header + b"EHLO early.example\r\n")  # more than the header in one packet
        assert peer.reply().startswith("220 ")
        assert peer.reply().startswith("250-")
        assert peer.deliver(RAW).startswith("250 ")
        with Client(listener.port) as second:
            second.send(header)
            assert second.reply().startswith("421 4.7.0 Too many connections")
    assert store.mails[0].envelope.peer == address


@pytest.mark.parametrize(
    "start",
    [b"EHLO client.example\r\n", b"PROXY TCP4 x y z\r\n", b"\r\n\r\n\0\r\nQUIT\n\xff" + b"\0" * 9],
    ids=["SMTP", "bad v1", "bad v2"],
)
def test_client_beside_the_load_balancer_is_sent_away(start: bytes) -> None:
    with RunningListener(SlowStore(), proxy_protocol=True) as listener, Client(listener.port) as peer:
        peer.send(start)
        assert peer.reply().startswith("421 4.3.5 A PROXY protocol header is expected")


def test_health_check_of_the_load_balancer_is_greeted() -> None:
    with RunningListener(SlowStore(), proxy_protocol=True) as listener, Client(listener.port) as peer:
        peer.send(b"PROXY UNKNOWN\r\n")
        assert peer.reply().startswith("220 ")


@pytest.mark.parametrize("start", [b"", b"PRO", b"PROXY TCP4 192.0.2.9"])
def test_client_that_leaves_within_the_proxy_header_is_forgotten(start: bytes) -> None:
    with RunningListener(SlowStore(), proxy_protocol=True) as listener:
        with Client(listener.port) as peer:
            peer.send(start)
        with Client(listener.port) as peer:
            peer.send(b"PROXY UNKNOWN\r\n")
            assert peer.reply().startswith("220 ")
        gc.collect()  # a task that failed unseen is reported now; the listener's end looks for it


def test_connection_without_a_proxy_header_does_not_stay() -> None:
    limits = small_limits(command_s=0.8)
    with (
        RunningListener(SlowStore(), proxy_protocol=True, limits=limits) as listener,
        Client(listener.port) as peer,
    ):
        assert peer.reply().startswith("421 4.4.2")
