"""What an operator does with a ticket: take, move, close, correct, note, merge, split (rules R20-R33, R57).

Every act is one write transaction under the ticket's lock, audited with its actor, and puts the
ticket's clock right. An act that the rules do not allow raises `ActError`, which says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from models.decisions import FactValue
from models.store import Db
from models.store.engine import StoreError
from models.store.facts import merge_facts, withdraw_fact
from models.store.learning import add_label, set_topic, withdraw_label
from models.store.ticket_events import note_event
from models.store.ticket_life import (
    add_note,
    audit,
    merge_tickets,
    newest_raw_id,
    set_ticket,
    ticket_row,
)
from models.store.tickets import move_status
from models.store.topic_work import cancel_topic_work, make_topic_work_due
from models.store.word_index import index_openers
from models.topics import SPAM, Status
from workers.clocks import note_close, note_reaction, refresh_clock
from workers.priority import LEVELS, level_of, within_level
from workers.service import Service
from workers.word_lists import read_table

STAGES: Final = ("intake", "analysis", "approval", "execution", "check")  # rule R27


class ActError(ValueError):
    """An act that cannot be done; the message tells the operator why and what to do instead."""


def resolutions_of(topic: str) -> dict[str, dict[str, str]]:
    """Return the codes that close a ticket of `topic`, with their names by language (rule R30)."""
    table = read_table("resolutions.toml")
    return {**table.get(topic, {}), **table["any"]}


def take(service: Service, number: int, actor: str, *, assignee: str | None = None) -> None:
    """Assign a ticket to `assignee` (the actor, unless named); a new one is then in progress."""
    whom = actor if assignee is None else assignee
    with _on_ticket(service, number) as db:
        set_ticket(db, number, service.now(), assignee=whom)
        if whom and ticket_row(db, number).status == Status.NEW:
            _move(db, service, number, Status.IN_PROGRESS, actor, "taken")
        _done(db, service, number, actor, "assign", assignee=whom)


def move(service: Service, number: int, actor: str, to: Status, reason: str) -> None:
    """Move a ticket to another status with a reason; closing is `close`."""
    if to is Status.CLOSED:
        msg = "a ticket is closed with a resolution: choose one of its topic"
        raise ActError(msg)
    with _on_ticket(service, number) as db:
        _move(db, service, number, to, actor, reason)
        _done(db, service, number, actor, "move", to=str(to), reason=reason)


def close(service: Service, number: int, actor: str, *, resolution: str, reason: str) -> None:
    """Close a ticket (rules R23, R30): both a resolution code of its topic and a reason are needed."""
    with _on_ticket(service, number) as db:
        known = resolutions_of(ticket_row(db, number).topic)
        if resolution not in known:
            msg = f"{resolution or 'no resolution'!r} does not end this topic; choose of {', '.join(known)}"
            raise ActError(msg)
        if not reason.strip():
            msg = "say in a few words why the ticket is closed"
            raise ActError(msg)
        _move(db, service, number, Status.CLOSED, actor, reason)
        set_ticket(db, number, service.now(), resolution=resolution, in_review=False)
        _done(db, service, number, actor, "close", resolution=resolution, reason=reason)


def set_priority(service: Service, number: int, actor: str, priority: str, reason: str) -> None:
    """Set a ticket's priority by hand; with "" it is worked out again from its four parts (rule R24)."""
    if priority and priority not in LEVELS:
        msg = f"priorities are {', '.join(LEVELS)}"
        raise ActError(msg)
    if priority and not reason.strip():
        msg = "say in a few words why the priority is another one"
        raise ActError(msg)
    with _on_ticket(service, number) as db:
        row = ticket_row(db, number)
        points = sum(row.priority_parts.values())
        level = priority or level_of(points, row.topic)
        set_ticket(
            db,
            number,
            service.now(),
            priority=level,
            priority_by=actor if priority else "",
            score=within_level(points, level) if priority else points,
        )
        _done(db, service, number, actor, "priority", before=row.priority, after=level, reason=reason)


def set_stage(service: Service, number: int, actor: str, stage: str) -> None:
    """Set how far the work on a ticket in progress is (rule R27)."""
    with _on_ticket(service, number) as db:
        if stage not in STAGES or ticket_row(db, number).status != Status.IN_PROGRESS:
            msg = f"stages are {', '.join(STAGES)}, and only a ticket in progress has one"
            raise ActError(msg)
        set_ticket(db, number, service.now(), stage=stage)
        _done(db, service, number, actor, "stage", stage=stage)


def choose_topic(
    service: Service, number: int, actor: str, topic: str, *, source: str = "review", delay_s: int = 0
) -> None:
    """Give a ticket its topic: a label for learning, and its topic queue works it after `delay_s`.

    `source` is review or audit. A ticket called spam is closed as no case and never answered.
    Until the delay is over, `take_back_topic` undoes the choice before anybody was answered.
    """
    with _on_ticket(service, number) as db:
        before = ticket_row(db, number)
        raw_id = newest_raw_id(db, number) if before.opened_by_raw_id is None else before.opened_by_raw_id
        if raw_id is not None:
            add_label(db, raw_id, topic, author=actor, source=source, now_utc=service.now())
        set_topic(db, number, topic, now_utc=service.now())
        if topic == SPAM:
            set_ticket(db, number, service.now(), suppress_replies="called spam by an operator")
            if before.status != Status.CLOSED:
                _move(db, service, number, Status.CLOSED, actor, "spam")
            set_ticket(db, number, service.now(), resolution="not_a_case")
        else:
            due = service.now() + timedelta(seconds=delay_s)
            make_topic_work_due(db, number, topic, newest_raw_id(db, number), due)
        _done(db, service, number, actor, "topic", before=before.topic, after=topic, source=source)


def take_back_topic(
    service: Service, number: int, actor: str, topic: str, status: Status, *, in_review: bool
) -> None:
    """Undo `choose_topic`: topic, status (as far as rule R20 allows) and the place in review come back.

    The label is withdrawn; a reply that has left meanwhile stays left.
    """
    with _on_ticket(service, number) as db:
        now, row = service.now(), ticket_row(db, number)
        raw_id = newest_raw_id(db, number) if row.opened_by_raw_id is None else row.opened_by_raw_id
        if raw_id is not None:
            withdraw_label(db, raw_id)
        cancel_topic_work(db, number)
        if row.topic == SPAM:
            set_ticket(db, number, now, suppress_replies="", resolution="")
        if row.status == Status.CLOSED and status is not Status.CLOSED:
            _move(db, service, number, Status.IN_PROGRESS, actor, "undone")
        set_ticket(db, number, now, topic=topic, topic_source="model", in_review=in_review)
        _done(db, service, number, actor, "topic_undone", topic=topic)


def set_fact(service: Service, number: int, actor: str, field: str, value: str, *, was: str = "") -> None:
    """Add a fact, or put `value` in the place of the value `was`; the ticket is then worked again."""
    with _on_ticket(service, number) as db:
        if was:
            withdraw_fact(db, number, field, was)
        if value.strip():
            fact = FactValue(field=field, value=value.strip(), text=value.strip(), source="operator")
            merge_facts(db, number, [fact], service.now())
        index_openers(db, [number])
        _work_again(db, service, number)
        _done(db, service, number, actor, "fact", field=field, value=value.strip(), was=was)


def bind_seller(service: Service, number: int, actor: str, seller_id: str) -> None:
    """Bind a ticket to a seller: it is not asked for its id, and the seller's addresses may write in it."""
    with _on_ticket(service, number) as db:
        set_ticket(db, number, service.now(), seller_id=seller_id.strip())
        _work_again(db, service, number)
        _done(db, service, number, actor, "bind", seller_id=seller_id.strip())


def escalate(service: Service, number: int, actor: str, reason: str) -> None:
    """Put a ticket into the lead's queue, or back out of it when `reason` is empty."""
    with _on_ticket(service, number) as db:
        up = bool(reason.strip())
        at = service.now() if up else None
        set_ticket(db, number, service.now(), escalated=up, escalated_at_utc=at)
        if up:
            note_event(db, "ticket.escalated", number, service.now())
        _done(db, service, number, actor, "escalate", up=up, reason=reason)


def write_note(service: Service, number: int, actor: str, text: str) -> None:
    """Leave a note for the other operators; sellers never see it."""
    if not text.strip():
        msg = "the note is empty"
        raise ActError(msg)
    with _on_ticket(service, number) as db:
        add_note(db, number, actor, text.strip(), service.now())
        _done(db, service, number, actor, "note")


def merge(service: Service, number: int, actor: str, into: int) -> None:
    """Merge a ticket into another one; mails that name the old number reach the new one (rule R3)."""
    with service.store.write({f"ticket:RZ-{number}", f"ticket:RZ-{into}"}) as db:
        _existing(db, number, into)
        if ticket_row(db, number).status != Status.CLOSED:
            _move(db, service, number, Status.CLOSED, actor, f"merged into RZ-{into}")
        try:
            merge_tickets(db, number, into, service.now())
        except StoreError as error:
            raise ActError(str(error)) from error
        _work_again(db, service, into)
        _done(db, service, number, actor, "merge", into=into)
        _done(db, service, into, actor, "merged_from", merged=number)


def _work_again(db: Db, service: Service, number: int) -> None:
    row = ticket_row(db, number)
    if not row.in_review and row.status != Status.CLOSED:
        make_topic_work_due(db, number, row.topic, newest_raw_id(db, number), service.now())


def _move(db: Db, service: Service, number: int, to: Status, actor: str, reason: str) -> None:
    """Move a ticket; the first act of a person on it is the desk's first reaction."""
    row = ticket_row(db, number)
    if row.merged_into_id is not None:
        msg = f"RZ-{number} was merged into RZ-{row.merged_into_id}: work there"
        raise ActError(msg)
    note_reaction(db, number, service.now())
    try:
        if row.status == Status.CLOSED and to is not Status.IN_PROGRESS:
            move_status(db, number, Status.IN_PROGRESS, reason="reopened", now_utc=service.now(), actor=actor)
        move_status(db, number, to, reason=reason, now_utc=service.now(), actor=actor)
    except StoreError as error:
        raise ActError(str(error)) from error
    if to is Status.CLOSED:
        note_close(db, number, service.now())


def _existing(db: Db, *numbers: int) -> None:
    try:
        for number in numbers:
            ticket_row(db, number)
    except StoreError as error:
        raise ActError(str(error)) from error


def _done(db: Db, service: Service, number: int, actor: str, action: str, **detail: object) -> None:
    audit(db, actor, action, f"ticket:{number}", service.now(), **detail)
    refresh_clock(db, number, service.now())


@contextmanager
def _on_ticket(service: Service, number: int) -> Iterator[Db]:
    """Open the transaction of an act on one ticket."""
    with service.store.write({f"ticket:RZ-{number}"}) as db:
        _existing(db, number)
        yield db
