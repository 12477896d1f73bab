"""The SMTP commands of one session; each mail is handed to the group commit before its 250.

RFC 5321 with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531),
ENHANCEDSTATUSCODES (2034) and STARTTLS (3207). In come command lines, out go replies of
`smtp_replies` and nothing else. A 250 at the end of DATA means: envelope and bytes are on disk.

A command is a plain method that takes its argument and returns its reply;
nothing here waits.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from intake.smtp_addresses import MAX_ADDRESS_CHARACTERS, split_parameters, split_path
from intake.smtp_connection import SmtpConnection
from intake.smtp_data import DataCollector
from intake.smtp_replies import Reply
from intake.smtp_service import Phase
from models.accepted_mail import AcceptedMail, StoreFull
from models.records import Envelope

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Mapping

    from intake.smtp_service import SmtpService

MAX_HELO_CHARACTERS: Final = 255
MAX_SIZE_DIGITS: Final = 20  # RFC 1870 section 3
PARSER_FAULTS: Final = (
    IndexError,
    AttributeError,
    ValueError,
    RecursionError,
)  # of the standard library's on junk
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class SmtpSession(SmtpConnection):
    """What each command does."""

    def __init__(self, service: SmtpService) -> None:
        """Prepare for one connection to `service`, inside its event loop."""
        super().__init__(service)
        self._helo = ""
        self._mail_from: str | None = None  # None: no mail was begun
        self._rcpt_tos: list[str] = []
        self._collector = DataCollector(service.limits, service.budget)
        self._storing: Future[int] | None = None

    def connection_lost(self, error: Exception | None) -> None:
        """Drop the mail that was coming in; one that is not yet being written is taken back."""
        super().connection_lost(error)
        self._collector.reset()
        if self._storing is not None:
            self._storing.cancel()

    def obey(self, line: bytes) -> None:
        """Check one command line and do what it says."""
        text = _as_text(line)
        if isinstance(text, Reply):
            self.say(text)
            return
        verb, _space, argument = text.partition(" ")
        command = _COMMANDS.get(verb.upper())
        reply = command(self, argument.strip()) if command else Reply.UNKNOWN_COMMAND
        if reply is not None:
            self.say(reply)

    # EHLO and what needs no mail

    def greet(self, argument: str) -> Reply:
        """HELO, EHLO: note the client's name and forget what was begun."""
        if not argument or len(argument) > MAX_HELO_CHARACTERS:
            return Reply.EHLO_SYNTAX
        self._helo = argument
        self._forget_mail()
        return Reply.HELLO

    def greet_extended(self, argument: str) -> Reply:
        """EHLO: as HELO, with the list of what we offer."""
        reply = self.greet(argument)
        if reply is Reply.HELLO:
            self.write(self.service.offers[self.is_encrypted])
            reply = Reply.END_OF_OFFERS
        return reply

    def reset(self, argument: str) -> Reply:
        """RSET: forget the mail that was begun."""
        if argument:
            return Reply.NO_ARGUMENT
        self._forget_mail()
        return Reply.OK

    def quit(self, argument: str) -> Reply:
        """QUIT: part."""
        return Reply.NO_ARGUMENT if argument else Reply.GOODBYE

    def encrypt(self, argument: str) -> Reply | None:
        """STARTTLS: forget all that was said in the clear (RFC 3207 4.2), begin the handshake."""
        if argument:
            return Reply.NO_ARGUMENT
        if self.service.tls_context is None or self.is_encrypted:
            return Reply.NOT_OFFERED
        self._helo = ""
        self._forget_mail()
        self.start_tls()
        return None  # said when the handshake can begin

    # MAIL, RCPT, DATA

    def begin_mail(self, argument: str) -> Reply:
        """MAIL: note the sender."""
        if not self._helo:
            return Reply.NEED_EHLO
        if self.service.require_tls and not self.is_encrypted:
            return Reply.NEED_TLS
        if self._mail_from is not None:
            return Reply.NESTED_MAIL
        if argument[:5].upper() != "FROM:":
            return Reply.MAIL_SYNTAX
        sender, parameters = self._path(argument[5:])
        refusal = Reply.BAD_SENDER if sender is None else self._refused_parameters(parameters)
        if refusal is None and not self.service.gate.start_mail(self.client, self.loop.time()):
            refusal = Reply.TOO_FAST
        if refusal is None:
            self._mail_from = sender
        return refusal or Reply.SENDER_OK

    def add_recipient(self, argument: str) -> Reply:
        """RCPT: note a recipient, if it is ours."""
        reply = self._recipient_reply(argument)
        if reply is Reply.RECIPIENT_OK or reply is Reply.TOO_MANY_RECIPIENTS:
            self.commands_without_mail -= 1  # a step towards a mail, not one more without it
        return reply

    def _recipient_reply(self, argument: str) -> Reply:
        if self._mail_from is None:
            return Reply.NEED_MAIL
        if argument[:3].upper() != "TO:":
            return Reply.RCPT_SYNTAX
        recipient, parameters = self._path(argument[3:])
        if not recipient or parameters:
            return Reply.UNKNOWN_PARAMETER if recipient else Reply.BAD_RECIPIENT
        if recipient not in self.service.mailboxes:
            return Reply.UNKNOWN_MAILBOX
        if len(self._rcpt_tos) >= self.service.limits.max_recipients:
            return Reply.TOO_MANY_RECIPIENTS
        self._rcpt_tos.append(recipient)
        return Reply.RECIPIENT_OK

    def begin_body(self, argument: str) -> Reply:
        """Take what follows as the body (DATA)."""
        if argument:
            return Reply.NO_ARGUMENT
        if self._mail_from is None:
            return Reply.NEED_MAIL
        if not self._rcpt_tos:
            return Reply.NEED_RECIPIENT
        self.phase = Phase.DATA
        return Reply.START_DATA

    def take_body(self, data: bytes) -> bytes:
        """Collect a piece of the body; at its end hand the mail over, or refuse it."""
        rest = self._collector.feed(data)
        if rest is None:
            self.extend_deadline(self.service.limits.data_s)
            return b""
        if self._collector.refusal is not None:
            self._answer_for_mail(self._collector.refusal)
        else:
            self.phase = Phase.STORING
            self._storing = self.service.commit(self._accepted_mail())
            self._storing.add_done_callback(self._stored)
        return rest

    def _accepted_mail(self) -> AcceptedMail:
        envelope = Envelope(
            mail_from=self._mail_from or "",
            rcpt_tos=tuple(self._rcpt_tos),
            peer=self.peer_address,
            helo=self._helo,
            tls=self.is_encrypted,
            received_at_utc=datetime.now(UTC),
        )
        return AcceptedMail(envelope=envelope, raw=self._collector.content())

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
        self.advance()

    def _answer_for_mail(self, reply: Reply) -> None:
        """End the transaction with `reply`, and the session too if the listener is stopping."""
        self._collector.reset()
        self._forget_mail()
        self.phase = Phase.COMMAND
        self.extend_deadline(self.service.limits.command_s)
        self.say(reply)
        if self.service.is_stopping:
            self.say(Reply.SHUTTING_DOWN)

    def _forget_mail(self) -> None:
        self._mail_from = None
        self._rcpt_tos = []

    def _path(self, argument: str) -> tuple[str | None, str]:
        """Split an address from the parameters after it; the address is None when it is none."""
        argument = argument.strip()
        usual = split_path(argument)
        if usual is not None:
            return usual
        try:
            address, rest = self._getaddr(argument)
        except PARSER_FAULTS:
            return None, ""
        if (
            not address
            or len(address) > MAX_ADDRESS_CHARACTERS
            or argument.startswith("<") != (">" in argument)
        ):
            return None, ""
        return address, (rest or "").strip()

    def _refused_parameters(self, text: str) -> Reply | None:
        """Check the parameters of MAIL: SIZE, BODY and SMTPUTF8 are known."""
        if not text:
            return None
        parameters = split_parameters(text)
        if parameters is None:
            return Reply.BAD_PARAMETER
        size = parameters.pop("SIZE", "0")
        body = parameters.pop("BODY", "7BIT").upper()
        has_value = bool(parameters.pop("SMTPUTF8", ""))
        is_number = size.isascii() and size.isdigit() and len(size) <= MAX_SIZE_DIGITS
        if not is_number or body not in {"7BIT", "8BITMIME"} or has_value:
            return Reply.BAD_PARAMETER
        if int(size) > self.service.limits.max_message_bytes:
            return Reply.TOO_LARGE
        return Reply.UNKNOWN_PARAMETER if parameters else None


_COMMANDS: Final[Mapping[str, Callable[[SmtpSession, str], Reply | None]]] = {
    "EHLO": SmtpSession.greet_extended,
    "HELO": SmtpSession.greet,
    "STARTTLS": SmtpSession.encrypt,
    "MAIL": SmtpSession.begin_mail,
    "RCPT": SmtpSession.add_recipient,
    "DATA": SmtpSession.begin_body,
    "RSET": SmtpSession.reset,
    "QUIT": SmtpSession.quit,
    "NOOP": lambda _session, _argument: Reply.OK,  # does not prolong the session
    "VRFY": lambda _session, _argument: (
        Reply.CANNOT_VERIFY
    ),  # alike for all, so that nobody learns who is here
    "HELP": lambda _session, _argument: Reply.HELP,
    **dict.fromkeys(("AUTH", "BDAT", "ETRN", "EXPN", "TURN"), lambda _session, _argument: Reply.NOT_OFFERED),
}


def _as_text(line: bytes) -> str | Reply:
    """Decode a command line, or say what is wrong with it; b"" stands for one that was too long."""
    if not line:
        return Reply.COMMAND_TOO_LONG
    if not line.endswith(b"\r\n"):
        return Reply.BARE_LF
    try:
        text = line[:-2].decode()
    except UnicodeDecodeError:
        return Reply.NOT_TEXT
    if not text.isprintable() and _CONTROL.search(text):
        return Reply.NOT_TEXT
    return text
