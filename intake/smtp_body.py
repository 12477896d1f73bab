"""How the body of a mail comes in, by DATA or in chunks (BDAT, RFC 3030), and how it is answered for.

In come octets in whatever pieces the network has cut them into, out goes an `AcceptedMail` to the
group commit, and its reply when that is done. `smtp` holds the commands around it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from intake.smtp_chunks import Chunk, read_chunk
from intake.smtp_connection import SmtpConnection
from intake.smtp_data import DataCollector
from intake.smtp_replies import Reply
from intake.smtp_service import CHUNK, COMMAND, STORING
from models.accepted_mail import AcceptedMail, StoreFull
from models.records import Envelope

if TYPE_CHECKING:
    from asyncio import Future

    from intake.smtp_service import SmtpService

LEAST_CHUNK_BYTES: Final = 1024  # a smaller one is no progress of its own


class MailBody(SmtpConnection):
    """One mail at a time: its envelope as the commands noted it, its body, its reply."""

    def __init__(self, service: SmtpService) -> None:
        """Prepare for one connection to `service`, inside its event loop."""
        super().__init__(service)
        self._helo = ""
        self._mail_from: str | None = None  # None: no mail was begun
        self._rcpt_tos: list[str] = []
        self._collector = DataCollector(service.limits, service.budget)
        self._storing: Future[int] | None = None
        self._chunk = Chunk(size_bytes=0, is_last=False)  # the one that is coming in
        self._chunk_left_bytes = 0
        self._has_chunks = False  # the mail comes by BDAT
        self._chunk_refusal: Reply | None = None  # its octets are thrown away

    def connection_lost(self, error: Exception | None) -> None:
        """Drop the mail that was coming in; one that is not yet being written is taken back."""
        super().connection_lost(error)
        self._collector.reset()
        if self._storing is not None:
            self._storing.cancel()

    def begin_chunk(self, argument: str) -> None:
        """Take the announced octets as a piece of the body (BDAT, RFC 3030 section 2).

        They are read in any case, so that none of them is taken for a command; where their number
        cannot be known the session ends.
        """
        chunk = read_chunk(argument)
        if chunk is None or chunk.size_bytes > 2 * self.service.limits.max_message_bytes:
            self.hang_up(Reply.CHUNK_SYNTAX if chunk is None else Reply.TOO_LARGE)
            return
        self._chunk, self._chunk_left_bytes = chunk, chunk.size_bytes
        self._chunk_refusal = Reply.NEED_MAIL if self._mail_from is None else None
        if self._mail_from is not None and not self._rcpt_tos:
            self._chunk_refusal = Reply.NEED_RECIPIENT
        if self._chunk_refusal is None:
            self._has_chunks = True
            if chunk.size_bytes >= LEAST_CHUNK_BYTES or chunk.is_last:
                self.commands_without_mail -= 1
        self.phase = CHUNK
        if not chunk.size_bytes:
            self._end_chunk()

    def _take_chunk(self, data: bytes) -> bytes:
        """Collect octets of the chunk; return what came after its end."""
        octets, rest = data[: self._chunk_left_bytes], data[self._chunk_left_bytes :]
        self._chunk_left_bytes -= len(octets)
        if self._chunk_refusal is None:
            self._collector.add(octets)
        if self._chunk_left_bytes:
            self.extend_deadline(self.service.limits.data_s)
        else:
            self._end_chunk()
        return rest

    def _end_chunk(self) -> None:
        """Answer for a chunk; the last one hands the mail over."""
        self.phase = COMMAND
        self.extend_deadline(self.service.limits.command_s)
        if self._chunk_refusal is not None:
            self.say(self._chunk_refusal)
        elif self._collector.refusal is not None:
            self._answer_for_mail(self._collector.refusal)  # what else comes of it is out of order
        elif self._chunk.is_last:
            self._hand_over()
        else:
            self.say(Reply.CHUNK_TAKEN)
            if self.service.is_stopping:
                self.say(Reply.SHUTTING_DOWN)

    def take_body(self, data: bytes) -> bytes:
        """Collect a piece of the body; at its end hand the mail over, or refuse it."""
        if self.phase is CHUNK:
            return self._take_chunk(data)
        rest = self._collector.feed(data)
        if rest is None:
            self.extend_deadline(self.service.limits.data_s)
            return b""
        if self._collector.refusal is not None:
            self._answer_for_mail(self._collector.refusal)
        else:
            self._hand_over()
        return rest

    def _hand_over(self) -> None:
        """Give the mail to the commit, which answers for it."""
        self.phase = STORING
        self._storing = self.service.commit(self._accepted_mail())
        self._storing.add_done_callback(self._stored)

    def _accepted_mail(self) -> AcceptedMail:
        envelope = Envelope(
            mail_from=self._mail_from or "",
            rcpt_tos=tuple(self._rcpt_tos),
            peer=self.peer_address,
            helo=self._helo,
            tls=self.is_encrypted,
            received_at_utc=datetime.now(UTC),
        )
        return AcceptedMail(envelope=envelope, raw=self._collector.content(is_stuffed=not self._has_chunks))

    def _stored(self, storing: Future[int]) -> None:
        """Say how the commit went, however long it took."""
        self._storing = None
        if storing.cancelled():
            return
        error = storing.exception()
        if error is None:
            self.mail_done()
            self._answer_for_mail(Reply.STORED)
        else:
            self._answer_for_mail(
                Reply.STORE_FULL if isinstance(error, StoreFull) else Reply.STORE_UNAVAILABLE
            )
        if self._input or self._has_ended or not self._is_reading:
            self.advance()

    def _answer_for_mail(self, reply: Reply) -> None:
        """End the transaction with `reply`, and the session too if the listener is stopping."""
        self._collector.reset()
        self._forget_mail()
        self.phase = COMMAND
        self.extend_deadline(self.service.limits.command_s)
        self.say(reply)
        if self.service.is_stopping:
            self.say(Reply.SHUTTING_DOWN)

    def _forget_mail(self) -> None:
        if self._has_chunks:
            self._collector.reset()
            self._has_chunks = False
        self._mail_from = None
        self._rcpt_tos = []
