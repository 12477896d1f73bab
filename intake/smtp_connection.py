"""The connection under an SMTP session: admission, input, replies, deadlines, closing.

A subclass of aiosmtpd's `SMTP`, which brings the transport, STARTTLS, the PROXY handshake and
the full address parser. Replaced is what is slow there or has no limit: the set-up per
connection, a task that wakes up for each line, a timer per command, any number of connections,
sessions kept open by NOOP, closing without a word, exception texts to the peer.

What arrives is worked off at once, in `data_received`: nearly every command can be answered
without waiting for anything. What must wait (the commit of a mail, a handshake, a peer that
does not read its replies) leaves the input in `_input`; whoever ends the wait calls `advance`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, cast

from aiosmtpd.proxy_protocol import get_proxy
from aiosmtpd.smtp import SMTP, TLSSetupException

from intake.limits import client_key
from intake.smtp_replies import Reply
from intake.smtp_service import Phase

if TYPE_CHECKING:
    from intake.smtp_service import SmtpService

log = logging.getLogger(__name__)
logging.getLogger("mail.log").setLevel(logging.WARNING)  # the library's: below that it names every peer

READ_AHEAD_BYTES: Final = 128 * 1024  # what a client may send while its last mail is being stored
PROXY_HEADER_S: Final = 10.0
LONGEST_SLEEP_S: Final = 10.0  # deadlines are looked at that often
NEVER_S: Final = float("inf")


class SmtpConnection(SMTP):
    """One client connection. Subclasses say what a command line and a piece of DATA do."""

    _paused: bool  # kept by asyncio's flow control: the peer does not read its replies

    def __init__(self, service: SmtpService) -> None:
        """Prepare for one connection to `service`, inside its event loop."""
        loop = asyncio.get_running_loop()
        if not service.library_state:
            # The library looks at every method of itself again for each connection; once is enough.
            blank = SMTP(None, hostname=service.hostname, tls_context=service.tls_context, loop=loop)
            service.library_state.update(vars(blank))
        vars(self).update(service.library_state)
        reader = asyncio.StreamReader(loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, loop)
        self.service = service
        self.phase = Phase.OPENING
        self.peer_address = ""
        self.client = ""  # as the gate counts it
        self.commands_without_mail = 0
        self._input = bytearray()
        self._is_line_too_long = False
        self._is_admitted = False
        self._is_reading = True
        self._has_ended = False  # the peer will send no more
        self._is_closing = False
        self._deadline_s = NEVER_S
        self._session_deadline_s = loop.time() + service.limits.session_s

    # What the transport and the library call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport; STARTTLS calls this again with the encrypted one."""
        self.write = cast("asyncio.WriteTransport", transport).write
        super().connection_made(transport)

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

    async def push(self, status: str | bytes) -> None:  # noqa: ARG002 - the only text of the library that is left
        """Announce the TLS handshake, as the library's STARTTLS does when it is ready for it."""
        self.say(Reply.START_TLS)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Start the one timer of this connection (the library calls this when it is made)."""
        self.extend_deadline(duration or self.service.limits.command_s)
        if self._timeout_handle is None:
            self._timeout_cb()

    def _timeout_cb(self) -> None:
        """Close when a deadline has passed, else sleep until the next look."""
        if self._is_closing:
            self._writer.transport.abort()  # the peer does not even read our last word
            return
        limits = self.service.limits
        look_again_s = min(LONGEST_SLEEP_S, limits.command_s, limits.data_s)
        left_s = min(self._deadline_s, self._session_deadline_s) - self.loop.time()
        if self.phase is Phase.STORING:
            left_s = look_again_s
        if left_s <= 0:
            is_idle = self._deadline_s <= self._session_deadline_s
            self.hang_up(Reply.TIMED_OUT if is_idle else Reply.SESSION_TOO_LONG)
        else:
            self._timeout_handle = self.loop.call_later(min(left_s, look_again_s), self._timeout_cb)

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

    # What the session and the listener use

    @property
    def is_encrypted(self) -> bool:
        """True after STARTTLS."""
        return self.session is not None and self.session.ssl is not None

    def say(self, reply: Reply) -> None:
        """Send a reply, and close if it says so."""
        if reply.closes:
            self.hang_up(reply)
        else:
            self.write(reply.line if reply.is_constant else reply.filled(self.service.reply_facts))

    def hang_up(self, reply: Reply | None = None) -> None:
        """Say a last word and close; a peer that does not take it is cut off a little later."""
        if self._is_closing or self.transport is None:
            return
        self._is_closing = True
        if reply is not None:
            self.write(reply.filled(self.service.reply_facts))
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_later(self.service.limits.close_s, self._timeout_cb)
        self.transport.close()

    def extend_deadline(self, seconds: float) -> None:
        """Give the peer that much time for what is expected next."""
        self._deadline_s = self.loop.time() + seconds

    def mail_done(self) -> None:
        """Count a stored mail as progress: the session may go on."""
        self.commands_without_mail = 0
        self._session_deadline_s = self.loop.time() + self.service.limits.session_s

    def start_tls(self) -> None:
        """Begin the handshake. From now on nothing that comes in the clear counts (RFC 3207 6)."""
        self.phase = Phase.ENCRYPTING
        self._input.clear()
        self._handler_coroutine = self.loop.create_task(self._encrypt())

    def advance(self, data: bytes = b"") -> None:
        """Work off the input, of which `data` is new, as far as it goes."""
        try:
            if self.phase is Phase.DATA and not self._input:
                data = self.take_body(data)
            self._input += data
            while self._input and not self._paused and not self._is_closing:
                if self.phase is Phase.COMMAND:
                    if not self._next_command():
                        break
                elif self.phase is Phase.DATA:  # a body that was sent without waiting for our 354
                    ahead = bytes(self._input)
                    self._input.clear()
                    self._input += self.take_body(ahead)
                else:
                    break
        except Exception:  # the edge of a session: the cause goes to the log, never to the peer
            log.exception("fault in a session with %s, it was told to try again", self.peer_address)
            self.say(Reply.FAULT)
            self.hang_up()
        if len(self._input) > READ_AHEAD_BYTES or not self._is_reading:
            self._regulate_reading()
        if self._has_ended and self.phase is Phase.COMMAND:
            self.hang_up()

    def take_body(self, data: bytes) -> bytes:
        """Take a piece of DATA; return what came after its end, b"" while it goes on."""
        raise NotImplementedError

    def obey(self, line: bytes) -> None:
        """Act on a command line with its end; b"" stands for one that was too long."""
        raise NotImplementedError

    # The steps

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
