"""A desk built by hand: a store on each engine, a predictor with given answers, mails without SMTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select

from classifier.documents import Document
from models.records import Prediction
from models.store import Store, overview
from models.store.policies import seed
from models.store.schema import ASKED, MAIL_STATE, OUTBOX, TICKET, TOPIC_WORK
from models.topics import SLUGS
from tests.conftest import free_port
from tests.workers.canned_training import open_school
from workers.batch import BatchResult, read_batch
from workers.delivery import deliver
from workers.service import Service, ServiceOptions
from workers.topic_batch import work_topic

START = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
SUPPORT = "support@razbor.local"
INCOMPLETE = (
    "Добрый день! Поставку 2000061286750 склад принял 3 ноября, но 12 коробок вместо 14. "
    "Просим найти две коробки и исправить приёмку."
)


class StubPredictor:
    """Gives every mail the same topic; a text that holds `unsure` or `spam` gets what it says."""

    def __init__(self) -> None:
        self.topic = "logistics_acceptance"
        self.model = "m-stub"
        self.refreshed = 0
        self.on_document: Callable[[Document], None] = lambda _: None

    def refresh(self) -> None:
        self.refreshed += 1

    def predict(self, documents: Sequence[Document]) -> list[Prediction]:
        return [self._one(document) for document in documents]

    def _one(self, document: Document) -> Prediction:
        self.on_document(document)
        text = f"{document.subject} {document.text}"
        topic = "spam_phishing" if "casino" in text else self.topic
        sure = "unsure" not in text
        return Prediction(
            topic=topic,
            confidence=0.99 if sure else 0.4,
            sure=sure,
            threshold=0.9,
            probabilities={slug: float(slug == topic) for slug in SLUGS},
            spam_probability=float(topic == "spam_phishing"),
            model=self.model,
        )


class Desk:
    """One worker's service with a clock of its own, and short ways to look at what it did."""

    def __init__(self, store: Store, accept: Callable[..., int]) -> None:
        self.store, self.accept = store, accept
        self.now = START
        self.predictor = StubPredictor()
        self.service = self.make_service()
        with store.write() as db:
            seed(db, [SUPPORT], START)

    def make_service(self, store: Store | None = None, **options: Any) -> Service:
        given: dict[str, Any] = {
            "mailboxes": (SUPPORT,),
            "mail_domain": "razbor.local",
            "signing_key": b"k" * 32,
            **options,
        }
        return Service(
            store=store or self.store,
            options=ServiceOptions(**given),
            predictor=self.predictor,  # type: ignore[arg-type]  # the stub has what the batch calls
            now=lambda: self.now,
        )

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def mail(self, text: str = INCOMPLETE, **given: Any) -> int:
        """Accept a mail; `raw` gives its bytes, else it is made from the words."""
        sender = given.get("sender", "seller@shop.example")
        raw = given.get("raw")
        if raw is None:
            raw = letter(text, **given)
        mail_from = given.get("mail_from", sender)
        peer = given.get("peer", "127.0.0.1")
        rcpt = given.get("rcpt", SUPPORT)
        return self.accept(raw, mail_from=mail_from, rcpt=rcpt, received=self.now, peer=peer)

    def read(self, service: Service | None = None) -> BatchResult:
        return read_batch(service or self.service)

    def work(self, service: Service | None = None) -> BatchResult:
        return work_topic(service or self.service, self.predictor.topic)

    def deliver(self, port: int) -> int:
        return deliver(self.make_service(relay_url=f"smtp://127.0.0.1:{port}"))

    def rows(self, table: Any) -> list[Any]:
        with self.store.read() as db:
            return list(db.execute(select(table).order_by(next(iter(table.primary_key.columns)))))

    def ends(self) -> list[str | None]:
        return [row.disposition for row in self.rows(MAIL_STATE)]

    def states(self) -> list[Any]:
        return self.rows(MAIL_STATE)

    def tickets(self) -> list[Any]:
        return self.rows(TICKET)

    def outbox(self) -> list[Any]:
        return self.rows(OUTBOX)

    def asked(self) -> list[Any]:
        return self.rows(ASKED)

    def topic_work(self) -> list[Any]:
        return self.rows(TOPIC_WORK)

    def assert_balanced(self, in_flight: int = 0) -> None:
        counts = overview.status(self.store, self.now, relay=True)
        assert counts["in_flight"] == in_flight, json.dumps(counts)
        assert counts["accepted"] == in_flight + sum(counts["dispositions"].values())


def letter(text: str = INCOMPLETE, **given: Any) -> bytes:
    message = EmailMessage()
    message["From"] = given.get("sender", "seller@shop.example")
    message["To"] = SUPPORT
    message["Subject"] = given.get("subject", "Недостача")
    message["Date"] = "Mon, 16 Nov 2026 12:00:00 +0300"
    if given.get("message_id"):
        message["Message-ID"] = f"<{given['message_id']}>"
    for name, value in given.get("headers", {}).items():
        message[name] = value
    message.set_content(text)
    return message.as_bytes()


@pytest.fixture(autouse=True)
def _plain_tracebacks() -> Iterator[None]:
    """Log as the processes do: without local variables, which are slow to draw."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
def desk(store: Store, accept: Callable[..., int]) -> Desk:
    return Desk(store, accept)


class FakeRelay:
    """A real SMTP server that answers as told and can close the connection at any point."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.answers: dict[str, str] = {}  # by recipient; "drop" closes after the final dot
        self.at_rcpt: dict[str, str] = {}
        self.at_mail = ""
        self.sessions = 0
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_mail:
            return self.at_mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.at_rcpt.get(address, "250 OK")
        if answer == "drop":
            server.transport.close()
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = self.answers.get(envelope.rcpt_tos[0], "250 OK")
        if answer == "drop" or answer.startswith("250"):
            self.mails.append(
                (str(envelope.mail_from), list(envelope.rcpt_tos), bytes(envelope.content or b""))
            )
        if answer == "drop":
            server.transport.close()
        return answer

    def recipients(self) -> list[str]:
        return [rcpt for _, rcpts, _ in self.mails for rcpt in rcpts]

    def stop(self) -> None:
        self._controller.stop()


@pytest.fixture
def relay() -> Iterator[FakeRelay]:
    server = FakeRelay()
    yield server
    server.stop()


@pytest.fixture
def school(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return open_school(monkeypatch)
