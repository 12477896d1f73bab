"""The two drawings of a version's report as SVG text: how honest the confidence is, what it buys.

In go held-out confidences and whether each answer was right; nothing is loaded from anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

WIDTH, HEIGHT, MARGIN = 440, 310, 58
BINS: Final = 10
_LEAST_PRECISION: Final = 0.8  # where the axis of precision begins


def reliability_diagram(confidences: Sequence[float], right: Sequence[bool]) -> str:
    """Draw, per band of confidence, the share that was right; honest bands end on the diagonal."""
    bars = []
    for number in range(BINS):
        part = [
            ok for c, ok in zip(confidences, right, strict=True) if min(int(c * BINS), BINS - 1) == number
        ]
        if not part:
            continue
        share = sum(part) / len(part)
        left, top = _x(number / BINS), _y(share)
        bars.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{_x(0.1) - _x(0) - 2:.1f}" '
            f'height="{_y(0) - top:.1f}" class="bar"><title>confidence {number / BINS:.1f} to '
            f"{(number + 1) / BINS:.1f}: {share:.1%} of {len(part)} right</title></rect>"
        )
    diagonal = f'<line x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}" class="honest"/>'
    return _drawing(
        "Reliability: how many answers are right at each confidence",
        "".join(bars) + diagonal,
        ("confidence", "share right"),
        (0.0, 1.0),
    )


def coverage_curve(confidences: Sequence[float], right: Sequence[bool], target: float) -> str:
    """Draw the precision of the most confident share of the mails against that share."""
    ordered = sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0])
    step = max(len(ordered) // 200, 1)
    hits, points = 0, []
    for count, (_, ok) in enumerate(ordered, start=1):
        hits += ok
        if count % step == 0 or count == len(ordered):
            points.append(f"{_x(count / len(ordered)):.1f},{_y(_scaled(hits / count)):.1f}")
    level = _y(_scaled(target))
    line = f'<line x1="{_x(0):.1f}" y1="{level:.1f}" x2="{_x(1):.1f}" y2="{level:.1f}" class="honest"/>'
    curve = f'<polyline points="{" ".join(points)}" class="curve"/>'
    return _drawing(
        f"Coverage against precision (dashed: the target of {target:.0%})",
        curve + line,
        ("share of mails routed alone", "precision"),
        (_LEAST_PRECISION, 1.0),
    )


def _scaled(precision: float) -> float:
    return max(precision - _LEAST_PRECISION, 0.0) / (1 - _LEAST_PRECISION)


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - 2 * MARGIN)


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def _drawing(title: str, content: str, names: tuple[str, str], vertical: tuple[float, float]) -> str:
    low, high = vertical
    ticks = []
    for number in range(6):
        share = number / 5
        ticks.append(
            f'<text x="{_x(share):.1f}" y="{HEIGHT - MARGIN + 16}" class="tick" text-anchor="middle">'
            f"{share:.0%}</text>"
            f'<text x="{MARGIN - 6}" y="{_y(share) + 4:.1f}" class="tick" text-anchor="end">'
            f"{low + share * (high - low):.0%}</text>"
            f'<line x1="{MARGIN}" y1="{_y(share):.1f}" '
            f'x2="{WIDTH - MARGIN}" y2="{_y(share):.1f}" class="grid"/>'
        )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f'<text x="{WIDTH / 2}" y="18" text-anchor="middle" class="title">{title}</text>'
        + "".join(ticks)
        + content
        + f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle" class="tick">{names[0]}</text>'
        f'<text x="12" y="{HEIGHT / 2}" class="tick" text-anchor="middle" '
        f'transform="rotate(-90 12 {HEIGHT / 2})">{names[1]}</text></svg>'
    )
