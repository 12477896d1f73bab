"""Working time: when a desk works, how long something took in it, when so much of it will be over.

In goes a calendar as data (time zone, hours per weekday, holidays) and moments in UTC, out come
moments in UTC and seconds of working time. Rules R28 and R29: terms and KPIs count working time
only. Hours are wall-clock hours of the desk's zone, so a change to summer time moves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ENTRIES: Final = ("timezone", "week", "holidays")
_MAX_DAYS: Final = 3_660  # no term and no ticket is longer than ten years: bounds every loop here


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCalendar:
    """When a desk works. A weekday without hours is free; equal start and end mean the whole day."""

    zone: ZoneInfo
    hours: tuple[tuple[time, time] | None, ...]  # Monday first
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()  # (month, day), every year

    def after(self, start_utc: datetime, working_s: float) -> datetime:
        """Return the moment at which `working_s` seconds of working time have passed since `start_utc`."""
        left = timedelta(seconds=max(0.0, working_s))
        for begins, ends in self._spans(start_utc):
            if ends - begins >= left:
                return begins + left
            left -= ends - begins
        return start_utc + timedelta(days=_MAX_DAYS)

    def between(self, start_utc: datetime, end_utc: datetime) -> float:
        """Return the seconds of working time from `start_utc` to `end_utc`; 0 when it is not later."""
        total = timedelta()
        for begins, ends in self._spans(start_utc):
            if begins >= end_utc:
                break
            total += min(ends, end_utc) - begins
        return total.total_seconds()

    def works_at(self, moment_utc: datetime) -> bool:
        """Tell whether the desk works at a moment."""
        begins, _ = next(self._spans(moment_utc), (None, None))
        return begins == moment_utc

    def _spans(self, start_utc: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working spans from `start_utc` on, the first one cut at it."""
        day = start_utc.astimezone(self.zone).date() - timedelta(days=1)  # a night shift began yesterday
        for _ in range(_MAX_DAYS):
            span = self._span_of(day)
            if span is not None and span[1] > start_utc:
                yield max(span[0], start_utc), span[1]
            day += timedelta(days=1)

    def _span_of(self, day: date) -> tuple[datetime, datetime] | None:
        hours = self.hours[day.weekday()]
        if hours is None or day in self.holidays or (day.month, day.day) in self.yearly:
            return None
        begins, ends = hours
        last = day if ends > begins else day + timedelta(days=1)
        return (
            datetime.combine(day, begins, self.zone).astimezone(UTC),
            datetime.combine(last, ends, self.zone).astimezone(UTC),
        )


def check_calendar(body: Mapping[str, Any]) -> None:
    """Raise ValueError for a calendar that cannot be used, or holds an entry that nothing reads."""
    for key in body:
        if key not in ENTRIES:
            msg = f"calendar: {key} is not known; an entry is one of {', '.join(ENTRIES)}"
            raise ValueError(msg)
    parse_calendar(dict(body))


def parse_calendar(body: dict[str, Any]) -> BusinessCalendar:
    """Read a calendar from its data: `timezone`, `[week]` with `mon = "09:00-18:00"`, `holidays`.

    A holiday is `2026-11-04` or, for every year, `11-04`. Raises ValueError that names the entry.
    """
    try:
        zone = ZoneInfo(str(body["timezone"]))
    except (KeyError, ZoneInfoNotFoundError, ValueError) as error:
        msg = f"calendar: timezone {body.get('timezone')!r} is not known; write one like Europe/Moscow"
        raise ValueError(msg) from error
    week = dict(body.get("week", {}))
    unknown = sorted(set(week) - set(WEEKDAYS))
    if unknown:
        msg = f"calendar: {', '.join(unknown)} is no weekday; they are {', '.join(WEEKDAYS)}"
        raise ValueError(msg)
    hours = tuple(_hours(name, str(week.get(name, ""))) for name in WEEKDAYS)
    if not any(hours):
        msg = 'calendar: no weekday has hours; write at least one, like mon = "09:00-18:00"'
        raise ValueError(msg)
    holidays, yearly = _holidays(body.get("holidays", ()))
    return BusinessCalendar(zone=zone, hours=hours, holidays=holidays, yearly=yearly)


def _hours(name: str, words: str) -> tuple[time, time] | None:
    if not words:
        return None
    begins, _, ends = words.partition("-")
    msg = f"calendar: hours of {name} are {words!r}; write them like 09:00-18:00"
    try:
        span = time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip().replace("24:00", "00:00"))
    except ValueError as error:
        raise ValueError(msg) from error
    if any(moment.tzinfo for moment in span):  # the zone is the calendar's
        raise ValueError(msg)
    return span


def _holidays(entries: Any) -> tuple[frozenset[date], frozenset[tuple[int, int]]]:
    days: set[date] = set()
    yearly: set[tuple[int, int]] = set()
    for entry in entries:
        words = str(entry)
        try:
            if words.count("-") == 1:
                leap = date.fromisoformat(f"2024-{words}")  # a leap year, so that 02-29 is a day
                yearly.add((leap.month, leap.day))
            else:
                days.add(date.fromisoformat(words))
        except ValueError as error:
            msg = f"calendar: holiday {words!r} is no day; write 2026-11-04, or 11-04 for every year"
            raise ValueError(msg) from error
    return frozenset(days), frozenset(yearly)
