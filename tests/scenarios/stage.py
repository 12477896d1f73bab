"""A desk on which a conversation is played: real store, real decisions, a real relay, a clock of its own.

A scenario is a TOML file: a title, the rules that it shows, and steps in order. The README
beside this module describes the steps. What the classifier says of a mail is written in the
scenario, because a conversation must not change when the model is trained anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from classifier.documents import Document
from models.records import Prediction
from models.store import Store, overview
from models.store.policies import seed, write_policy
from models.store.schema import OUTBOX, SELLER_ADDRESS, TICKET
from models.topics import SLUGS, Status
from tests.workers.conftest import FakeRelay
from workers import acts, reply_acts
from workers.batch import read_batch
from workers.delivery import deliver
from workers.service import Service, ServiceOptions
from workers.topic_batch import work_topic
from workers.upkeep import sweep

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)  # a Monday, noon in Moscow
MAILBOXES = ("sellersup@desk.example", "sales-pvz@desk.example", "help@desk.example")
DOMAIN = "desk.example"
KEY = b"k" * 32
_WAIT = re.compile(r"(\d+) (min|h|d)")
_UNITS = {"min": 60, "h": 3600, "d": 86400}


class ScriptedPredictor:
    """Says of each mail what the scenario wrote down for it."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, bool]] = {}

    def refresh(self) -> None:
        """Nothing to load."""

    def predict(self, documents: Sequence[Document]) -> list[Prediction]:
        return [self._one(document) for document in documents]

    def _one(self, document: Document) -> Prediction:
        topic, sure = next(
            (answer for start, answer in self.answers.items() if start and start in document.text),
            ("other", False),
        )
        return Prediction(
            topic=topic,
            confidence=0.99 if sure else 0.4,
            sure=sure,
            threshold=0.9,
            probabilities={slug: float(slug == topic) for slug in SLUGS},
            spam_probability=float(topic == "spam_phishing" and sure),
            model="scripted",
        )


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
    undo: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.predictor = ScriptedPredictor()
        self.service = Service(
            store=self.store,
            options=ServiceOptions(
                mailboxes=MAILBOXES,
                mail_domain=DOMAIN,
                signing_key=KEY,
                relay_url=f"smtp://127.0.0.1:{self.relay.port}",
            ),
            predictor=self.predictor,  # type: ignore[arg-type]  # has what the batch calls
            now=lambda: self.now,
        )
        with self.store.write() as db:
            seed(db, MAILBOXES, START)

    def prepare(self, scenario: dict[str, Any]) -> None:
        """Bind the scenario's sellers and put its policies in force."""
        with self.store.write() as db:
            for row in scenario.get("sellers", []):
                db.execute(insert(SELLER_ADDRESS).values(marketplace="unknown", **row))
            for name, body in scenario.get("policies", {}).items():
                write_policy(db, name, body, author="lead", now_utc=START)

    # what happens

    def play_mail(self, step: dict[str, Any]) -> None:
        raw, message = self._compose(step)
        name = step["mail"]
        self.mails[name] = message
        text = " ".join(str(step.get("text", "")).split("\n")[0:1]).strip()
        self.predictor.answers = {text: (step.get("topic", "other"), not step.get("unsure", False))}
        if not text:
            self.predictor.answers = {"": ("other", False)}
        for mailbox in step.get("mailboxes", [self.address(step.get("to", MAILBOXES[0]))]):
            self.raw_ids[name] = self.accept(
                raw,
                mail_from=step.get("envelope_from", step.get("from", "")),
                rcpt=mailbox,
                received=self.now,
            )
        if not step.get("later"):
            self.settle()

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
        self.settle()

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

    def settle(self) -> None:
        """Let the workers do everything that is due, as the queues would."""
        for _ in range(12):
            due = sweep(self.service, 0)
            count = read_batch(self.service).count if due.mails else 0
            count += sum(work_topic(self.service, slug).count for slug in due.topics)
            count += deliver(self.service) if due.replies else 0
            if not count:
                break
        self.sent = [message_from_bytes(raw, policy=policy.default) for _, _, raw in self.relay.mails]  # type: ignore[misc]
        counts = overview.status(self.store, self.now, relay=True)
        assert counts["in_flight"] == 0
        assert counts["accepted"] == sum(counts["dispositions"].values())

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

    def _compose(self, step: dict[str, Any]) -> tuple[bytes, EmailMessage]:
        """Write the mail of a step as its sender's client would."""
        message = EmailMessage()
        if step.get("from"):
            message["From"] = step["from"]
        message["To"] = step.get("header_to", self.address(step.get("to", MAILBOXES[0])))
        message["Date"] = format_datetime(self.now)
        message["Message-ID"] = step.get("message_id", f"<{step['mail']}@client.example>")
        subject = self.fill(step.get("subject", ""))
        quoted = ""
        if "answers" in step:
            target = self.sent[-1] if step["answers"] == "us" else self.mails[step["answers"]]
            message["In-Reply-To"] = target["Message-ID"]
            message["References"] = " ".join(filter(None, [target.get("References"), target["Message-ID"]]))
            subject = subject or f"Re: {target['Subject']}"
            lines = target.get_content().splitlines() if step["answers"] == "us" else []
            quoted = (
                "\n\n16.11.2026, 12:30, Support:\n" + "\n".join(f"> {line}" for line in lines)
                if lines
                else ""
            )
        message["Subject"] = subject
        for name, value in step.get("headers", {}).items():
            message[name] = self.fill(value)
        message.set_content(self.fill(step.get("text", "")) + quoted)
        for part in step.get("attachments", []):
            data = part["text"].encode() if "text" in part else bytes.fromhex(part["hex"])
            main, _, sub = part.get("type", "text/csv").partition("/")
            message.add_attachment(data, maintype=main, subtype=sub, filename=part["name"])
        if "raw" in step:
            return self.fill(step["raw"]).replace("\n", "\r\n").encode(), message
        return message.as_bytes(policy=message.policy.clone(linesep="\r\n")), message
