"""What every task of a worker process shares: store, options, model, clock.

Built once per process by `workers.app` from the settings; tests build it by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from models.records import Envelope, Mail, RawMail
from models.store import Store
from workers.dkim_signing import DkimKey
from workers.predictor import Predictor
from workers.storm_watch import StormWatch

if TYPE_CHECKING:
    from intake.read_mail import ReadOptions

# Mails as read, with their octets, and the seconds that it may take; the mails in their order come back.
SenderChecks = Callable[[Sequence[tuple[RawMail, Mail]], float], list[Mail]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """The settings that tasks look at."""

    mailboxes: tuple[str, ...]
    mail_domain: str
    signing_key: bytes
    relay_url: str = ""
    timezone: str = "Europe/Moscow"
    authserv_id: str = ""
    precision_target: float = 0.98
    batch_size: int = 64
    lease_s: int = 120
    dkim_key: DkimKey | None = None
    labelled_dir: Path = Path("labelled")  # labelled mails of one's own, learnt at every training
    webhook_hosts: frozenset[str] = (
        frozenset()
    )  # that events may also reach by plain http or in our own network
    automatic_per_hour: int = 20  # automatic mails to one address (rule A8); more are muted, never held back
    automatic_per_hour_all: int = 3000  # automatic mails to everybody (rule A8), muted alike


def utc_now() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One worker process's tools."""

    store: Store
    options: ServiceOptions
    predictor: Predictor
    now: Callable[[], datetime] = field(default=utc_now)
    storm: StormWatch = field(default_factory=StormWatch)
    check_senders: SenderChecks | None = None  # asks the name service; None: not checked here

    def read_options(self, raw: RawMail) -> ReadOptions:
        """Options for reading one mail: its own arrival is the clock, so that a replay reads the same."""
        from intake.read_mail import ReadOptions  # not at the top: the console never reads a mail

        return ReadOptions(
            timezone=self.options.timezone,
            authserv_id=self.options.authserv_id,
            own_addresses=frozenset(self.options.mailboxes),
            own_domain=self.options.mail_domain,
            now_utc=raw.envelope.received_at_utc,
        )

    def mailbox_of(self, envelope: Envelope) -> str:
        """Return the mailbox that a mail came to: the first recipient, without its plus part."""
        return mailbox_of(envelope.rcpt_tos, self.options.mailboxes)


def mailbox_of(rcpt_tos: tuple[str, ...], mailboxes: tuple[str, ...]) -> str:
    """Choose the mailbox of a mail from its envelope recipients (rule R12: never from the To header)."""
    plain = [_without_plus(address.lower()) for address in rcpt_tos]
    for address in plain:
        if address in mailboxes:
            return address
    for address in plain:
        if f"*@{address.rpartition('@')[2]}" in mailboxes and not address.startswith("bounce@"):
            return address
    return mailboxes[0] if mailboxes else (plain[0] if plain else "")


def _without_plus(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
