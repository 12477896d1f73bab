"""The period that a reader chose, cut into days or weeks of their own time zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from console.moments import Moments
from models.store.desk_figures import HourCount, Span

CHOICES: Final = (7, 30, 90, 365)
USUAL_DAYS: Final = 30
LONGEST_DAYS: Final = 366
_MOST_DAILY: Final = 45  # longer periods are drawn by week


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days from `first` to `last`, both included, drawn in steps of `step_days`."""

    first: date
    last: date
    zone: ZoneInfo
    chosen_days: int = 0  # one of CHOICES; 0 for a period of one's own

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def step_days(self) -> int:
        """Days that one column stands for."""
        return 1 if self.days <= _MOST_DAILY else 7

    @property
    def span(self) -> Span:
        """The period in UTC."""
        return Span(since_utc=self._begin(self.first), until_utc=self._begin(self.last + timedelta(days=1)))

    def labels(self, when: Moments) -> list[str]:
        """Name each step: its day, or the first and last day of its week."""
        named = []
        for at in range(0, self.days, self.step_days):
            day = self.first + timedelta(days=at)
            last = min(day + timedelta(days=self.step_days - 1), self.last)
            named.append(when.day(day) if last == day else f"{when.day(day)} – {when.day(last)}")
        return named

    def spread(self, counts: Iterable[HourCount], names: Sequence[str]) -> dict[str, list[int]]:
        """Sum counts by hour into the steps, one list for each of `names`."""
        steps = -(-self.days // self.step_days)
        found = {name: [0] * steps for name in names}
        for one in counts:
            at = (one.hour_utc.astimezone(self.zone).date() - self.first).days // self.step_days
            if one.name in found:
                found[one.name][min(max(at, 0), steps - 1)] += one.count
        return found

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def period_of(given: Mapping[str, str], now_utc: datetime, zone: ZoneInfo) -> Period:
    """Read the period of an address: `from` and `to` as days, or `days`; what cannot be read is the usual."""
    today = now_utc.astimezone(zone).date()
    first, last = _day(given.get("from", "")), _day(given.get("to", ""))
    if first is not None and first <= today:
        last = min(last or today, today, first + timedelta(days=LONGEST_DAYS - 1))
        if first <= last:
            return Period(first=first, last=last, zone=zone)
    days = given.get("days", "")
    chosen = int(days) if days.isdecimal() and len(days) < 4 and int(days) in CHOICES else USUAL_DAYS
    return Period(first=today - timedelta(days=chosen - 1), last=today, zone=zone, chosen_days=chosen)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
