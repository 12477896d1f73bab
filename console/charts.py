"""Charts as geometry: numbers in, places in a box of 100 by 100 out; a template draws them as plain SVG.

The box is stretched to the place that a page has, so nothing round and no text stands in it; names
and numbers are HTML around it. Every chart has a table of the same numbers beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

BOX: Final = 100.0
_GAP: Final = 0.22  # share of a bar's place that stays free
_STEPS: Final = (1, 2, 3, 4, 5, 6, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarPart:
    """One coloured piece of a bar."""

    name: str
    value: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One column with what it counts."""

    label: str
    total: int
    left: float
    width: float
    parts: tuple[BarPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedBars:
    """Columns over time. `names` are the series that hold anything, in the order of drawing."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]  # label with the number of each series, for the table
    bars: tuple[Bar, ...]
    top: int  # the value of the upper edge
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One point of a line with its value."""

    label: str
    value: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series: paths that break where nothing is known, and its points."""

    name: str
    paths: tuple[str, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChart:
    """Shares over time between `low` and 1."""

    lines: tuple[Line, ...]
    labels: tuple[str, ...]
    low: float
    has_values: bool

    def height_of(self, share: float) -> float:
        """Return where a share stands in the box."""
        return _height(share, self.low)


def stacked_bars(
    labels: Sequence[str], series: Mapping[str, Sequence[int]], *, side_by_side: bool = False
) -> StackedBars:
    """Draw the series of each label, the first one at the bottom or at the left; empty ones are left out."""
    kept = {name: values for name, values in series.items() if any(values)}
    columns = [{name: values[at] for name, values in kept.items()} for at in range(len(labels))]
    totals = [sum(column.values()) for column in columns]
    heights = [max(column.values(), default=0) for column in columns] if side_by_side else totals
    top = round_up(max(heights, default=0))
    place = BOX / max(len(labels), 1)
    draw = _beside if side_by_side else _stacked
    bars = tuple(
        Bar(
            label=label,
            total=totals[at],
            left=at * place,
            width=place,
            parts=tuple(part for part in draw(columns[at], at * place, place, top) if part.value),
        )
        for at, label in enumerate(labels)
    )
    rows = tuple((label, tuple(columns[at].values())) for at, label in enumerate(labels))
    return StackedBars(
        names=tuple(kept), labels=tuple(labels), rows=rows, bars=bars, top=top, total=sum(totals)
    )


def line_chart(labels: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> LineChart:
    """Join the shares (0 to 1) of each series; None leaves a gap. The lower edge fits what is low."""
    known = [value for values in series.values() for value in values if value is not None]
    low = 0.9 if known and min(known) >= 0.92 else 0.5 if known and min(known) >= 0.55 else 0.0
    lines = tuple(_line(name, labels, values, low) for name, values in series.items())
    return LineChart(lines=lines, labels=tuple(labels), low=low, has_values=bool(known))


def round_up(value: int) -> int:
    """Return the next round number (1, 2, 3, 4, 5, 6, 8, 10, 20, ...) that is not smaller; 1 for nothing."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size >= value:
                return step * size
        size *= 10


def _stacked(column: Mapping[str, int], left: float, place: float, top: int) -> Iterator[BarPart]:
    below, x = BOX, left + place * _GAP / 2
    for name, value in column.items():
        height = value / top * BOX
        below -= height
        yield BarPart(name=name, value=value, x=x, y=below, width=place * (1 - _GAP), height=height)


def _beside(column: Mapping[str, int], left: float, place: float, top: int) -> Iterator[BarPart]:
    width = place * (1 - _GAP) / max(len(column), 1)
    for at, (name, value) in enumerate(column.items()):
        height, x = value / top * BOX, left + place * _GAP / 2 + at * width
        yield BarPart(name=name, value=value, x=x, y=BOX - height, width=width * 0.94, height=height)


def _line(name: str, labels: Sequence[str], values: Sequence[float | None], low: float) -> Line:
    place = BOX / max(len(labels), 1)
    runs: list[list[Dot]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            x = round((at + 0.5) * place, 3)
            runs[-1].append(Dot(label=labels[at], value=value, x=x, y=_height(value, low)))
    paths = tuple("M" + " L".join(f"{dot.x} {dot.y}" for dot in run) for run in runs if len(run) > 1)
    return Line(name=name, paths=paths, dots=tuple(dot for run in runs for dot in run))


def _height(share: float, low: float) -> float:
    return round(BOX * (1 - max(share - low, 0.0) / (1 - low)), 3)
