"""The SMTP commands of one session; each mail is handed to the group commit before its 250.

RFC 5321 with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), CHUNKING (3030), SMTPUTF8 (6531),
ENHANCEDSTATUSCODES (2034) and STARTTLS (3207). In come command lines, out go replies of
`smtp_replies` and nothing else. A 250 at the end of DATA or BDAT LAST means: envelope and bytes are on disk.

A command is a plain method that takes its argument and returns its reply;
nothing here waits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from intake.smtp_addresses import MAX_ADDRESS_CHARACTERS, refused_parameters, split_path
from intake.smtp_body import MailBody
from intake.smtp_replies import Reply
from intake.smtp_service import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_HELO_CHARACTERS: Final = 255
PARSER_FAULTS: Final = (
    IndexError,
    AttributeError,
    ValueError,
    RecursionError,
)  # of the standard library's on junk
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class SmtpSession(MailBody):
    """What each command does."""

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
        refusal = (
            Reply.BAD_SENDER
            if sender is None
            else refused_parameters(parameters, self.service.limits.max_message_bytes)
        )
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
        if self._mail_from is None or self._has_chunks:
            return Reply.CHUNKS_BEGUN if self._has_chunks else Reply.NEED_MAIL
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
        if argument or self._has_chunks:
            return Reply.NO_ARGUMENT if argument else Reply.CHUNKS_BEGUN
        if self._mail_from is None:
            return Reply.NEED_MAIL
        if not self._rcpt_tos:
            return Reply.NEED_RECIPIENT
        self.phase = DATA
        return Reply.START_DATA

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


_COMMANDS: Final[Mapping[str, Callable[[SmtpSession, str], Reply | None]]] = {
    "EHLO": SmtpSession.greet_extended,
    "HELO": SmtpSession.greet,
    "STARTTLS": SmtpSession.encrypt,
    "MAIL": SmtpSession.begin_mail,
    "RCPT": SmtpSession.add_recipient,
    "DATA": SmtpSession.begin_body,
    "BDAT": SmtpSession.begin_chunk,
    "RSET": SmtpSession.reset,
    "QUIT": SmtpSession.quit,
    "NOOP": lambda _session, _argument: Reply.OK,  # does not prolong the session
    "VRFY": lambda _session, _argument: (
        Reply.CANNOT_VERIFY
    ),  # alike for all, so that nobody learns who is here
    "HELP": lambda _session, _argument: Reply.HELP,
    **dict.fromkeys(("AUTH", "ETRN", "EXPN", "TURN"), lambda _session, _argument: Reply.NOT_OFFERED),
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
