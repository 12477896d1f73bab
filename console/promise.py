"""When a promise counts as broken: only where chance does not explain it."""

from __future__ import annotations

from math import sqrt
from typing import Final

LEAST_AUDITED: Final = 30  # below, a precision says more of chance than of the model
_Z95: Final = 1.645


def upper_bound(right: int, labelled: int) -> float:
    """Return the 95 % upper bound of a share (Wilson score interval, one-sided); 1 for nothing counted."""
    if not labelled:
        return 1.0
    share, part = right / labelled, _Z95**2 / labelled
    spread = _Z95 * sqrt(share * (1 - share) / labelled + part / (4 * labelled))
    return (share + part / 2 + spread) / (1 + part)
