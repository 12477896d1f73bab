"""The incoming half of an SMTP connection: admission, input, STARTTLS and the PROXY protocol.

What arrives is worked off at once, in `data_received`: nearly every command can be answered
without waiting for anything, and a task that wakes up for each line (as the library has it)
costs as much as all the rest. What must wait (the commit of a mail, a handshake, a peer that
does not read its replies) leaves the input in `_input`; whoever ends the wait calls `advance`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, cast

from aiosmtpd.proxy_protocol import get_proxy
from aiosmtpd.smtp import TLSSetupException

from intake.limits import client_key
from intake.smtp_replies import Reply
from intake.smtp_service import BODY_PHASES, Phase
from intake.smtp_transport import SmtpTransport

if TYPE_CHECKING:
    from intake.smtp_service import SmtpService

log = logging.getLogger(__name__)

READ_AHEAD_BYTES: Final = 128 * 1024  # what a client may send while its last mail is being stored
PROXY_HEADER_S: Final = 10.0


class SmtpConnection(SmtpTransport):
    """One client connection. Subclasses say what a command line and a piece of DATA do."""

    def __init__(self, service: SmtpService) -> None:
        """Prepare for one connection to `service`, inside its event loop."""
        super().__init__(service)
        self.peer_address = ""
        self.client = ""  # as the gate counts it
        self._is_admitted = False
        self._input = bytearray()
        self._is_line_too_long = False
        self._is_reading = True
        self._has_ended = False  # the peer will send no more

    # What the transport and the library call

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent and do what it asks for."""
        if self.phase is Phase.OPENING and self.service.proxy_protocol:
            super().data_received(data)  # to the reader of the PROXY handshake
        elif not self._is_closing:
            self.advance(data)

    def eof_received(self) -> bool:
        """Let a peer that has said everything still hear the replies (the library cuts it off)."""
        self._has_ended = True
        self._reader.feed_eof()
        return not self.is_encrypted and (self.phase is Phase.STORING or bool(self._input))

    def resume_writing(self) -> None:
        """Go on where a peer that did not read had stopped us."""
        super().resume_writing()
        self.advance()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(error)
        self.service.sessions.discard(self)
        if self._is_admitted:
            self._is_admitted = False
            self.service.gate.leave(self.client)

    async def _handle_client(self) -> None:
        """Let the client in and greet it (the library runs this as a task)."""
        service = self.service
        peer = self.session.peer if self.session is not None else None
        self.peer_address = str(peer[0]) if peer else ""
        if service.proxy_protocol and not await self._learn_address_behind_proxy():
            self.say(Reply.PROXY_EXPECTED)
            return
        self.client = client_key(self.peer_address)
        if service.is_stopping:
            self.say(Reply.SHUTTING_DOWN)
        elif not service.gate.enter(self.client):
            self.say(Reply.TOO_MANY_CONNECTIONS)
        else:
            self._is_admitted = True
            service.sessions.add(self)
            self.say(Reply.GREETING)
            self.phase = Phase.COMMAND
            self.advance()

    # What the session uses

    def start_tls(self) -> None:
        """Begin the handshake. From now on nothing that comes in the clear counts (RFC 3207 6)."""
        self.phase = Phase.ENCRYPTING
        self._input.clear()
        self._handler_coroutine = self.loop.create_task(self._encrypt())

    def advance(self, data: bytes = b"") -> None:
        """Work off the input, of which `data` is new, as far as it goes."""
        self._is_gathering = True
        try:
            if self.phase in BODY_PHASES and not self._input:
                data = self.take_body(data)
            self._input += data
            while self._input and not self._paused and not self._is_closing and self._next_step():
                pass
        except Exception:  # the edge of a session: the cause goes to the log, never to the peer
            log.exception("fault in a session with %s, it was told to try again", self.peer_address)
            self.hang_up(Reply.FAULT)
        self._is_gathering = False
        self._send_outbox()
        if len(self._input) > READ_AHEAD_BYTES or not self._is_reading:
            self._regulate_reading()
        if self._has_ended and self.phase is Phase.COMMAND:
            self.hang_up()

    def take_body(self, data: bytes) -> bytes:
        """Take a piece of DATA or of a chunk; return what came after its end, b"" while it goes on."""
        raise NotImplementedError

    def obey(self, line: bytes) -> None:
        """Act on a command line with its end; b"" stands for one that was too long."""
        raise NotImplementedError

    # The steps

    def _next_step(self) -> bool:
        """Do the next thing that the input asks for; False when it has to wait."""
        if self.phase is Phase.COMMAND:
            return self._next_command()
        if self.phase not in BODY_PHASES:
            return False
        ahead = bytes(self._input)  # a body that was sent without waiting for our reply
        self._input.clear()
        self._input += self.take_body(ahead)
        return True

    def _next_command(self) -> bool:
        """Obey the next command line, if it is complete."""
        limits = self.service.limits
        end = self._input.find(b"\n") + 1
        if not end:
            if len(self._input) > limits.max_command_bytes:
                self._is_line_too_long = True
                self._input.clear()
            return False
        line = bytes(self._input[:end])
        del self._input[:end]
        if self._is_line_too_long or end > limits.max_command_bytes:
            self._is_line_too_long = False
            line = b""
        self.extend_deadline(limits.command_s)
        self.commands_without_mail += 1
        if self.commands_without_mail > limits.max_commands_without_mail:
            self.say(Reply.TOO_MANY_COMMANDS)
        else:
            self.obey(line)
        return True

    def _regulate_reading(self) -> None:
        """Stop reading from a peer that is far ahead of its replies, go on when they caught up."""
        is_too_far = len(self._input) > READ_AHEAD_BYTES
        if is_too_far is not self._is_reading or self._is_closing:
            return
        transport = cast("asyncio.ReadTransport", self.transport)
        self._is_reading = not is_too_far
        if is_too_far:
            transport.pause_reading()
        else:
            transport.resume_reading()

    async def _learn_address_behind_proxy(self) -> bool:
        """Read the PROXY header; False when there is none. What follows it is input."""
        self.extend_deadline(min(PROXY_HEADER_S, self.service.limits.command_s))
        try:
            header = await get_proxy(self._reader)
        except (asyncio.IncompleteReadError, OSError):
            return False
        if not header.valid:
            return False
        if header.src_addr:
            self.peer_address = str(header.src_addr)
        self._reader.feed_eof()
        self._input += await self._reader.read()
        return True

    async def _encrypt(self) -> None:
        """Do the handshake and go on, or forget the connection."""
        self._input.clear()
        try:
            await self.smtp_STARTTLS("")
        except TLSSetupException as error:
            log.info("TLS handshake with %s failed: %r", self.peer_address, error.__cause__)
        if self.is_encrypted:
            self.phase = Phase.COMMAND
            self.advance()
        else:  # asyncio tells nobody but us
            if self._original_transport is not None:
                self._original_transport.close()
            self.connection_lost(None)
