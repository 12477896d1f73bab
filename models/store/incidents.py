"""Mass incidents: one fault that several sellers report within a short time (domain 2.1, api_technical).

A report is a mail that names the fault for the first time on its ticket, whether it opened the ticket or
was appended to one; its time is when the mail was accepted, so that work done late counts the same. A
repetition on the same ticket is no new report: a seller who chases an old fault is no outbreak. A seller
is who is bound, or named in the ticket, or else the address: three colleagues of a shop are one seller.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import BindParameter, Select, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from models.store.schema import FACT, INCIDENT, MAIL_STATE, TICKET

SELLERS: Final = 3
WITHIN: Final = timedelta(minutes=30)
QUIET: Final = timedelta(hours=6)  # a fault that nobody reported for so long is over
FAULT_FIELDS: Final = ("error_ref",)


_Joining: TypeAlias = dict[int, dict[int, datetime]]  # by incident: its new tickets and when each told it


@dataclass(frozen=True, slots=True)
class _Report:
    ticket: int
    seller: str
    at_utc: datetime


def note_incidents(db: Connection, numbers: Collection[int], now_utc: datetime) -> dict[int, str]:
    """Join tickets to the incidents of their faults, opening one when enough sellers report it.

    Returns the fault for each ticket that opened an incident, so that somebody is told. Call it under
    a lock on `incident` so that two workers do not open the same one twice.
    """
    faults = _faults_of(db, numbers)
    fresh = [at for found in faults.values() for _, at in found if at > now_utc - QUIET]
    if not fresh:
        return {}
    told = {signature for found in faults.values() for signature, _ in found}
    reports = _reports(db, told, min(fresh) - WITHIN, max(fresh) + WITHIN)
    joining: _Joining = {}
    opened = {n: _note_incident(db, n, faults[n], reports, now_utc, joining) for n in sorted(faults)}
    _join_all(db, joining)
    return {number: fault for number, fault in opened.items() if fault}


def _note_incident(
    db: Connection,
    number: int,
    faults: Sequence[tuple[str, datetime]],
    reports: Mapping[str, Sequence[_Report]],
    now_utc: datetime,
    joining: _Joining,
) -> str:
    for signature, at_utc in faults:
        if at_utc <= now_utc - QUIET:
            continue  # what was told long ago is no news because somebody says thank you
        given = {"fault": signature, "quiet": now_utc - QUIET, "latest": at_utc + WITHIN}
        known = db.scalar(_KNOWN, given)
        if known is not None:
            joining.setdefault(int(known), {})[number] = at_utc
            return ""
        near = [one for one in reports.get(signature, ()) if abs(one.at_utc - at_utc) <= WITHIN]
        told = _outbreak(near, at_utc)
        if len({report.seller for report in told}) >= SELLERS:
            tickets = {report.ticket for report in told}
            first, last = (end(report.at_utc for report in told) for end in (min, max))
            _join_all(db, joining)  # a ticket stays with the incident that it came to first
            _join(db, _open(db, signature, first), tickets, last)
            return signature
    return ""


def _join_all(db: Connection, joining: _Joining) -> None:
    """Join the tickets that wait for it, those of an incident together: it is counted anew once for all."""
    for incident, times in joining.items():
        _join(db, incident, set(times), max(times.values()))
    joining.clear()


def close_quiet_incidents(db: Connection, now_utc: datetime) -> int:
    """Close incidents that nobody reported for a while; return how many."""
    result = db.execute(
        update(INCIDENT)
        .where(INCIDENT.c.state == "open", INCIDENT.c.last_at_utc <= now_utc - QUIET)
        .values(state="closed", closed_at_utc=now_utc)
    )
    return int(result.rowcount)


def open_incidents(db: Connection) -> list[dict[str, Any]]:
    """List the open incidents, newest first, as `razbor status --json` prints them."""
    rows = db.execute(select(INCIDENT).where(INCIDENT.c.state == "open").order_by(INCIDENT.c.id.desc()))
    return [
        {
            "incident": row.id,
            "fault": row.signature,
            "since": row.first_at_utc.isoformat(),
            "last": row.last_at_utc.isoformat(),
            "sellers": row.seller_count,
            "tickets": row.ticket_count,
        }
        for row in rows
    ]


def _faults_of(db: Connection, numbers: Collection[int]) -> dict[int, list[tuple[str, datetime]]]:
    """Return the faults that tickets name and when each first did; one that names none is absent."""
    found: dict[int, dict[str, datetime]] = {}
    for query in (_OF_TICKETS_BY_MAIL, _OF_TICKETS_BY_OPERATOR):
        for row in db.execute(query, {"numbers": list(numbers)}):
            if row.value:
                found.setdefault(row.id, {}).setdefault(row.value.casefold(), row.at_utc)
    return {number: list(faults.items()) for number, faults in found.items()}


def _reports(
    db: Connection, signatures: Collection[str], since_utc: datetime, until_utc: datetime
) -> dict[str, list[_Report]]:
    """Return the reports of some faults within a span of time, oldest first."""
    given = {"since": since_utc, "until": until_utc}
    # Compared here: the lower() of SQLite leaves Cyrillic letters as they are.
    rows = [
        row
        for query in (_NEAR_BY_MAIL, _NEAR_BY_OPERATOR)
        for row in db.execute(query, given)
        if row.value.casefold() in signatures
    ]
    sellers = _sellers(db, {row.id for row in rows})
    found: dict[str, list[_Report]] = {}
    for row in sorted(rows, key=lambda row: row.at_utc):
        found.setdefault(row.value.casefold(), []).append(_Report(row.id, sellers[row.id], row.at_utc))
    return found


def _outbreak(reports: Sequence[_Report], at_utc: datetime) -> Sequence[_Report]:
    """Return the reports of the half hour with most sellers that holds a moment."""
    spans = [
        [report for report in reports if timedelta() <= report.at_utc - first.at_utc <= WITHIN]
        for first in reports
        if first.at_utc <= at_utc
    ]
    return max(spans, key=lambda span: len({report.seller for report in span}), default=[])


def _by_mail() -> Select[Any]:
    same_mail = (MAIL_STATE.c.ticket_id == FACT.c.ticket_id) & (MAIL_STATE.c.raw_id == FACT.c.raw_id)
    return (
        select(TICKET.c.id, FACT.c.value, MAIL_STATE.c.received_at_utc.label("at_utc"))
        .select_from(MAIL_STATE)
        .join(FACT, same_mail)
        .join(TICKET, TICKET.c.id == FACT.c.ticket_id)
        .where(FACT.c.field.in_(FAULT_FIELDS), FACT.c.active)
        .order_by(FACT.c.id)
    )


def _by_operator() -> Select[Any]:
    return (
        select(TICKET.c.id, FACT.c.value, TICKET.c.opened_at_utc.label("at_utc"))
        .join(FACT, FACT.c.ticket_id == TICKET.c.id)
        .where(FACT.c.field.in_(FAULT_FIELDS), FACT.c.active, FACT.c.raw_id.is_(None))
        .order_by(FACT.c.id)
    )


def _sellers(db: Connection, numbers: Collection[int] | Select[Any]) -> dict[int, str]:
    """Return who each ticket is from: the bound seller, the seller that it names, or the address."""
    stated = select(FACT.c.ticket_id, FACT.c.value).where(
        FACT.c.ticket_id.in_(numbers), FACT.c.field == "seller_id", FACT.c.active
    )
    named = {row.ticket_id: row.value for row in db.execute(stated)}
    rows = db.execute(
        select(TICKET.c.id, TICKET.c.requester, TICKET.c.seller_id).where(TICKET.c.id.in_(numbers))
    )
    return {row.id: row.seller_id or named.get(row.id) or row.requester for row in rows}


def _open(db: Connection, signature: str, first_at_utc: datetime) -> int:
    values = {
        "signature": signature,
        "state": "open",
        "first_at_utc": first_at_utc,
        "last_at_utc": first_at_utc,
        "seller_count": 0,
        "ticket_count": 0,
    }
    return int(db.execute(insert(INCIDENT).values(values).returning(INCIDENT.c.id)).scalar_one())


def _join(db: Connection, incident: int, tickets: Collection[int], last_at_utc: datetime) -> None:
    """Put tickets under an incident and count it anew."""
    fresh = TICKET.c.id.in_(tickets) & TICKET.c.incident_id.is_(None)
    db.execute(update(TICKET).where(fresh).values(incident_id=incident))
    joined = _sellers(db, select(TICKET.c.id).where(TICKET.c.incident_id == incident))
    before = db.execute(select(INCIDENT.c.last_at_utc).where(INCIDENT.c.id == incident)).scalar_one()
    db.execute(
        update(INCIDENT)
        .where(INCIDENT.c.id == incident)
        .values(
            last_at_utc=max(before, last_at_utc),
            ticket_count=len(joined),
            seller_count=len(set(joined.values())),
        )
    )


# Built once: they run for every batch of tickets that may name a fault.
_OF_TICKETS_BY_MAIL: Final = _by_mail().where(TICKET.c.id.in_(bindparam("numbers", expanding=True)))
_OF_TICKETS_BY_OPERATOR: Final = _by_operator().where(TICKET.c.id.in_(bindparam("numbers", expanding=True)))
_SPAN: Final[tuple[BindParameter[datetime], BindParameter[datetime]]] = bindparam("since"), bindparam("until")
_NEAR_BY_MAIL: Final = _by_mail().where(MAIL_STATE.c.received_at_utc.between(*_SPAN))
_NEAR_BY_OPERATOR: Final = _by_operator().where(TICKET.c.opened_at_utc.between(*_SPAN))
_KNOWN: Final = select(INCIDENT.c.id).where(
    INCIDENT.c.signature == bindparam("fault"),
    INCIDENT.c.state == "open",
    INCIDENT.c.last_at_utc > bindparam("quiet"),
    INCIDENT.c.first_at_utc <= bindparam("latest"),
)
