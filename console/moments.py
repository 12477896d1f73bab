"""Moments and durations as an operator reads them: in their own time zone and language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from console.wording import Words

_MONTHS = {
    "ru": ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def zone_of(name: str, desk_zone: str) -> ZoneInfo:
    """Return a person's time zone, the desk's where theirs is empty or unknown, else UTC."""
    for candidate in (name, desk_zone):
        try:
            return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """How one reader sees moments; `now_utc` is fixed for a page, so that its ages agree."""

    words: Words
    zone: ZoneInfo
    now_utc: datetime

    def clock(self, at_utc: datetime | None) -> str:
        """Return the time of today, and the day too for another day; "" for no moment."""
        if at_utc is None:
            return ""
        local, today = at_utc.astimezone(self.zone), self.now_utc.astimezone(self.zone)
        time = f"{local:%H:%M}"
        if local.date() == today.date():
            return time
        return f"{self._day(local, with_year=local.year != today.year)} {time}"

    def day(self, day: date) -> str:
        """Return a day, with its year unless it is of this year."""
        return self._day(day, with_year=day.year != self.now_utc.astimezone(self.zone).year)

    def full(self, at_utc: datetime | None) -> str:
        """Return day, year and time with the zone."""
        if at_utc is None:
            return ""
        local = at_utc.astimezone(self.zone)
        return f"{self._day(local, with_year=True)} {local:%H:%M %Z}"

    def machine(self, at_utc: datetime | None) -> str:
        """Return the moment for a `time` element (RFC 3339)."""
        return "" if at_utc is None else at_utc.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def age(self, at_utc: datetime | None) -> str:
        """Return how long ago a moment was, short."""
        if at_utc is None:
            return ""
        return self.span((self.now_utc - at_utc).total_seconds())

    def left(self, due_utc: datetime | None) -> str:
        """Return how long until a moment, or by how much it is over."""
        if due_utc is None:
            return ""
        seconds = (due_utc - self.now_utc).total_seconds()
        return self.span(seconds) if seconds >= 0 else f"−{self.span(-seconds)}"

    def is_over(self, due_utc: datetime | None) -> bool:
        """Tell whether a moment has passed."""
        return due_utc is not None and due_utc < self.now_utc

    def span(self, seconds: float) -> str:
        """Return a duration in its largest unit."""
        minutes = max(int(seconds // 60), 0)
        if minutes < 60:
            return self.words("unit.minutes", count=minutes)
        if minutes < 60 * 48:
            return self.words("unit.hours", count=minutes // 60)
        return self.words("unit.days", count=minutes // (60 * 24))

    def _day(self, local: date, *, with_year: bool) -> str:
        if self.words.language == "zh":
            return (f"{local.year}年" if with_year else "") + f"{local.month}月{local.day}日"
        day = f"{local.day} {_MONTHS[self.words.language][local.month - 1]}"
        return f"{day} {local.year}" if with_year else day
