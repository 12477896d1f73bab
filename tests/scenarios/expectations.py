"""What a scenario expects: tickets, how mails ended, what was sent, the outbox, the journal.

Each function looks at one step; a failed expectation raises AssertionError that shows the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from models.store import overview
from models.store.schema import FACT, MAIL_STATE, STATUS_EVENT, TICKET
from tests.scenarios import looking
from tests.scenarios.stage import Stage


def ticket(stage: Stage, step: dict[str, Any]) -> None:
    number = stage.number(step["ticket"])
    with stage.store.read() as db:
        row = db.execute(select(TICKET).where(TICKET.c.id == number)).one()
        shown = overview.ticket(db, number)
        events = db.scalars(
            select(STATUS_EVENT.c.to_status)
            .where(STATUS_EVENT.c.ticket_id == number)
            .order_by(STATUS_EVENT.c.id)
        ).all()
        facts = db.execute(select(FACT).where(FACT.c.ticket_id == number)).all()
    seen: dict[str, Any] = {**row._mapping, **shown, "events": list(events)}
    seen["mails"] = sum(message["direction"] == "in" for message in shown["messages"])
    seen["related"] = [stage.ordinal(tag) for tag in shown["related"]]
    seen["claimed"] = stage.ordinal(shown["claimed_ticket"]) if shown["claimed_ticket"] else 0
    seen["merged_into"] = row.merged_into_id - stage.number(1) + 1 if row.merged_into_id else 0
    for name, wanted in step.items():
        if name == "facts":
            for field_name, value in wanted.items():
                active = [fact.value for fact in facts if fact.field == field_name and fact.active]
                assert active == (value if isinstance(value, list) else [value]), f"{step}: {active}"
        elif name == "old_facts":
            old = {(fact.field, fact.value) for fact in facts if not fact.active}
            assert set(wanted.items()) <= old, f"{step}: {old}"
        elif name == "sla_due":
            due = row.sla_due_at_utc
            assert (due.strftime("%Y-%m-%d %H:%M") if due else "") == wanted, f"{step}: {due}"
        elif name in {"score_above", "score_below"}:
            at = row.score
            assert at > wanted if name == "score_above" else at < wanted, f"{step}: {at}"
        elif name != "ticket":
            value = "" if seen[name] is None else seen[name]
            assert value == wanted, f"{step}: {name} is {value!r}"


def tickets(stage: Stage, step: dict[str, Any]) -> None:
    with stage.store.read() as db:
        numbers = db.scalars(select(TICKET.c.id)).all()
    assert len(numbers) == step["tickets"], f"{step}: {numbers}"


def ended(stage: Stage, step: dict[str, Any]) -> None:
    with stage.store.read() as db:
        row = db.execute(select(MAIL_STATE).where(MAIL_STATE.c.raw_id == stage.raw_ids[step["ended"]])).one()
    assert row.disposition == step["as"], f"{step}: {row.disposition} {row.cause}"
    if "on" in step:
        assert row.ticket_id == (stage.number(step["on"]) if step["on"] else None), f"{step}: {row.ticket_id}"


def sent(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the next mail that left, in the order in which they left."""
    assert stage.checked < len(stage.sent), f"nothing more was sent: {step}; outbox {stage.outbox_words()}"
    mail = stage.sent[stage.checked]
    stage.checked += 1
    text, subject = mail.get_content(), str(mail["Subject"])
    kind = next(row.kind for row in stage.outbox_rows() if f"<{row.message_id}>" == mail["Message-ID"])
    wanted = step["sent"]
    assert kind.startswith("operator-") if wanted == "operator" else kind == wanted, f"{step}: {kind}\n{text}"
    assert step.get("to", mail["To"]) == mail["To"], f"{step}: {mail['To']}"
    for words in step.get("contains", []):
        assert words in text or words in subject, f"{step}: {words!r} is not in\n{subject}\n{text}"
    for words in step.get("lacks", []):
        assert words not in text, f"{step}: {words!r} is in\n{text}"
    if "language" in step:
        row = next(row for row in stage.outbox_rows() if f"<{row.message_id}>" == mail["Message-ID"])
        assert row.language == step["language"], f"{step}: {row.language}"
    if "answers" in step:
        original = stage.mails[step["answers"]]["Message-ID"]
        assert mail["In-Reply-To"] == original, f"{step}: {mail['In-Reply-To']}"
        assert original in mail["References"], f"{step}: {mail['References']}"
    if "subject" in step:
        assert subject == step["subject"], f"{step}: {subject}"
    for name, value in step.get("headers", {}).items():
        assert str(mail[name] or "") == value, f"{step}: {name} is {mail[name]}"


def nothing(stage: Stage, step: dict[str, Any]) -> None:
    left = stage.sent[stage.checked :]
    assert not left, f"{step}: sent {[m.get_content() for m in left]}"


def outbox(stage: Stage, step: dict[str, Any]) -> None:
    rows = [row for row in stage.outbox_rows() if row.kind == step["outbox"]]
    assert rows, f"{step}: there is {stage.outbox_words()}"
    assert rows[-1].status == step["status"], f"{step}: {rows[-1].status} {rows[-1].last_error}"


def relay(stage: Stage, step: dict[str, Any]) -> None:
    """Tell the relay how to answer mails to an address from now on."""
    stage.relay.answers[step["relay"]] = step["answer"]


def journal(stage: Stage, step: dict[str, Any]) -> None:
    lines = list(overview.journal(stage.store))
    assert [line["disposition"] for line in lines] == step["journal"], f"{step}: {lines}"


STEPS: dict[str, Callable[[Stage, dict[str, Any]], None]] = {
    "fact": looking.fact,
    "mail": Stage.play_mail,
    "redelivered": Stage.play_redelivery,
    "bind": Stage.play_binding,
    "bounced": Stage.play_bounce,
    "model": Stage.play_model,
    "wait": Stage.play_wait,
    "act": Stage.play_act,
    "tickets": tickets,
    "ended": ended,
    "sent": sent,
    "nothing": nothing,
    "outbox": outbox,
    "relay": relay,
    "journal": journal,
    "stored": looking.stored,
    "audit": looking.audit,
    "history": looking.history,
    "timeline": looking.timeline,
    "kpis": looking.kpis,
    "requests": looking.requests,
    "counts": looking.counts,
    "listed": looking.listed,
    "training": looking.training,
    "held": looking.held,
    "cause": looking.cause,
    "incidents": looking.incidents,
    "same": looking.same_message,
    "letters": looking.letters_to,
    "ticket": ticket,
}


def play(stage: Stage, step: dict[str, Any]) -> None:
    """Play one step; its kind is the first key that names one."""
    name = next((name for name in STEPS if name in step), None)
    assert name is not None, f"a step has one of {', '.join(STEPS)}: {step}"
    STEPS[name](stage, step)
