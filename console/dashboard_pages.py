"""The dashboard: intake and its balance, ages, terms, key figures, and how well routing keeps its promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from console.charts import LineChart, StackedBars, line_chart, stacked_bars
from console.context import Console, console_of, moments_for
from console.figures_shelf import Question
from console.moments import Moments
from console.pages import render
from console.periods import CHOICES, Period, period_of
from console.promise import LEAST_AUDITED, upper_bound
from console.routes import page_router
from models.store.desk_figures import (
    IN_FLIGHT,
    HourCount,
    OpenAges,
    audits_by_hour,
    intake_by_hour,
    moves_by_hour,
    open_ages,
    question_rounds,
    reactions_by_hour,
    routing_by_hour,
)
from models.store.engine import Db, Store
from models.store.first_steps import first_steps
from models.store.kpis import desk_kpis, outcome_shares
from models.topics import SLUGS, Disposition

router = page_router()
GROUPS: Final = ("topic", "language", "marketplace")
AGE_EDGES: Final = (timedelta(hours=4), timedelta(days=1), timedelta(days=3), timedelta(days=7))
_ENDS: Final = (*map(str, Disposition), IN_FLIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFigures:
    """Everything that the page draws, as counted."""

    ends: dict[str, int]
    intake: StackedBars
    moves: StackedBars
    reactions: StackedBars
    routing: StackedBars
    promise: LineChart
    routed: tuple[int, int]  # by the model alone, of all that opened a ticket
    audited: tuple[int, int]  # right, of all that were labelled
    reacted: tuple[int, int]  # in time, of all that were answered
    ages: list[OpenAges]
    rounds: list[int]
    kpis: list[dict[str, Any]]  # the first row is all together
    counted_at_utc: datetime


@router.get("/dashboard", name="dashboard")
def dashboard(request: Request, by: str = "topic") -> Response:
    """Show the figures of a period, by topic, language or marketplace."""
    console, when = console_of(request), moments_for(request)
    period = period_of(request.query_params, when.now_utc, when.zone)
    by = by if by in GROUPS else GROUPS[0]
    figures: DeskFigures = console.figures.of(*_question(console, period, when, by))
    usual = (period_of({"days": str(days)}, when.now_utc, when.zone) for days in CHOICES)
    console.figures.prepare(dict(_question(console, other, when, by) for other in usual))
    with console.store.read() as db:
        steps = first_steps(db)
    return render(
        request,
        "dashboard.html",
        page="dashboard",
        period=period,
        choices=CHOICES,
        figures=figures,
        by=by,
        groups=GROUPS,
        kpis=figures.kpis[1:],
        everything=figures.kpis[0],
        ends=_ENDS,
        least_audited=LEAST_AUDITED,
        target=console.options.precision_target,
        resolutions={code: names for slug in SLUGS for code, names in console.desk.resolutions(slug).items()},
        outcome_shares=outcome_shares(),
        is_broken=upper_bound(*figures.audited) < console.options.precision_target,
        steps=steps,
        has_relay=console.options.relay,
        address=_address(period),
    )


def _question(
    console: Console, period: Period, when: Moments, by: str
) -> tuple[Question, Callable[[], DeskFigures]]:
    """Return what is asked for, and how it is counted."""
    asked = (period.first.isoformat(), period.last.isoformat(), when.zone.key, when.words.language, by)
    return asked, lambda: _counted(console.store, period, when, by)


def _counted(store: Store, period: Period, when: Moments, by: str) -> DeskFigures:
    with store.read() as db:
        return _figures(db, period, when, by)


def _figures(db: Db, period: Period, when: Moments, by: str) -> DeskFigures:
    span, labels = period.span, period.labels(when)
    intake = intake_by_hour(db, span)
    reactions, routing = reactions_by_hour(db, span), routing_by_hour(db, span)
    audits = audits_by_hour(db, span)
    routed = period.spread(routing, ("route", "review"))
    audited = period.spread(audits, ("right", "wrong"))
    return DeskFigures(
        ends={name: _sum(intake, name) for name in _ENDS},
        intake=stacked_bars(labels, period.spread(intake, _ENDS)),
        moves=stacked_bars(
            labels, period.spread(moves_by_hour(db, span), ("opened", "closed")), side_by_side=True
        ),
        reactions=stacked_bars(labels, period.spread(reactions, ("in_time", "late", "none"))),
        routing=stacked_bars(labels, routed),
        promise=line_chart(
            labels,
            {
                "routed": _shares(routed["route"], routed["review"]),
                "precision": _shares(audited["right"], audited["wrong"]),
            },
        ),
        routed=(_sum(routing, "route"), _sum(routing, "route", "review")),
        audited=(_sum(audits, "right"), _sum(audits, "right", "wrong")),
        reacted=(_sum(reactions, "in_time"), _sum(reactions, "in_time", "late")),
        ages=open_ages(db, when.now_utc, AGE_EDGES),
        rounds=question_rounds(db, span),
        kpis=desk_kpis(db, since_utc=span.since_utc, until_utc=span.until_utc, by=by),
        counted_at_utc=when.now_utc,
    )


def _sum(counts: list[HourCount], *names: str) -> int:
    return sum(one.count for one in counts if one.name in names)


def _shares(parts: list[int], others: list[int]) -> list[float | None]:
    return [
        part / (part + other) if part + other else None for part, other in zip(parts, others, strict=True)
    ]


def _address(period: Period) -> str:
    """Return the query of this period, for links that keep it."""
    given: dict[str, Any] = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    return urlencode({"days": period.chosen_days} if period.chosen_days else given)
