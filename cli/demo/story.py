"""One run of the demo: sends the mails wave by wave and waits until each wave has ended.

A mail that answers another needs that one's ticket number, therefore waves. What happens is
told to a board; the board draws, the story does not know how.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from cli.demo.desk import Outcomes, SmtpDoor, recipient_for
from cli.demo.manifest import DemoMail, waves
from cli.demo.preparing import placeholders, prepare, tagged_sender
from cli.demo.verdict import differences
from models.store.outcomes import MailOutcome

WAVE_TIMEOUT_S: Final = 120.0
POLL_S: Final = 0.25


class Board(Protocol):
    """Where progress is shown."""

    def show(self, by_name: Mapping[str, MailOutcome], sent: Sequence[str]) -> None:
        """Draw what is known now; `sent` names the mails that are on their way or there."""


class Story:
    """A run in progress: what was sent and what came of it."""

    def __init__(
        self,
        mails: Sequence[DemoMail],
        door: SmtpDoor,
        outcomes: Outcomes,
        mailboxes: Sequence[str],
        run: int,
    ) -> None:
        self.mails = tuple(mails)
        self._door = door
        self._outcomes = outcomes
        self._mailboxes = mailboxes
        self._run = run
        self._sent: list[tuple[str, str]] = []  # name, hash of the raw mail, in the order of sending
        self.by_name: dict[str, MailOutcome] = {}

    def tell(self, board: Board, stopping: threading.Event) -> list[str]:
        """Send everything and return the differences from what was intended.

        Returns early, with whatever is known, once `stopping` is set.
        """
        for wave in waves(self.mails):
            for mail in wave:
                if stopping.is_set():
                    return self.verdict()
                self._send(mail)
                board.show(self.by_name, self._names())
            self._wait(wave, board, stopping)
        return self.verdict()

    def verdict(self) -> list[str]:
        """List all differences so far."""
        return [
            sentence
            for mail in self.mails
            for sentence in differences(mail, self.by_name.get(mail.name), self.by_name)
        ]

    def _send(self, mail: DemoMail) -> None:
        raw = mail.path.read_bytes()
        tickets = {
            name: outcome.ticket
            for name in placeholders(raw)
            if (outcome := self.by_name.get(name)) is not None and outcome.ticket is not None
        }
        if len(tickets) < len(placeholders(raw)):
            return  # what it answers has no ticket: the verdict will say so
        sender = tagged_sender(mail.sender, self._run)
        recipient = recipient_for(mail.recipient, self._mailboxes)
        self._sent.append((mail.name, self._door.send(prepare(raw, tickets, self._run), sender, recipient)))

    def _wait(self, wave: Sequence[DemoMail], board: Board, stopping: threading.Event) -> None:
        deadline = time.monotonic() + WAVE_TIMEOUT_S
        awaited = {mail.name for mail in wave} & set(self._names())
        while time.monotonic() < deadline and not stopping.is_set():
            quiet = self._outcomes.is_quiet()  # asked first: work may only appear together with an ending
            self._look()
            board.show(self.by_name, self._names())
            ended = {name for name, outcome in self.by_name.items() if outcome.disposition is not None}
            if quiet and awaited <= ended:
                self._look()
                return
            stopping.wait(POLL_S)

    def _look(self) -> None:
        """Match outcomes to mails by content; where the same bytes came twice, in the order of arrival."""
        waiting = [outcome for outcome in self._outcomes.fresh() if outcome.sha256]
        for name, sha256 in self._sent:
            match = next((outcome for outcome in waiting if outcome.sha256 == sha256), None)
            if match is not None:
                waiting.remove(match)
                self.by_name[name] = match

    def _names(self) -> list[str]:
        return [name for name, _ in self._sent]
