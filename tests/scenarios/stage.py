"""A desk on which a conversation is played: real store, real decisions, a real relay, a clock of its own.

A scenario is a TOML file: a title, the rules that it shows, and steps in order. The README
beside this module describes the steps. What the classifier says of a mail is written in the
scenario, because a conversation must not change when the model is trained anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select, update

from models.store import Store, overview
from models.store.leases import Waiting, work_waiting
from models.store.mails import retry_held
from models.store.policies import seed, write_policy
from models.store.schema import MAILBOX, OUTBOX, TICKET
from models.store.sellers import Binding, bind
from models.topics import Status
from tests.scenarios.letters import compose, delivery_report
from tests.scenarios.scripted import ScriptedPredictor
from tests.scenarios.sent_lint import assert_fit_to_be_sent
from tests.workers.conftest import FakeRelay
from workers import acts, reply_acts
from workers.batch import read_batch
from workers.delivery import deliver
from workers.service import Service, ServiceOptions
from workers.topic_batch import work_topic
from workers.upkeep import Due, sweep

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)  # a Monday, noon in Moscow
MAILBOXES = ("sellersup@desk.example", "sales-pvz@desk.example", "help@desk.example")
DOMAIN = "desk.example"
KEY = b"k" * 32
ARRIVED = Due(mails=True)
_WAIT = re.compile(r"(\d+) (min|h|d)")
_UNITS = {"min": 60, "h": 3600, "d": 86400}


@dataclass
class Stage:
    """One scenario's desk."""

    store: Store
    accept: Callable[..., int]
    relay: FakeRelay
    now: datetime = START
    sent: list[EmailMessage] = field(default_factory=list)
    checked: int = 0
    mails: dict[str, EmailMessage] = field(default_factory=dict)
    raw_ids: dict[str, int] = field(default_factory=dict)
    delivered: dict[str, tuple[bytes, str, str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.predictor = ScriptedPredictor()
        self.service = Service(
            store=self.store,
            options=ServiceOptions(
                mailboxes=MAILBOXES,
                mail_domain=DOMAIN,
                signing_key=KEY,
                relay_url=f"smtp://127.0.0.1:{self.relay.port}",
                **self.options,
            ),
            predictor=self.predictor,  # type: ignore[arg-type]  # has what the batch calls
            now=lambda: self.now,
        )
        with self.store.write() as db:
            seed(db, MAILBOXES, START)

    def prepare(self, scenario: dict[str, Any]) -> None:
        """Bind the scenario's sellers and put its policies in force."""
        with self.store.write() as db:
            bind(db, [Binding(**row) for row in scenario.get("sellers", [])])
            for address, values in scenario.get("mailboxes", {}).items():
                db.execute(update(MAILBOX).where(MAILBOX.c.address == address).values(**values))
            for name, body in scenario.get("policies", {}).items():
                write_policy(db, name, body, author="lead", now_utc=START)

    # what happens

    def play_mail(self, step: dict[str, Any]) -> None:
        for count in range(1, step.get("times", 1) + 1):
            raw, message = compose(self, step, count)
            self.mails[step["mail"]] = message
            self.predictor.says(step)
            for mailbox in step.get("mailboxes", [self.address(step.get("to", MAILBOXES[0]))]):
                self._arrive(step["mail"], raw, step.get("envelope_from", step.get("from", "")), mailbox)
            if not step.get("later"):
                self.settle(ARRIVED)

    def play_redelivery(self, step: dict[str, Any]) -> None:
        """The same octets arrive once more, as after a 250 that got lost."""
        name = step["redelivered"]
        self._arrive(f"{name} again", *self.delivered[name])
        self.settle(ARRIVED)

    def play_bounce(self, step: dict[str, Any]) -> None:
        """Our last mail comes back to its envelope sender with a delivery report."""
        mail_from = self.relay.mails[-1][0]
        raw = delivery_report(self.sent[-1], to=mail_from, status=step.get("code", "5.1.1"))
        self._arrive(step["bounced"], raw, "", mail_from)
        self.settle(ARRIVED)

    def play_binding(self, step: dict[str, Any]) -> None:
        """Somebody binds an address to a seller, as `razbor sellers import` does."""
        with self.store.write() as db:
            bind(db, [Binding(address=step["bind"], seller_id=step["seller_id"], role=step["role"])])

    def play_model(self, step: dict[str, Any]) -> None:
        """The classifier breaks, or is mended and the held mails are tried again."""
        self.predictor.broken = step["model"] == "broken"
        if not self.predictor.broken:
            with self.store.write() as db:
                retry_held(db, list(self.raw_ids.values()))
            self.settle()

    def _arrive(self, name: str, raw: bytes, mail_from: str, rcpt: str) -> None:
        self.delivered[name] = (raw, mail_from, rcpt)
        self.raw_ids[name] = self.accept(raw, mail_from=mail_from, rcpt=rcpt, received=self.now)

    def play_wait(self, step: dict[str, Any]) -> None:
        match = _WAIT.fullmatch(step["wait"])
        assert match, f"a wait looks like 72 h: {step}"
        self.now += timedelta(seconds=int(match.group(1)) * _UNITS[match.group(2)])
        self.settle()

    def play_act(self, step: dict[str, Any]) -> None:
        act, by = step["act"], step.get("by", "anna")
        given = {k: v for k, v in step.items() if k not in {"act", "by", "refused", "ticket", "reply"}}
        if step.get("refused"):
            with pytest.raises(acts.ActError, match=re.escape(step["refused"])):
                self._act(act, by, step, given)
        else:
            self._act(act, by, step, given)
        self.settle(self._waiting())

    def _act(self, act: str, by: str, step: dict[str, Any], given: dict[str, Any]) -> None:
        service = self.service
        if act in {"approve", "drop", "resend"}:
            outbox_id = self.newest_of_kind(step["reply"]).id
            match act:
                case "approve":
                    reply_acts.approve_draft(service, outbox_id, by, **given)
                case "drop":
                    reply_acts.drop_draft(service, outbox_id, by, **given)
                case _:
                    reply_acts.resend(service, outbox_id, by)
            return
        number = self.number(step["ticket"])
        if act == "reply":
            reply_acts.write_reply(service, number, by, **given)
        elif act == "move":
            acts.move(service, number, by, Status(given["to"]), given["reason"])
        elif act == "merge":
            acts.merge(service, number, by, self.number(given["into"]))
        else:
            getattr(acts, act)(service, number, by, **given)

    def settle(self, told: Due | Waiting | None = None) -> None:
        """Let the workers do everything that is due, as the queues would.

        `told` is what nudges tell them when a mail came or somebody acted; the sweeper looks after that.
        """
        if told is not None:
            self._follow(told)
        for _ in range(12):
            if not self._follow(sweep(self.service, 0)):
                break
        for _, _, raw in self.relay.mails[len(self.sent) :]:
            mail: EmailMessage = message_from_bytes(raw, policy=policy.default)  # type: ignore[assignment]
            assert_fit_to_be_sent(mail, self.foreign_numbers(mail))
            self.sent.append(mail)
        counts = overview.status(self.store, self.now, relay=True)
        assert counts["in_flight"] == 0
        assert counts["accepted"] == sum(counts["dispositions"].values())

    def _follow(self, due: Due | Waiting) -> int:
        """Work what is due and what that leads to, queue by queue; return how often something was done."""
        for done in range(12):
            if not self._work(due):
                return done
            due = self._waiting()
        return 12

    def _waiting(self) -> Waiting:
        with self.store.read() as db:
            return work_waiting(db, self.now)

    def _work(self, due: Due | Waiting) -> int:
        """Work every queue that has something to do; return how much was done."""
        count = read_batch(self.service).count if due.mails else 0
        count += sum(work_topic(self.service, slug).count for slug in due.topics)
        return count + (deliver(self.service) if due.replies else 0)

    def foreign_numbers(self, mail: EmailMessage) -> set[str]:
        """Tickets that a mail must not name: all but its own."""
        with self.store.read() as db:
            numbers = set(db.scalars(select(TICKET.c.id)))
            own = db.scalar(
                select(OUTBOX.c.ticket_id).where(OUTBOX.c.message_id == mail["Message-ID"].strip("<>"))
            )
        return {f"RZ-{number}" for number in numbers - {own}}

    # names in scenarios

    def number(self, ordinal: int) -> int:
        """Return the number of the scenario's first, second, ... ticket."""
        with self.store.read() as db:
            numbers = db.scalars(select(TICKET.c.id).order_by(TICKET.c.id)).all()
        assert 1 <= ordinal <= len(numbers), f"there is no ticket {ordinal}: {numbers}"
        return int(numbers[ordinal - 1])

    def ordinal(self, tag: str) -> int:
        return int(tag.removeprefix("RZ-")) - self.number(1) + 1

    def outbox_rows(self) -> list[Any]:
        with self.store.read() as db:
            return list(db.execute(select(OUTBOX).order_by(OUTBOX.c.id)))

    def outbox_words(self) -> list[str]:
        return [f"{row.kind} {row.status} {row.last_error}" for row in self.outbox_rows()]

    def newest_of_kind(self, kind: str) -> Any:
        rows = [row for row in self.outbox_rows() if row.kind.startswith(kind)]
        assert rows, f"there is no {kind} in the outbox: {self.outbox_words()}"
        return rows[-1]

    def address(self, to: str) -> str:
        """Return the address that a mail goes to; `reply` is the one that our last mail asked for."""
        return str(self.sent[-1]["Reply-To"]) if to == "reply" else to

    def fill(self, words: str) -> str:
        """Put the numbers of tickets in place of {1}, {2}, ..."""
        return re.sub(r"\{(\d)\}", lambda match: str(self.number(int(match.group(1)))), words)
