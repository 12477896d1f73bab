"""One mail as it is shown for review, and what people chose: speed and agreement come from the choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from models.store.review import EVERY, is_hidden, review_queues
from models.store.same_matter import STRONG_FIELDS
from models.store.schema import ATTACHMENT, FACT, MESSAGE, PREDICTION, REVIEW_CHOICE, TICKET

LOOKED_AT: Final = 200  # mails of either queue of review, and choices that figures are made of
SIMILAR_SHOWN: Final = 5
FIGURES_OF: Final = timedelta(hours=12)  # a working day's


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCard:
    """A mail with what the model said of it; nothing of that where it must stay hidden."""

    raw_id: int
    ticket: int
    is_audit: bool
    in_review: bool
    from_name: str
    from_address: str
    received_at_utc: datetime
    language: str
    marketplace: str
    subject: str
    text: str
    quoted: str
    entities: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    attachments: tuple[tuple[str, str], ...]  # name, evidence kind
    missing: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]  # field, value
    similar: tuple[tuple[int, str], ...]  # number, subject
    predicted: str = ""
    confidence: float = 0.0
    threshold: float = 1.0
    probabilities: dict[str, float] = field(default_factory=dict)
    reasons: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How many mails wait, of either queue at most `LOOKED_AT`."""

    unsure: int
    blind: int  # of the audit share


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice that can be undone, with what was before."""

    id: int
    raw_id: int
    ticket: int
    topic: str
    topic_before: str
    status_before: str
    was_in_review: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFigures:
    """How one person's review goes today; None before the first choice."""

    count: int
    median_s: float | None
    agreement: float | None


def next_cards(
    db: Connection, passed: Sequence[int], limit: int, actor: str = ""
) -> tuple[list[ReviewCard], Left]:
    """Return the next mails but those the page holds or passed over, and how many wait.

    A mail of the audit share comes when none of the five that this person chose for or holds was one: a
    place in a list would not do, since a page asks for one mail at a time and the list moves up meanwhile.
    """
    unsure, drawn = review_queues(db, LOOKED_AT)
    left = Left(unsure=len(unsure), blind=len(drawn))
    blind, held = {raw_id for raw_id, _ in drawn}, set(passed)
    shown = [*_were_blind(db, actor), *(raw_id in blind for raw_id in passed)]
    unsure = [row for row in unsure if row[0] not in held]
    drawn = [row for row in drawn if row[0] not in held]
    order: list[tuple[int, int]] = []
    while (unsure or drawn) and len(order) < limit:
        is_due = len(shown) >= EVERY - 1 and not any(shown[1 - EVERY :])
        is_blind = bool(drawn) and (is_due or not unsure)
        order.append(drawn.pop(0) if is_blind else unsure.pop(0))
        shown.append(is_blind)
    return [review_card(db, raw_id, number) for raw_id, number in order], left


def _were_blind(db: Connection, actor: str) -> list[bool]:
    """Tell of a person's last choices, the oldest first, which were made without seeing a prediction."""
    query = (
        select(REVIEW_CHOICE.c.is_audit)
        .where(REVIEW_CHOICE.c.actor == actor, REVIEW_CHOICE.c.undone_at_utc.is_(None))
        .order_by(REVIEW_CHOICE.c.id.desc())
        .limit(EVERY - 1)
    )
    return [bool(row.is_audit) for row in db.execute(query)][::-1]


def review_card(db: Connection, raw_id: int, number: int) -> ReviewCard:
    """Return one mail for review, with the newest prediction unless it is drawn for the audit share."""
    mail = db.execute(select(MESSAGE).where(MESSAGE.c.raw_id == raw_id)).one()
    ticket = db.execute(select(TICKET).where(TICKET.c.id == number)).one()
    is_audit = is_hidden(db, raw_id)
    facts = db.execute(
        select(FACT.c.field, FACT.c.value)
        .where(FACT.c.ticket_id == number, FACT.c.active)
        .order_by(FACT.c.id)
    ).all()
    attachments = db.execute(
        select(ATTACHMENT.c.name, ATTACHMENT.c.kind)
        .where(ATTACHMENT.c.raw_id == raw_id)
        .order_by(ATTACHMENT.c.position)
    ).all()
    said = {} if is_audit else _prediction(db, raw_id)
    return ReviewCard(
        raw_id=raw_id,
        ticket=number,
        is_audit=is_audit,
        in_review=bool(ticket.in_review),
        from_name=mail.from_name,
        from_address=mail.from_address,
        received_at_utc=mail.received_at_utc,
        language=mail.language,
        marketplace=mail.marketplace,
        subject=mail.subject,
        text=mail.text,
        quoted=mail.quoted,
        entities=tuple(mail.entities),
        warnings=tuple(mail.warnings),
        attachments=tuple((row.name, row.kind) for row in attachments),
        missing=tuple(ticket.missing),
        facts=tuple((row.field, row.value) for row in facts),
        similar=_similar(db, ticket, [row.value for row in facts if row.field in STRONG_FIELDS]),
        **said,
    )


def predicted_topic(db: Connection, raw_id: int) -> tuple[str, float]:
    """Return what the model said of a mail, also of an audited one: for after the choice."""
    said = _prediction(db, raw_id)
    return (said["predicted"], said["confidence"]) if said else ("", 0.0)


def note_choice(
    db: Connection, card: ReviewCard, actor: str, topic: str, *, duration_ms: int, now_utc: datetime
) -> None:
    """Keep a choice with what was before; call it before the choice is carried out."""
    ticket = db.execute(select(TICKET).where(TICKET.c.id == card.ticket)).one()
    db.execute(
        insert(REVIEW_CHOICE).values(
            actor=actor,
            raw_id=card.raw_id,
            ticket_id=card.ticket,
            topic=topic,
            predicted=predicted_topic(db, card.raw_id)[0],
            is_audit=card.is_audit,
            duration_ms=duration_ms,
            status_before=ticket.status,
            topic_before=ticket.topic,
            was_in_review=bool(ticket.in_review),
            at_utc=now_utc,
        )
    )


def last_choice(db: Connection, actor: str, since_utc: datetime) -> Choice | None:
    """Return a person's last choice that was not undone; None when it is too long ago."""
    row = db.execute(
        select(REVIEW_CHOICE)
        .where(
            REVIEW_CHOICE.c.actor == actor,
            REVIEW_CHOICE.c.undone_at_utc.is_(None),
            REVIEW_CHOICE.c.at_utc > since_utc,
        )
        .order_by(REVIEW_CHOICE.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Choice(
        id=row.id,
        raw_id=row.raw_id,
        ticket=row.ticket_id,
        topic=row.topic,
        topic_before=row.topic_before,
        status_before=row.status_before,
        was_in_review=bool(row.was_in_review),
    )


def mark_undone(db: Connection, choice_id: int, now_utc: datetime) -> None:
    """Note that a choice was taken back: it counts no more."""
    db.execute(update(REVIEW_CHOICE).where(REVIEW_CHOICE.c.id == choice_id).values(undone_at_utc=now_utc))


def review_figures(db: Connection, actor: str, now_utc: datetime) -> ReviewFigures:
    """Return median seconds and agreement with the model over a person's last choices of the day."""
    rows = db.execute(
        select(REVIEW_CHOICE.c.duration_ms, REVIEW_CHOICE.c.topic, REVIEW_CHOICE.c.predicted)
        .where(
            REVIEW_CHOICE.c.actor == actor,
            REVIEW_CHOICE.c.undone_at_utc.is_(None),
            REVIEW_CHOICE.c.at_utc > now_utc - FIGURES_OF,
        )
        .order_by(REVIEW_CHOICE.c.id.desc())
        .limit(LOOKED_AT)
    ).all()
    timed = [row.duration_ms / 1000 for row in rows if row.duration_ms]
    told = [row.topic == row.predicted for row in rows if row.predicted]
    return ReviewFigures(
        count=len(rows),
        median_s=median(timed) if timed else None,
        agreement=sum(told) / len(told) if told else None,
    )


def _prediction(db: Connection, raw_id: int) -> dict[str, Any]:
    row = db.execute(
        select(PREDICTION).where(PREDICTION.c.raw_id == raw_id).order_by(PREDICTION.c.id.desc()).limit(1)
    ).first()
    if row is None:
        return {}
    return {
        "predicted": row.topic,
        "confidence": row.confidence,
        "threshold": row.threshold,
        "probabilities": dict(row.probabilities),
        "reasons": tuple(row.reasons),
    }


def _similar(db: Connection, ticket: Any, values: list[str]) -> tuple[tuple[int, str], ...]:
    """Return tickets that share an identifier, else the newest of the same sender."""
    found = (
        select(TICKET.c.id, TICKET.c.subject)
        .where(TICKET.c.id != ticket.id, TICKET.c.merged_into_id.is_(None))
        .order_by(TICKET.c.id.desc())
        .limit(SIMILAR_SHOWN)
    )
    rows: Sequence[Any] = ()
    if values:
        sharing = select(FACT.c.ticket_id).where(
            FACT.c.field.in_(sorted(STRONG_FIELDS)), FACT.c.value.in_(values[:20]), FACT.c.active
        )
        rows = db.execute(found.where(TICKET.c.id.in_(sharing))).all()
    if not rows and ticket.requester:
        rows = db.execute(found.where(TICKET.c.requester == ticket.requester)).all()
    return tuple((row.id, row.subject) for row in rows)
