"""Figures for a monitoring system, all read from the store, so that every process would tell the same.

In goes a store and the present moment, out come samples; `METRICS` lists every name with what it
means, and `docs/monitoring.md` repeats that list (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import case, func, select
from sqlalchemy.engine import Connection

from models.store.engine import Store
from models.store.overview import status
from models.store.schema import INCIDENT, MAIL_STATE, OUTBOX, TICKET, TOPIC_WORK
from models.topics import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A family of samples."""

    kind: str  # "counter" or "gauge"
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One figure."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


METRICS: Final[dict[str, Metric]] = {
    "razbor_mails_accepted_total": Metric(kind="counter", help="SMTP transactions answered with 250."),
    "razbor_mails_ended_total": Metric(
        kind="counter", help="Mails with their disposition.", labels=("disposition",)
    ),
    "razbor_mails_in_flight": Metric(kind="gauge", help="Accepted mails without a disposition."),
    "razbor_mails_oldest_in_flight_seconds": Metric(
        kind="gauge", help="Age of the oldest of them, 0 without one."
    ),
    "razbor_balance_difference": Metric(
        kind="gauge", help="Accepted minus in flight minus ended: anything but 0 is a loss or a double."
    ),
    "razbor_replies": Metric(kind="gauge", help="Outgoing mails by state.", labels=("state",)),
    "razbor_replies_oldest_due_seconds": Metric(
        kind="gauge", help="How long the oldest due reply has been waiting to leave, 0 without one."
    ),
    "razbor_topic_work_due": Metric(kind="gauge", help="Tickets that their topic queue should look at now."),
    "razbor_topic_work_oldest_due_seconds": Metric(
        kind="gauge", help="How long the oldest of them has been due, 0 without one."
    ),
    "razbor_review_waiting": Metric(kind="gauge", help="Tickets whose topic a person should confirm."),
    "razbor_tickets_open": Metric(
        kind="gauge", help="Tickets that are not closed.", labels=("topic", "status")
    ),
    "razbor_tickets_breached": Metric(
        kind="gauge", help="Open tickets whose term is over, by topic.", labels=("topic",)
    ),
    "razbor_tickets_escalated": Metric(
        kind="gauge", help="Open tickets that were escalated, by topic.", labels=("topic",)
    ),
    "razbor_incidents_open": Metric(kind="gauge", help="Faults that several sellers report at once."),
    "razbor_model_serving": Metric(
        kind="gauge", help="1 for the version that serves; absent without one.", labels=("version",)
    ),
    "razbor_model_audited_mails": Metric(
        kind="gauge", help="Mails of the audit share that a person has judged, of this version."
    ),
    "razbor_model_live_precision": Metric(
        kind="gauge", help="Share of them that was routed right; absent while there are none."
    ),
}


def samples(store: Store, now_utc: datetime, *, relay: bool) -> Iterator[Sample]:
    """Read every figure; `relay` tells whether replies can leave at all."""
    counts = status(store, now_utc, relay=relay)
    yield from _of_mails(counts)
    with store.read() as db:
        yield from _ages(db, now_utc, relay=relay)
        yield from _of_tickets(db, now_utc)
        open_incidents = db.scalar(
            select(func.count()).select_from(INCIDENT).where(INCIDENT.c.state == "open")
        )
    yield Sample(name="razbor_incidents_open", value=open_incidents or 0)
    yield from _of_model(counts)


def _of_mails(counts: dict[str, Any]) -> Iterator[Sample]:
    ended = sum(counts["dispositions"].values())
    yield Sample(name="razbor_mails_accepted_total", value=counts["accepted"])
    for name, count in counts["dispositions"].items():
        yield Sample(name="razbor_mails_ended_total", value=count, labels=(("disposition", name),))
    yield Sample(name="razbor_mails_in_flight", value=counts["in_flight"])
    yield Sample(name="razbor_balance_difference", value=counts["accepted"] - counts["in_flight"] - ended)
    for name, count in counts["outbox"].items():
        if name != "due":
            yield Sample(name="razbor_replies", value=count, labels=(("state", name),))
    yield Sample(name="razbor_topic_work_due", value=counts["work_due"])
    yield Sample(name="razbor_review_waiting", value=counts["review"])


def _ages(db: Connection, now_utc: datetime, *, relay: bool) -> Iterator[Sample]:
    oldest = db.scalar(
        select(MAIL_STATE.c.received_at_utc)
        .where(MAIL_STATE.c.disposition.is_(None))
        .order_by(MAIL_STATE.c.raw_id)
        .limit(1)
    )
    yield Sample(name="razbor_mails_oldest_in_flight_seconds", value=_age_s(oldest, now_utc))
    due = db.scalar(select(func.min(OUTBOX.c.due_at_utc)).where(OUTBOX.c.status == "queued"))
    yield Sample(name="razbor_replies_oldest_due_seconds", value=_age_s(due, now_utc) if relay else 0)
    work = db.scalar(select(func.min(TOPIC_WORK.c.due_at_utc)))
    yield Sample(name="razbor_topic_work_oldest_due_seconds", value=_age_s(work, now_utc))


def _age_s(since_utc: datetime | None, now_utc: datetime) -> float:
    return max(0.0, (now_utc - since_utc).total_seconds()) if since_utc is not None else 0.0


def _of_tickets(db: Connection, now_utc: datetime) -> Iterator[Sample]:
    is_late = (TICKET.c.sla_due_at_utc <= now_utc) & (TICKET.c.status != str(Status.WAITING_SELLER))
    rows = db.execute(
        select(
            TICKET.c.topic,
            TICKET.c.status,
            func.count().label("open"),
            func.sum(case((is_late, 1), else_=0)).label("late"),
            func.sum(case((TICKET.c.escalated.is_(True), 1), else_=0)).label("escalated"),
        )
        .where(TICKET.c.status != str(Status.CLOSED))
        .group_by(TICKET.c.topic, TICKET.c.status)
        .order_by(TICKET.c.topic, TICKET.c.status)
    ).all()
    late: dict[str, int] = {}
    escalated: dict[str, int] = {}
    for row in rows:
        yield Sample(
            name="razbor_tickets_open", value=row.open, labels=(("topic", row.topic), ("status", row.status))
        )
        late[row.topic] = late.get(row.topic, 0) + int(row.late)
        escalated[row.topic] = escalated.get(row.topic, 0) + int(row.escalated)
    for name, figures in (("razbor_tickets_breached", late), ("razbor_tickets_escalated", escalated)):
        for topic, count in figures.items():
            yield Sample(name=name, value=count, labels=(("topic", topic),))


def _of_model(counts: dict[str, Any]) -> Iterator[Sample]:
    if counts["model"] is None or counts["learning"] is None:
        return
    yield Sample(name="razbor_model_serving", value=1, labels=(("version", counts["model"]),))
    yield Sample(name="razbor_model_audited_mails", value=counts["learning"]["audited"])
    if counts["learning"]["live_precision"] is not None:
        yield Sample(name="razbor_model_live_precision", value=counts["learning"]["live_precision"])


def exposition(found: Iterator[Sample] | list[Sample]) -> str:
    """Write samples in the Prometheus text format, version 0.0.4: families in the order of `METRICS`.

    Source of the form: the Prometheus documentation, "Exposition formats".
    """
    by_name: dict[str, list[Sample]] = {name: [] for name in METRICS}
    for sample in found:
        by_name[sample.name].append(sample)
    lines = []
    for name, family in by_name.items():
        if not family:
            continue
        lines += [f"# HELP {name} {METRICS[name].help}", f"# TYPE {name} {METRICS[name].kind}"]
        lines += [f"{name}{_label_text(sample)} {_number(sample.value)}" for sample in family]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """Write whole numbers whole: `g` would round a counter of millions."""
    return str(int(value)) if value == int(value) else repr(float(value))


def _label_text(sample: Sample) -> str:
    if not sample.labels:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in sample.labels)
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
