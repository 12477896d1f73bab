"""Key figures of the desk (rules R29, R30), each a query over tickets opened or closed in a span of time.

What is counted as a good end of each topic is data: `models/outcome_shares.toml`.

Shares are None where nothing can be counted yet: "0 of 0" is no zero.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, select
from sqlalchemy.engine import Connection

from models.store.schema import TICKET


def desk_kpis(
    db: Connection, *, since_utc: datetime, until_utc: datetime, by: str = "topic"
) -> list[dict[str, Any]]:
    """Return one row per value of `by` (topic, language, marketplace) and one for all, named "".

    A topic's row tells in `outcomes` the shares that rule R30 asks of it, None where nothing ended so.

    `opened` counts tickets opened in the span; everything about reactions is of those. `closed`,
    cycle time, rounds and resolutions are of tickets closed in the span. Merged tickets do not count.
    """
    column = TICKET.c[by]
    opened = _opened(db, column, since_utc, until_utc)
    closed = _closed(db, column, since_utc, until_utc)
    names = ("", *sorted(opened.keys() | closed.keys()))
    rows = {name: _empty(name) | opened.get(name, {}) | closed.get(name, {}) for name in names}
    total = rows[""]
    for name, row in rows.items():
        if name:
            for key in _COUNTED:
                total[key] += row[key]
            total["resolutions"] += row["resolutions"]
    return [_with_shares(row) for row in rows.values() if row["opened"] or row["closed"] or not row["name"]]


_COUNTED = (
    "opened",
    "reacted",
    "reacted_in_time",
    "closed",
    "cycle_s_sum",
    "first_pass",
    "reopened",
    "repeated",
)


def _empty(name: str) -> dict[str, Any]:
    return {"name": name, **dict.fromkeys(_COUNTED, 0), "resolutions": Counter()}


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(case((condition, 1), else_=0), Integer)), 0)


def _opened(
    db: Connection, column: ColumnElement[Any], since_utc: datetime, until_utc: datetime
) -> dict[str, dict[str, int]]:
    rows = db.execute(
        select(
            column,
            func.count(),
            _number(TICKET.c.first_reaction_in_time.is_not(None)),
            _number(TICKET.c.first_reaction_in_time),
            _number(TICKET.c.repeats > 0),
        )
        .where(
            and_(TICKET.c.opened_at_utc >= since_utc, TICKET.c.opened_at_utc < until_utc),
            TICKET.c.merged_into_id.is_(None),
        )
        .group_by(column)
    )
    return {
        str(row[0]): {
            "opened": int(row[1]),
            "reacted": int(row[2]),
            "reacted_in_time": int(row[3]),
            "repeated": int(row[4]),
        }
        for row in rows
    }


def _closed(
    db: Connection, column: ColumnElement[Any], since_utc: datetime, until_utc: datetime
) -> dict[str, dict[str, Any]]:
    inside = and_(
        TICKET.c.closed_at_utc >= since_utc,
        TICKET.c.closed_at_utc < until_utc,
        TICKET.c.merged_into_id.is_(None),
    )
    rows = db.execute(
        select(
            column,
            func.count(),
            func.coalesce(func.sum(TICKET.c.cycle_s), 0),
            _number(TICKET.c.question_count == 0),
            _number(TICKET.c.reopened > 0),
        )
        .where(inside)
        .group_by(column)
    )
    found: dict[str, dict[str, Any]] = {
        str(row[0]): {
            "closed": int(row[1]),
            "cycle_s_sum": int(row[2]),
            "first_pass": int(row[3]),
            "reopened": int(row[4]),
            "resolutions": Counter(),
        }
        for row in rows
    }
    ends = db.execute(
        select(column, TICKET.c.resolution, func.count()).where(inside).group_by(column, TICKET.c.resolution)
    )
    for name, resolution, count in ends:
        found[str(name)]["resolutions"][resolution] += int(count)
    return found


def _with_shares(row: dict[str, Any]) -> dict[str, Any]:
    ends: Counter[str] = row["resolutions"]
    return {
        "name": row["name"],
        "opened": row["opened"],
        "closed": row["closed"],
        "first_reaction_in_time": _share(row["reacted_in_time"], row["reacted"]),
        "mean_cycle_h": round(row["cycle_s_sum"] / row["closed"] / 3600, 2) if row["closed"] else None,
        "without_question": _share(row["first_pass"], row["closed"]),
        "reopened": _share(row["reopened"], row["closed"]),
        "repeated": _share(row["repeated"], row["opened"]),
        "resolutions": {name: count for name, count in sorted(ends.items()) if name},
        "outcomes": {
            name: _share(sum(ends[code] for code in share["codes"]), sum(ends[code] for code in share["of"]))
            for name, share in outcome_shares().get(row["name"], {}).items()
        },
    }


@cache
def outcome_shares() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Return topic -> figure -> `codes`, `of` and the `name` in three languages (rule R30)."""
    return tomllib.loads((files("models") / "outcome_shares.toml").read_text(encoding="utf-8"))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
