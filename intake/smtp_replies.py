"""Every reply that the listener gives, in one table: code, enhanced code, and what to do.

The code is what the sender's server acts on (RFC 5321 4.2: 4xx try again, 5xx give up), the
enhanced code (RFC 3463) what its logs count, the sentence what a person reads in a bounce.
A refusal says what is wrong and then, after the colon, what helps. No reply repeats what the
peer sent and none carries the text of a fault: that goes to our log.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reply(Enum):
    """A reply line; `{name}` in its text is filled in by the listener."""

    GREETING = (220, "", "{hostname} ESMTP Razbor")
    START_TLS = (220, "2.0.0", "Ready to start TLS")
    GOODBYE = (221, "2.0.0", "Goodbye")
    HELP = (214, "2.0.0", "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY STARTTLS QUIT, see RFC 5321")
    HELLO = (250, "", "{hostname}")
    END_OF_OFFERS = (250, "", "HELP")  # the last of the lines that answer EHLO
    OK = (250, "2.0.0", "OK")
    SENDER_OK = (250, "2.1.0", "Sender OK")
    RECIPIENT_OK = (250, "2.1.5", "Recipient OK")
    CHUNK_TAKEN = (250, "2.6.0", "Chunk taken, the mail is not yet accepted: go on with BDAT")
    STORED = (250, "2.6.0", "Accepted and stored")
    CANNOT_VERIFY = (252, "2.5.2", "Not verified: send the mail, a wrong address is refused at RCPT")
    START_DATA = (354, "", "Send the mail, end with <CRLF>.<CRLF>")

    TIMED_OUT = (421, "4.4.2", "Waited too long: connect again and send the mail again")
    SESSION_TOO_LONG = (421, "4.4.2", "Session too long without a mail: connect again to send one")
    TOO_MANY_CONNECTIONS = (421, "4.7.0", "Too many connections: close some, or try again in a minute")
    TOO_FAST = (421, "4.7.1", "Too many mails from your address in a minute: wait a minute and go on")
    TOO_MANY_COMMANDS = (421, "4.7.0", "Too many commands without a mail: connect again to send one")
    SHUTTING_DOWN = (421, "4.3.2", "Closing for maintenance: nothing is lost, try again in a minute")
    PROXY_EXPECTED = (421, "4.3.5", "A PROXY protocol header is expected: connect through the load balancer")
    FAULT = (451, "4.3.0", "A fault on our side, the mail was not accepted: send it again later")
    STORE_UNAVAILABLE = (451, "4.3.0", "The mail cannot be stored right now: send it again later")
    STORE_FULL = (452, "4.3.1", "No room to store the mail: send it again later")
    SHORT_OF_MEMORY = (452, "4.3.1", "Too many large mails at once: send it again later")
    TOO_MANY_RECIPIENTS = (452, "4.5.3", "At most {max_recipients} recipients: send another mail to the rest")

    UNKNOWN_COMMAND = (500, "5.5.1", "Unknown command: see RFC 5321")
    COMMAND_TOO_LONG = (500, "5.5.2", "Command too long: at most {max_command_bytes} octets")
    BARE_LF = (500, "5.5.2", "Command without CR: end each line with CRLF")
    NOT_TEXT = (500, "5.5.2", "Command with control characters or not in UTF-8: write it as plain text")
    LINE_TOO_LONG = (
        500,
        "5.6.0",
        "Line over {max_line_bytes} octets in the mail: wrap it, or encode as base64",
    )
    EHLO_SYNTAX = (501, "5.5.4", "Host name missing: write EHLO name.example")
    MAIL_SYNTAX = (501, "5.5.4", "Not understood: write MAIL FROM:<name@domain.example>")
    RCPT_SYNTAX = (501, "5.5.4", "Not understood: write RCPT TO:<name@domain.example>")
    BAD_PARAMETER = (501, "5.5.4", "Bad parameter value: use SIZE=number, BODY=7BIT or 8BITMIME, SMTPUTF8")
    NO_ARGUMENT = (501, "5.5.4", "Argument not understood: write the command alone")
    NOT_OFFERED = (502, "5.5.1", "Not offered here: use what the EHLO reply lists")
    CHUNK_SYNTAX = (501, "5.5.4", "Not understood: write BDAT size, or BDAT size LAST; connect again")
    CHUNKS_BEGUN = (503, "5.5.1", "A mail in chunks is under way: finish it with BDAT LAST, or send RSET")
    NEED_EHLO = (503, "5.5.1", "Out of order: send EHLO first")
    NEED_MAIL = (503, "5.5.1", "Out of order: send MAIL FROM first")
    NEED_RECIPIENT = (503, "5.5.1", "No recipient was accepted: send RCPT TO first")
    NESTED_MAIL = (503, "5.5.1", "A mail is under way: finish it, or send RSET")
    NEED_TLS = (530, "5.7.0", "Encryption is required: send STARTTLS first")
    UNKNOWN_MAILBOX = (550, "5.1.1", "No such mailbox here: check the address (we relay for nobody)")
    TOO_LARGE = (552, "5.3.4", "The mail is over {max_message_mb} MB: send a link to the file instead")
    BAD_SENDER = (553, "5.1.7", "Sender address not understood: write <name@domain.example> or <>")
    BAD_RECIPIENT = (553, "5.1.3", "Recipient address not understood: write <name@domain.example>")
    UNKNOWN_PARAMETER = (555, "5.5.4", "Parameter not known: use what the EHLO reply lists")

    def __init__(self, code: int, status: str, text: str) -> None:
        self.code = code
        self.status = status
        self.text = text
        self.line = " ".join(part for part in (str(code), status, text) if part).encode() + b"\r\n"
        self.closes = code in {221, 421}  # RFC 5321 3.8
        self.is_constant = "{" not in text

    def filled(self, facts: Mapping[str, object]) -> bytes:
        """Return the reply line with CRLF, its `{name}`s taken from `facts`."""
        return self.line if self.is_constant else self.line.decode().format_map(facts).encode()
