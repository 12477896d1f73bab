"""Settings of the desk's time: working hours, holidays, and the terms promised to sellers (R28, R29)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any, Final
from zoneinfo import available_timezones

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from console.context import console_of, visitor_of, words_for
from console.forms import GivenForm, field
from console.pages import back_to, render
from console.policy_desk import CALENDAR, TERMS
from console.routes import page_router
from console.wording import Words
from models.store.policy_history import policy_versions
from models.topics import ROUTED_SLUGS

router = page_router()
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MARKETPLACES: Final = ("ozon", "wb")
UNITS: Final = ("min", "h", "d")
KINDS: Final = ("first_reaction", "resolution")
FACTORS: Final = ("urgent", "high")
MOST_HOLIDAYS: Final = 400
_TERM: Final = re.compile(r"(\d{1,4}) ?(min|h|d)")


class EntryError(ValueError):
    """A field cannot be read; the message is in the words of the reader."""


@router.get("/settings/time", name="desk_time")
def desk_time(request: Request) -> Response:
    """Show calendar and terms."""
    return _page(request)


@router.post("/settings/calendar", name="save_calendar")
def save_calendar(request: Request, form: GivenForm) -> Response:
    """Save the working hours and holidays."""
    words = words_for(request)
    try:
        body = read_calendar(form, words)
    except EntryError as error:
        return _page(request, fault=str(error), status=422)
    return _save(request, CALENDAR, body, form)


@router.post("/settings/terms", name="save_terms")
def save_terms(request: Request, form: GivenForm) -> Response:
    """Save the terms."""
    words = words_for(request)
    before, _ = console_of(request).desk.policies.in_force(TERMS)
    try:
        body = read_terms(form, before, words)
    except EntryError as error:
        return _page(request, fault=str(error), status=422)
    return _save(request, TERMS, body, form)


def read_calendar(form: FormData, words: Words) -> dict[str, Any]:
    """Make the policy `calendar` of a form; EntryError names the field that cannot be read."""
    zone = field(form, "timezone")
    if zone not in available_timezones():
        raise EntryError(words("account.unknown_zone"))
    week: dict[str, str] = {}
    for day in WEEKDAYS:
        begins, ends = field(form, f"from_{day}"), field(form, f"to_{day}")
        if not begins and not ends:
            continue
        if not _is_time(begins) or not _is_time(ends):
            raise EntryError(words("time.bad_hours", day=words.name("weekday", day)))
        week[day] = f"{begins}-{ends}"
    if not week:
        raise EntryError(words("time.no_hours"))
    holidays = field(form, "holidays").replace(",", " ").split()
    for entry in holidays:
        if not _is_day(entry):
            raise EntryError(words("time.bad_holiday", entry=entry[:40]))
    if len(holidays) > MOST_HOLIDAYS:
        raise EntryError(words("time.too_many_holidays", n=MOST_HOLIDAYS))
    return {"timezone": zone, "holidays": list(dict.fromkeys(holidays)), "week": week}


def read_terms(form: FormData, before: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Make the policy `sla` of a form; a row without terms is left out. EntryError names what is wrong."""
    rows: dict[str, dict[str, str]] = {}
    added = field(form, "new_key")
    for key in ("default", *ROUTED_SLUGS, *MARKETPLACES, *_pairs(before), added):
        if not key:
            continue
        place = "new" if key == added and f"{key}.resolution" not in form else key
        row = {kind: _term(form, f"{place}.{kind}", words) for kind in KINDS}
        rows[key] = {kind: term for kind, term in row.items() if term}
    default = rows.pop("default")
    if len(default) != len(KINDS):
        raise EntryError(words("time.default_needed"))
    factors: dict[str, float] = {}
    for name in FACTORS:
        text = field(form, f"factor.{name}").replace(",", ".")
        if not re.fullmatch(r"(0\.\d{1,3}|1(\.0{1,3})?)", text) or float(text) <= 0:
            raise EntryError(words("time.bad_factor"))
        factors[name] = float(text)
    hours = field(form, "working_day_h")
    if not re.fullmatch(r"[1-9]|1\d|2[0-4]", hours):
        raise EntryError(words("time.bad_day"))
    return {
        "working_day_s": int(hours) * 3600,
        "default": default,
        "terms": {key: row for key, row in rows.items() if row},
        "priority_factor": factors,
    }


def term_parts(text: str) -> tuple[str, str]:
    """Split a term as it is written ("4 h") into number and unit; empty where there is none."""
    match = _TERM.fullmatch(str(text).strip())
    return (match[1], match[2]) if match else ("", "h")


def _save(request: Request, name: str, body: dict[str, Any], form: FormData) -> Response:
    console, was = console_of(request), field(form, "was")
    before, _ = console.desk.policies.in_force(name)
    if body != dict(before):
        version = int(was) if was.isdecimal() and len(was) < 9 else -1
        console.desk.policies.change(name, body, version, visitor_of(request).login)
    return back_to("/settings/time", "saved")


def _page(request: Request, *, fault: str = "", status: int = 200) -> Response:
    console = console_of(request)
    calendar, calendar_version = console.desk.policies.in_force(CALENDAR)
    terms, terms_version = console.desk.policies.in_force(TERMS)
    with console.store.read() as db:
        histories = {name: policy_versions(db, name) for name in (CALENDAR, TERMS)}
    given = terms.get("terms", {})
    shown = [key for key in (*ROUTED_SLUGS, *MARKETPLACES, *_pairs(terms)) if key in given]
    return render(
        request,
        "desk_time.html",
        page="settings",
        tab="time",
        status_code=status,
        fault=fault,
        calendar=calendar,
        calendar_version=calendar_version,
        hours={day: _hours(calendar.get("week", {}).get(day, "")) for day in WEEKDAYS},
        zones=sorted(available_timezones()),
        terms=terms,
        rows=[("default", terms["default"]), *((key, given[key]) for key in shown)],
        others=[key for key in (*ROUTED_SLUGS, *MARKETPLACES) if key not in given],
        terms_version=terms_version,
        units=UNITS,
        kinds=KINDS,
        factors=FACTORS,
        term_parts=term_parts,
        histories=histories,
    )


def _pairs(terms: Mapping[str, Any]) -> list[str]:
    return [key for key in terms.get("terms", {}) if "@" in key]


def _hours(text: str) -> tuple[str, str]:
    begins, _, ends = str(text).partition("-")
    return begins.strip(), ends.strip().replace("24:00", "00:00")


def _term(form: FormData, name: str, words: Words) -> str:
    number, unit = field(form, name), field(form, f"{name}.unit")
    if not number:
        return ""
    if not (number.isascii() and number.isdecimal() and 1 <= int(number[:6]) <= 9999) or unit not in UNITS:
        raise EntryError(words("time.bad_term"))
    return f"{number} {unit}"


def _is_time(text: str) -> bool:
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 5


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(f"2024-{text}" if text.count("-") == 1 else text)  # a leap year has every day
    except ValueError:
        return False
    return True
