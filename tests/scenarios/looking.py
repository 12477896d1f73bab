"""Further things that a scenario looks at: what is stored of a mail, the audit trail, figures, exports."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models.store import overview
from models.store.kpis import desk_kpis
from models.store.learning import labelled_mails
from models.store.mails import held_mails
from models.store.requests import requests_of
from models.store.schema import ATTACHMENT, AUDIT, FACT, MAIL_STATE, MESSAGE, OUTBOX, STATUS_EVENT
from tests.scenarios.stage import START, Stage


def stored(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the stored record of a mail: its columns, words, findings, attachments, warnings."""
    raw_id = stage.raw_ids[step["stored"]]
    with stage.store.read() as db:
        row = db.execute(select(MESSAGE).where(MESSAGE.c.raw_id == raw_id)).one()
        parts = db.execute(select(ATTACHMENT).where(ATTACHMENT.c.raw_id == raw_id)).all()
    whole = json.dumps([dict(r._mapping) for r in (row, *parts)], default=str, ensure_ascii=False)
    for words in step.get("lacks", []):
        assert words not in whole, f"{step}: {words!r} is in {whole}"
    for words in step.get("contains", []):
        assert words in whole, f"{step}: {words!r} is not in {whole}"
    kinds = {finding["type"]: finding["value"] or finding["text"] for finding in row.findings}
    for kind, value in step.get("findings", {}).items():
        assert kinds.get(kind) == value, f"{step}: {kinds}"
    for column in ("kind", "language", "marketplace", "suppress_replies", "text", "mailbox"):
        if column in step:
            assert getattr(row, column) == step[column], f"{step}: {getattr(row, column)!r}"
    if "redacted" in step:
        types = sorted({redaction["type"] for redaction in row.redacted})
        assert types == step["redacted"], f"{step}: {types}"
    if "attachments" in step:
        assert {part.name: part.kind for part in parts} == step["attachments"], f"{step}: {parts}"


def audit(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the audit trail of a ticket: who did what, in order."""
    with stage.store.read() as db:
        rows = db.execute(
            select(AUDIT.c.actor, AUDIT.c.action)
            .where(AUDIT.c.subject == f"ticket:{stage.number(step['audit'])}")
            .order_by(AUDIT.c.id)
        ).all()
    assert [f"{row.actor} {row.action}" for row in rows] == step["actions"], f"{step}: {rows}"


def history(stage: Stage, step: dict[str, Any]) -> None:
    """Look at a ticket's status events with who moved it and why."""
    with stage.store.read() as db:
        rows = db.execute(
            select(STATUS_EVENT)
            .where(STATUS_EVENT.c.ticket_id == stage.number(step["history"]))
            .order_by(STATUS_EVENT.c.id)
        ).all()
    seen = [f"{row.at_utc:%d %H:%M} {row.to_status} {row.actor}: {row.reason}" for row in rows]
    assert seen == step["moves"], f"{step}: {seen}"


def fact(stage: Stage, step: dict[str, Any]) -> None:
    """Look at where one active fact of a ticket came from."""
    with stage.store.read() as db:
        rows = db.execute(
            select(FACT).where(
                FACT.c.ticket_id == stage.number(step["on"]), FACT.c.field == step["fact"], FACT.c.active
            )
        ).all()
    values = [row.value for row in rows]
    assert step["value"] in values, f"{step}: {values}"
    row = rows[values.index(step["value"])]
    assert row.source == step.get("source", row.source), f"{step}: {row.source}"
    if "mail" in step:
        assert row.raw_id == stage.raw_ids[step["mail"]], f"{step}: {row.raw_id}"


def timeline(stage: Stage, step: dict[str, Any]) -> None:
    """Look at everything that stands on a ticket: mails in with their ends, mails out with their kinds."""
    with stage.store.read() as db:
        shown = overview.ticket(db, stage.number(step["timeline"]))
    seen = [f"{m['direction']} {m['disposition'] or m['kind'].partition('-')[0]}" for m in shown["messages"]]
    assert seen == step["mails"], f"{step}: {seen}"


def kpis(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the key figures of a topic ("" for all) since the scenario's start."""
    with stage.store.read() as db:
        rows = desk_kpis(db, since_utc=START, until_utc=stage.now + timedelta(seconds=1))
    row = next((row for row in rows if row["name"] == step["kpis"]), None)
    assert row is not None, f"{step}: {rows}"
    for name, value in step["figures"].items():
        assert row[name] == value, f"{step}: {name} is {row[name]}"


def requests(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the journal of requests of a seller."""
    with stage.store.read() as db:
        rows = list(requests_of(db, seller=step["requests"]))
    seen = [{name: row[name] for name in line} for row, line in zip(rows, step["lines"], strict=True)]
    assert seen == step["lines"], f"{step}: {rows}"


def counts(stage: Stage, step: dict[str, Any]) -> None:
    """Look at `razbor status`: dispositions, outbox, review."""
    seen = overview.status(stage.store, stage.now, relay=True)
    flat = {**seen, **seen["dispositions"], **{f"outbox_{k}": v for k, v in seen["outbox"].items()}}
    for name, value in step["counts"].items():
        assert flat.get(name, 0) == value, f"{step}: {name} is {flat.get(name)}"


def listed(stage: Stage, step: dict[str, Any]) -> None:
    """List tickets by topic and status as `razbor tickets list` does."""
    with stage.store.read() as db:
        rows = list(overview.tickets(db, topic=step.get("topic"), ticket_status=step.get("status")))
    assert [stage.ordinal(row["number"]) for row in rows] == step["listed"], f"{step}: {rows}"


def training(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the words of a labelled mail as training data."""
    with stage.store.read() as db:
        rows = [row for row in labelled_mails(db) if row.raw_id == stage.raw_ids[step["training"]]]
    assert len(rows) == step.get("rows", 1), f"{step}: {rows}"
    for words in step.get("contains", []):
        assert words in rows[0].text, f"{step}: {rows}"
    for words in step.get("lacks", []):
        assert words not in f"{rows}", f"{step}: {rows}"


def held(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the held mails: how many, and the words of the newest one's cause."""
    with stage.store.read() as db:
        rows = held_mails(db)
    assert len(rows) == step["held"], f"{step}: {rows}"
    if "cause" in step:
        assert step["cause"] in rows[0]["cause"], f"{step}: {rows[0]['cause']}"


def cause(stage: Stage, step: dict[str, Any]) -> None:
    """Look at why a mail ended as it did."""
    with stage.store.read() as db:
        row = db.execute(select(MAIL_STATE).where(MAIL_STATE.c.raw_id == stage.raw_ids[step["cause"]])).one()
    assert step["says"] in row.cause, f"{step}: {row.cause}"


def incidents(stage: Stage, step: dict[str, Any]) -> None:
    """Look at the open incidents as `razbor status` tells them: how many sellers and tickets each has."""
    told = overview.status(stage.store, stage.now, relay=True)["incidents"]
    seen = [{"sellers": row["sellers"], "tickets": row["tickets"]} for row in told]
    assert seen == step["incidents"], f"{step}: {seen}"


def same_message(stage: Stage, step: dict[str, Any]) -> None:
    """The last two mails that left are the same one, octet for octet: sent again by an operator."""
    assert step["same"] == "octets"
    (_, _, before), (_, _, after) = stage.relay.mails[-2:]
    assert before == after, f"{step}\n{before.decode()}\n{after.decode()}"
    stage.checked = len(stage.sent)


def letters_to(stage: Stage, step: dict[str, Any]) -> None:
    """Count the automatic mails to an address by their state in the outbox."""
    with stage.store.read() as db:
        rows = db.scalars(
            select(OUTBOX.c.status).where(OUTBOX.c.rcpt_to == step["letters"], OUTBOX.c.automatic)
        ).all()
    seen = {state: rows.count(state) for state in sorted(set(rows))}
    assert seen == step["states"], f"{step}: {seen}"
