"""What all sessions of one listener share: limits, counters, our mailboxes, the way to the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol

from intake.limits import Gate, Limits, MemoryBudget

if TYPE_CHECKING:
    import ssl
    from asyncio import Future
    from collections.abc import Callable

    from intake.smtp_addresses import Mailboxes
    from intake.smtp_replies import Reply
    from models.accepted_mail import AcceptedMail


class Phase(Enum):
    """What a session is waiting for."""

    OPENING = auto()  # admission
    COMMAND = auto()
    ENCRYPTING = auto()  # the handshake after STARTTLS
    DATA = auto()
    CHUNK = auto()  # the octets that a BDAT announced
    STORING = auto()  # the commit: no deadline may cut off its reply


# A session asks for its phase at every packet, and an enumeration looks its members up anew each time.
OPENING: Final = Phase.OPENING
COMMAND: Final = Phase.COMMAND
DATA: Final = Phase.DATA
CHUNK: Final = Phase.CHUNK
STORING: Final = Phase.STORING
BODY_PHASES: Final = (DATA, CHUNK)  # what comes in is a mail, not commands


class Session(Protocol):
    """A session, as the listener sees it."""

    phase: Phase
    has_delivered: bool  # a mail of it was stored

    def hang_up(self, reply: Reply | None = None) -> None:
        """Say a last word and close."""


@dataclass(slots=True, kw_only=True)
class SmtpService:
    """State of one listener. Used from its event loop's thread alone."""

    hostname: str
    mailboxes: Mailboxes
    commit: Callable[[AcceptedMail], Future[int]]  # done when durable; a StoreError when refused
    limits: Limits = field(default_factory=Limits)
    tls_context: ssl.SSLContext | None = None  # with it STARTTLS is offered
    require_tls: bool = False  # no MAIL without it
    proxy_protocol: bool = False
    is_stopping: bool = False
    is_handing_over: bool = False  # stopping, while another listener will take the connections that wait
    sessions: set[Session] = field(default_factory=set)
    gate: Gate = field(init=False)
    budget: MemoryBudget = field(init=False)
    reply_facts: dict[str, object] = field(init=False)
    offers: dict[bool, bytes] = field(init=False)  # by whether the session is encrypted

    def __post_init__(self) -> None:
        self.gate = Gate(self.limits)
        self.budget = MemoryBudget(self.limits.max_buffered_bytes)
        self.offers = {encrypted: self._offers(is_encrypted=encrypted) for encrypted in (False, True)}
        self.reply_facts = {
            "hostname": self.hostname,
            "max_recipients": self.limits.max_recipients,
            "max_command_bytes": self.limits.max_command_bytes,
            "max_line_bytes": self.limits.max_line_bytes,
            "max_message_mb": f"{self.limits.max_message_bytes / 1024 / 1024:.1f}".removesuffix(".0"),
        }

    def _offers(self, *, is_encrypted: bool) -> bytes:
        """Write what stands before `Reply.END_OF_OFFERS` after EHLO: our name and what we offer."""
        lines = [
            self.hostname,
            "PIPELINING",
            f"SIZE {self.limits.max_message_bytes}",
            "8BITMIME",
            "CHUNKING",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            *(["STARTTLS"] if self.tls_context and not is_encrypted else []),
        ]
        return "".join(f"250-{line}\r\n" for line in lines).encode()
