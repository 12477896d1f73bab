"""Working time (R28, R29): night shifts, summer time, holidays, zones; the clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decisions import StatusMove
from models.topics import Status
from workers.business_time import BusinessCalendar, parse_calendar
from workers.sla import SlaTerms, sla_clock

HOUR = 3600
START = datetime(2026, 1, 1, tzinfo=UTC)


def calendar(zone: str = "Europe/Berlin", holidays: tuple[str, ...] = (), **week: str) -> BusinessCalendar:
    return parse_calendar({"timezone": zone, "week": week, "holidays": list(holidays)})


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


OFFICE = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-18:00")
NIGHTS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "22:00-06:00")
ROUND = dict.fromkeys(NIGHTS, "00:00-24:00")


@pytest.mark.parametrize(
    ("hours", "begins", "ends", "worked_h"),
    [
        # Berlin: summer time begins on 2026-03-29 at 01:00 UTC, ends on 2026-10-25 at 01:00 UTC
        (OFFICE, "2026-03-27 08:00", "2026-03-27 17:00", 9),  # Friday before: UTC+1
        (OFFICE, "2026-03-30 07:00", "2026-03-30 16:00", 9),  # Monday after: UTC+2, an hour earlier in UTC
        (OFFICE, "2026-03-27 08:00", "2026-03-30 16:00", 18),
        (OFFICE, "2026-10-23 07:00", "2026-10-26 17:00", 18),
        (ROUND, "2026-03-28 23:00", "2026-03-29 22:00", 23),  # the day of 23 hours
        (ROUND, "2026-10-24 22:00", "2026-10-25 23:00", 25),  # and that of 25
        (NIGHTS, "2026-03-28 21:00", "2026-03-29 04:00", 7),  # the shift that loses an hour
        (NIGHTS, "2026-10-24 20:00", "2026-10-25 05:00", 9),  # the one that gains it
        ({"sat": "22:00-06:00"}, "2026-03-29 00:00", "2026-03-30 00:00", 4),  # 01:00 to 06:00 without 02:00
        (
            {"sun": "02:30-04:00"},
            "2026-03-29 00:00",
            "2026-03-29 06:00",
            0.5,
        ),  # begins in the hour that is not
        (
            {"sun": "02:30-04:00"},
            "2026-10-25 00:00",
            "2026-10-25 06:00",
            2.5,
        ),  # begins in the hour that is twice
        (
            {"fri": "22:00-06:00"},
            "2026-11-20 22:00",
            "2026-11-21 12:00",
            7,
        ),  # 23:00 local until Saturday 06:00
        ({"fri": "22:00-22:00"}, "2026-11-20 00:00", "2026-11-23 00:00", 24),  # equal hours: a whole day
    ],
)
def test_hours_are_those_of_the_wall_clock(
    hours: dict[str, str], begins: str, ends: str, worked_h: float
) -> None:
    assert calendar(**hours).between(utc(begins), utc(ends)) == worked_h * HOUR


def test_a_term_is_over_at_the_same_wall_clock_before_and_after_summer_time() -> None:
    office = calendar(**OFFICE)
    assert office.after(utc("2026-03-27 16:00"), 2 * HOUR) == utc("2026-03-30 08:00"), "Monday 10:00 local"
    assert office.after(utc("2026-10-23 15:00"), 2 * HOUR) == utc("2026-10-26 09:00"), "Monday 10:00 local"


@pytest.mark.parametrize(
    ("moment", "works"),
    [
        ("2026-11-20 21:30", True),  # Friday 22:30 local
        ("2026-11-21 04:59", True),  # Saturday 05:59, the shift of Friday
        ("2026-11-21 05:00", False),
        ("2026-11-21 21:30", False),  # no shift on Saturday
    ],
)
def test_a_night_shift_is_its_first_days(moment: str, *, works: bool) -> None:
    assert calendar(fri="22:00-06:00").works_at(utc(moment)) is works


@pytest.mark.parametrize(
    ("holidays", "worked_h"),
    [((), 27), (("2026-11-04",), 18), (("11-04",), 18), (("2025-11-04",), 27), (("11-03", "2026-11-05"), 9)],
)
def test_a_holiday_is_free_for_a_year_or_for_every_year(holidays: tuple[str, ...], worked_h: int) -> None:
    office = calendar("Europe/Moscow", holidays, **OFFICE)
    assert office.between(utc("2026-11-03 00:00"), utc("2026-11-05 23:00")) == worked_h * HOUR


def test_a_holiday_takes_the_whole_shift_that_begins_on_it_and_no_other() -> None:
    nights = calendar("Europe/Moscow", ("2026-11-04",), **NIGHTS)
    assert not nights.works_at(utc("2026-11-04 20:00")), "the shift of the 4th is off"
    assert nights.works_at(utc("2026-11-04 02:00")), "05:00 of the 4th is the shift of the 3rd"
    assert not nights.works_at(utc("2026-11-05 02:00")), "05:00 of the 5th is the shift of the 4th"


def test_the_29th_of_february_is_a_holiday_in_leap_years() -> None:
    office = calendar("Europe/Moscow", ("02-29",), **ROUND)
    assert office.between(utc("2028-02-28 21:00"), utc("2028-02-29 21:00")) == 0
    assert office.between(utc("2027-02-28 21:00"), utc("2027-03-01 21:00")) == 24 * HOUR


def test_a_calendar_without_any_working_day_ends() -> None:
    never = calendar(
        "Europe/Moscow",
        tuple(f"{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 29)),
        fri="09:00-09:01",
    )
    assert never.after(utc("2026-01-01 00:00"), 40 * HOUR) > utc("2030-01-01 00:00")


moments = st.integers(0, 365 * 24 * 60).map(lambda minute: START + timedelta(minutes=minute))
weeks = st.sampled_from([OFFICE, NIGHTS, ROUND, {"sat": "22:00-06:00"}])


@settings(max_examples=25)
@given(moments, st.floats(0, 60 * HOUR), weeks)
def test_after_and_between_are_each_others_way_back(
    start: datetime, working_s: float, week: dict[str, str]
) -> None:
    desk = calendar("Europe/Berlin", ("12-25",), **week)
    end = desk.after(start, working_s)
    assert desk.between(start, end) == pytest.approx(working_s, abs=1e-3)
    assert end >= start


@settings(max_examples=25)
@given(st.lists(moments, min_size=3, max_size=3), weeks)
def test_two_spans_in_a_row_are_the_whole(cuts: list[datetime], week: dict[str, str]) -> None:
    first, middle, last = sorted(cuts)
    desk = calendar("America/New_York", **week)
    parts = desk.between(first, middle) + desk.between(middle, last)
    assert parts == pytest.approx(desk.between(first, last), abs=1e-3)


def clock(moves: list[tuple[str, Status]], now: str, **given_: Any) -> Any:
    dated = [StatusMove(at_utc=utc(at), to=to, actor="", reason="") for at, to in moves]
    terms = SlaTerms(first_reaction_s=9 * HOUR, resolution_s=18 * HOUR)
    return sla_clock(
        dated,
        terms,
        given_.get("desk", calendar("Europe/Moscow", **OFFICE)),
        now_utc=utc(now),
        first_reaction_at_utc=given_.get("reacted"),
    )


def test_r28_the_clock_stands_still_while_the_seller_is_asked() -> None:
    """Monday 10:00 Moscow opened, 12:00 asked, Wednesday 12:00 answered: two hours used, seven left."""
    moves = [
        ("2026-11-16 07:00", Status.NEW),
        ("2026-11-16 09:00", Status.WAITING_SELLER),
    ]
    waiting = clock(moves, "2026-11-18 08:00")
    assert (waiting.due_at_utc, waiting.spent_s, waiting.left_s) == (None, 2 * HOUR, 7 * HOUR)
    answered = clock([*moves, ("2026-11-18 09:00", Status.NEW)], "2026-11-18 10:00")
    assert (answered.spent_s, answered.left_s) == (3 * HOUR, 6 * HOUR)
    assert answered.due_at_utc == utc("2026-11-19 07:00"), "five more hours on Wednesday, one on Thursday"
    twice = [*moves, ("2026-11-18 09:00", Status.NEW), ("2026-11-18 10:00", Status.WAITING_SELLER)]
    assert clock(twice, "2026-12-18 10:00").left_s == 6 * HOUR, "a month of waiting costs nothing"


def test_r28_a_night_shift_counts_for_the_term_over_the_change_of_the_hour() -> None:
    nights = calendar("Europe/Berlin", **NIGHTS)
    opened = [("2026-03-28 20:00", Status.NEW)]  # 21:00 local; the shift 22:00-06:00 has seven hours
    assert clock(opened, "2026-03-28 20:00", desk=nights).due_at_utc == utc("2026-03-29 22:00")


def test_r20_a_closed_ticket_has_no_term_and_a_reopened_one_goes_on_with_the_rest() -> None:
    moves = [
        ("2026-11-16 07:00", Status.NEW),
        ("2026-11-16 08:00", Status.IN_PROGRESS),
        ("2026-11-16 12:00", Status.CLOSED),
    ]
    reacted = utc("2026-11-16 08:00")
    closed = clock(moves, "2026-11-20 12:00", reacted=reacted)
    assert (closed.phase, closed.due_at_utc, closed.spent_s) == ("", None, 5 * HOUR)
    reopened = clock([*moves, ("2026-11-20 12:00", Status.IN_PROGRESS)], "2026-11-20 12:00", reacted=reacted)
    assert (reopened.phase, reopened.left_s) == ("resolution", 13 * HOUR)


def test_a_broken_term_tells_when_it_broke_and_not_when_it_was_looked_at() -> None:
    moves = [("2026-11-16 07:00", Status.NEW)]
    late = clock(moves, "2026-11-18 09:00")
    assert late.is_breached
    assert late.due_at_utc == utc("2026-11-17 07:00"), "eight hours on Monday, the ninth on Tuesday"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"timezone": "Mars/Olympus", "week": OFFICE}, "is not known; write one like"),
        ({"timezone": "../etc/passwd", "week": OFFICE}, "is not known"),
        ({"timezone": "Europe/Moscow", "week": {"mon": "25:00-26:00"}}, "write them like 09:00-18:00"),
        ({"timezone": "Europe/Moscow", "week": {"mon": "09:00"}}, "write them like"),
        ({"timezone": "Europe/Moscow", "week": {"monday": "09:00-18:00"}}, "is no weekday"),
        ({"timezone": "Europe/Moscow", "week": OFFICE, "holidays": ["13-40"]}, "is no day"),
        ({"timezone": "Europe/Moscow", "week": {}}, "no weekday has hours"),
    ],
)
def test_a_calendar_that_is_none_names_the_entry(body: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_calendar(body)


def test_a_year_of_waiting_for_a_working_day_is_worked_out_quickly() -> None:
    rare = calendar("Europe/Moscow", fri="09:00-09:30")
    end = rare.after(utc("2026-01-01 00:00"), 20 * HOUR)
    assert end - utc("2026-01-01 00:00") > timedelta(days=270)
