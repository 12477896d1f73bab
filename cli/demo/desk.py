"""The demo's two contacts with a running Razbor: mails go in over SMTP, outcomes come from the database."""

from __future__ import annotations

import hashlib
import json
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from cli.faults import KnownError
from models.store import Store
from models.store.outcomes import MailOutcome, mail_outcomes, newest_raw_id, topic_work_due

RUNS_FILE: Final = "demo.json"
SMTP_TIMEOUT_S: Final = 30.0


class Outcomes(Protocol):
    """What the demo asks about the mails that it has sent."""

    def fresh(self) -> Sequence[MailOutcome]:
        """List the mails accepted since the demo began, oldest first."""

    def is_quiet(self) -> bool:
        """Tell whether no ticket waits for its topic queue."""


class StoreOutcomes:
    """Outcomes read from the database; everything accepted before this moment is left out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before = newest_raw_id(store)

    def fresh(self) -> Sequence[MailOutcome]:
        """List the mails accepted since the demo began, oldest first."""
        return mail_outcomes(self._store, self._before)

    def is_quiet(self) -> bool:
        """Tell whether no ticket waits for its topic queue."""
        return topic_work_due(self._store, datetime.now(UTC)) == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpDoor:
    """Where the demo hands its mails in."""

    host: str
    port: int

    def send(self, raw: bytes, sender: str, recipient: str) -> str:
        """Send one mail as it is, 8-bit included; return the hash under which it is stored.

        Raises KnownError when the server does not take it.
        """
        try:
            with smtplib.SMTP(self.host, self.port, timeout=SMTP_TIMEOUT_S) as client:
                client.ehlo("demo.example")
                client.sendmail(sender, [recipient], raw, mail_options=["BODY=8BITMIME"])
        except (smtplib.SMTPException, OSError) as error:
            raise KnownError(f"The listener did not take the mail for {recipient}: {error}") from error
        return hashlib.sha256(raw).hexdigest()


def next_run(data_dir: Path) -> int:
    """Count this run of the demo on a data directory; 1 is the first."""
    path = data_dir / RUNS_FILE
    try:
        done = int(json.loads(path.read_text(encoding="utf-8"))["runs"])
    except (OSError, ValueError, KeyError, TypeError):
        done = 0
    path.write_text(json.dumps({"runs": done + 1}), encoding="utf-8")
    return done + 1


def recipient_for(wanted: str, mailboxes: Sequence[str]) -> str:
    """Choose the desk's mailbox for a demo mail: the one it was written for, a namesake, else the first."""
    local, _, domain = wanted.rpartition("@")
    if wanted in mailboxes or f"*@{domain}" in mailboxes:
        return wanted
    named = [mailbox for mailbox in mailboxes if not mailbox.startswith("*@")]
    namesakes = [mailbox for mailbox in named if mailbox.startswith(f"{local}@")]
    if namesakes or named:
        return (namesakes or named)[0]
    return f"{local}@{mailboxes[0].removeprefix('*@')}"
