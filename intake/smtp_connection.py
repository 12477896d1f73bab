"""The incoming half of an SMTP connection: admission, input, STARTTLS and the PROXY protocol.

What arrives is worked off at once, in `data_received`: nearly every command can be answered
without waiting for anything, and a task that wakes up for each line (as the library has it)
costs as much as all the rest. What must wait (the commit of a mail, a handshake, a peer that
does not read its replies) leaves the input in `_input`; whoever ends the wait calls `advance`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aiosmtpd.proxy_protocol import get_proxy
from aiosmtpd.smtp import TLSSetupException

from intake.limits import client_key
from intake.smtp_replies import Reply
from intake.smtp_service import BODY_PHASES, CHUNK, COMMAND, DATA, STORING, Phase
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
        self._proxy_header: asyncio.StreamReader | None = None  # while it is read
        self._waiting: asyncio.Task[None] | None = None  # for a handshake or for the PROXY header

    # What the transport and the library call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, or wait for what a load balancer says of it."""
        super().connection_made(transport)
        if self.is_encrypted:
            return
        peer = transport.get_extra_info("peername")
        self.peer_address = str(peer[0]) if peer else ""
        if self.service.proxy_protocol:
            self._proxy_header = asyncio.StreamReader(loop=self.loop)
            self._waiting = self.loop.create_task(self._admit_behind_proxy(self._proxy_header))
        else:
            self._admit()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent and do what it asks for."""
        if self._proxy_header is not None:
            self._proxy_header.feed_data(data)
        elif not self._is_closing:
            self.advance(data)

    def eof_received(self) -> bool:
        """Let a peer that has said everything still hear the replies (the library cuts it off)."""
        self._has_ended = True
        if self._proxy_header is not None:
            self._proxy_header.feed_eof()
        return not self.is_encrypted and (self.phase is STORING or bool(self._input))

    def resume_writing(self) -> None:
        """Go on where a peer that did not read had stopped us."""
        super().resume_writing()
        self.advance()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(error)
        self.service.sessions.discard(self)
        if self._waiting is not None:
            self._waiting.cancel()
        if self._is_admitted:
            self._is_admitted = False
            self.service.gate.leave(self.client)

    # What the session uses

    def start_tls(self) -> None:
        """Begin the handshake. From now on nothing that comes in the clear counts (RFC 3207 6)."""
        if self._has_ended:
            self.hang_up(Reply.START_TLS)  # no handshake will come, and waiting for one takes a minute
            return
        self.phase = Phase.ENCRYPTING
        self._input.clear()
        self._waiting = self.loop.create_task(self._encrypt())

    def advance(self, data: bytes = b"") -> None:
        """Work off the input, of which `data` is new, as far as it goes."""
        self._is_gathering = True
        try:
            if not self._input:
                data = self._take_at_once(data)
            if data:
                self._input += data
            while self._input and not self._is_deaf and not self._is_closing and self._next_step():
                pass
        except Exception:  # the edge of a session: the cause goes to the log, never to the peer
            log.exception("fault in a session with %s, it was told to try again", self.peer_address)
            self.hang_up(Reply.FAULT)
        self._is_gathering = False
        self._send_outbox()
        if len(self._input) > READ_AHEAD_BYTES or not self._is_reading:
            self._regulate_reading()
        if self._has_ended and (self.phase is COMMAND or self.phase in BODY_PHASES):
            self.hang_up()  # the rest of a body that was begun will not come

    def take_body(self, data: bytes) -> bytes:
        """Take a piece of DATA or of a chunk; return what came after its end, b"" while it goes on."""
        raise NotImplementedError

    def obey(self, line: bytes) -> None:
        """Act on a command line with its end; b"" stands for one that was too long."""
        raise NotImplementedError

    # The steps

    def _take_at_once(self, data: bytes) -> bytes:
        """Work off what needs no copy: a piece of a body, one command alone; return what is left of it."""
        phase = self.phase
        if phase is DATA or phase is CHUNK:
            return self.take_body(data)
        is_command_alone = phase is COMMAND and data.find(b"\n") + 1 == len(data)
        if not data or not is_command_alone or self._is_deaf:
            return data
        self._take_command(data)
        return b""

    def _next_step(self) -> bool:
        """Do the next thing that the input asks for; False when it has to wait."""
        if self.phase is COMMAND:
            return self._next_command()
        if self.phase is not DATA and self.phase is not CHUNK:
            return False
        ahead = bytes(self._input)  # a body that was sent without waiting for our reply
        self._input.clear()
        self._input += self.take_body(ahead)
        return True

    def _next_command(self) -> bool:
        """Obey the next command line, if it is complete."""
        end = self._input.find(b"\n") + 1
        if not end:
            if len(self._input) > self.service.limits.max_command_bytes:
                self._is_line_too_long = True
                self._input.clear()
            return False
        line = bytes(self._input[:end])
        del self._input[:end]
        self._take_command(line)
        return True

    def _take_command(self, line: bytes) -> None:
        """Count a command line and obey it."""
        limits = self.service.limits
        if self._is_line_too_long or len(line) > limits.max_command_bytes:
            self._is_line_too_long = False
            line = b""
        self.extend_deadline(limits.command_s)
        self.commands_without_mail += 1
        if self.commands_without_mail > limits.max_commands_without_mail:
            self.say(Reply.TOO_MANY_COMMANDS)
        else:
            self.obey(line)

    def _regulate_reading(self) -> None:
        """Stop reading from a peer that is far ahead of its replies, go on when they caught up."""
        is_too_far = len(self._input) > READ_AHEAD_BYTES
        if is_too_far is not self._is_reading or self._is_closing:
            return
        self._is_reading = not is_too_far
        if self.transport is None:
            return
        if is_too_far:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _admit(self) -> None:
        """Greet the client, unless it or all clients have too many connections."""
        service = self.service
        self.client = client_key(self.peer_address)
        if service.is_stopping and not service.is_handing_over:
            self.say(Reply.SHUTTING_DOWN)
        elif not service.gate.enter(self.client):
            self.say(Reply.TOO_MANY_CONNECTIONS)
        else:
            self._is_admitted = True
            service.sessions.add(self)
            self.say(Reply.GREETING)
            self.phase = COMMAND

    async def _admit_behind_proxy(self, reader: asyncio.StreamReader) -> None:
        """Read the PROXY header, which must be there. What follows it is input."""
        self.extend_deadline(min(PROXY_HEADER_S, self.service.limits.command_s))
        try:
            header = await get_proxy(reader)
        except (asyncio.IncompleteReadError, OSError):
            header = None
        self._proxy_header = None
        if header is None or not header.valid:
            self.say(Reply.PROXY_EXPECTED)
            return
        if header.src_addr:
            self.peer_address = str(header.src_addr)
        reader.feed_eof()
        self._input += await reader.read()
        self._admit()
        self.advance()

    async def _encrypt(self) -> None:
        """Do the handshake and go on, or forget the connection."""
        self._input.clear()
        try:
            await self.smtp_STARTTLS("")
        except TLSSetupException as error:
            log.info("TLS handshake with %s failed: %r", self.peer_address, error.__cause__)
        if self.is_encrypted:
            self.phase = COMMAND
            self.advance()
        else:  # asyncio tells nobody but us
            if self._original_transport is not None:
                self._original_transport.close()
            self.connection_lost(None)
