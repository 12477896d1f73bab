"""The outgoing half of an SMTP connection: set-up, replies, deadlines, closing.

A subclass of aiosmtpd's `SMTP`, which brings the transport, STARTTLS, the PROXY handshake and
the full address parser. Replaced here is what is slow there or has no limit: the set-up per
connection, a timer per command, sessions kept open by NOOP, closing without a word.

A session has three deadlines: for the next command, for the next piece of a body, and for the
session as a whole, which only an accepted mail puts off. None of them cuts off a commit.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, cast

from aiosmtpd.smtp import SMTP

from intake.smtp_replies import Reply
from intake.smtp_service import OPENING, STORING

if TYPE_CHECKING:
    from asyncio.sslproto import SSLProtocol

    from intake.smtp_service import SmtpService

logging.getLogger("mail.log").setLevel(logging.WARNING)  # the library's: below that it names every peer

LONGEST_SLEEP_S: Final = 10.0  # deadlines are looked at that often


class SmtpTransport(SMTP):
    """What is said to one client, and how long it may keep us waiting.

    The library's own set-up (a stream, a task, tables of its methods) is not run: of its state we need
    only what its STARTTLS and its address parser look at.
    """

    transport: asyncio.Transport | None
    _original_transport: asyncio.BaseTransport | None = None  # under the encryption, set by STARTTLS
    _tls_protocol: SSLProtocol | None = None
    _timeout_handle: asyncio.TimerHandle | None = None

    def __init__(self, service: SmtpService) -> None:
        """Prepare for one connection to `service`, inside its event loop."""
        loop = asyncio.get_running_loop()
        self.loop = loop
        self.service = service
        self.tls_context = service.tls_context
        self.transport = None
        self.is_encrypted = False  # true after STARTTLS
        self.phase = OPENING
        self.commands_without_mail = 0
        self.has_delivered = False
        self._outbox: list[bytes] = []
        self._is_gathering = False  # replies, to send them together
        self._is_closing = False
        self._is_deaf = False  # the peer does not read its replies
        now_s = loop.time()
        self._deadline_s = now_s + service.limits.command_s
        self._session_deadline_s = now_s + service.limits.session_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport; STARTTLS calls this again with the encrypted one."""
        self.transport = cast("asyncio.Transport", transport)
        self._send = self.transport.write
        if self._original_transport is not None:
            self.is_encrypted = True
        else:
            self._look_at_deadlines()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        """Let go of the timer and of the transports."""
        self._is_closing = True
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        if self._original_transport is not None:
            self._original_transport.close()
        self.transport = None

    def pause_writing(self) -> None:
        """Note that the peer does not read what we say: nothing more is done for it."""
        self._is_deaf = True

    def resume_writing(self) -> None:
        """Note that the peer reads again."""
        self._is_deaf = False

    def say(self, reply: Reply) -> None:
        """Send a reply, and close if it says so."""
        self.write(reply.line if reply.is_constant else reply.filled(self.service.reply_facts))
        if reply.closes:
            self.hang_up()

    def write(self, lines: bytes) -> None:
        """Send reply lines, together with those to other commands of the same packet (RFC 2920 3.2)."""
        if self._is_closing or self.transport is None:
            return
        if self._is_gathering:
            self._outbox.append(lines)
        else:
            self._send(lines)

    def hang_up(self, reply: Reply | None = None) -> None:
        """Say a last word and close; a peer that does not take it is cut off a little later."""
        if self._is_closing or self.transport is None:
            return
        if reply is not None:
            self._outbox.append(reply.filled(self.service.reply_facts))
        self._send_outbox()
        self._is_closing = True
        transport = self.transport
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        if self.is_encrypted or transport.get_write_buffer_size():
            self._timeout_handle = self.loop.call_later(self.service.limits.close_s, transport.abort)
        transport.close()

    def extend_deadline(self, seconds: float) -> None:
        """Give the peer that much time for what is expected next."""
        self._deadline_s = self.loop.time() + seconds

    def mail_done(self) -> None:
        """Count a stored mail as progress: the session may go on."""
        self.commands_without_mail = 0
        self.has_delivered = True
        self._session_deadline_s = self.loop.time() + self.service.limits.session_s

    async def push(self, status: str | bytes) -> None:  # noqa: ARG002 - the only text of the library that is left
        """Announce the TLS handshake, as the library's STARTTLS does when it is ready for it."""
        self.say(Reply.START_TLS)

    def _look_at_deadlines(self) -> None:
        """Close when a deadline has passed, else sleep until the next look."""
        limits = self.service.limits
        look_again_s = min(LONGEST_SLEEP_S, limits.command_s, limits.data_s)
        left_s = min(self._deadline_s, self._session_deadline_s) - self.loop.time()
        if self.phase is STORING:
            left_s = look_again_s
        if left_s <= 0:
            is_idle = self._deadline_s <= self._session_deadline_s
            self.hang_up(Reply.TIMED_OUT if is_idle else Reply.SESSION_TOO_LONG)
        else:
            self._timeout_handle = self.loop.call_later(min(left_s, look_again_s), self._look_at_deadlines)

    def _send_outbox(self) -> None:
        if self._outbox:
            self._send(b"".join(self._outbox))
            self._outbox.clear()
