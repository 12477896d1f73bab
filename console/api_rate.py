"""How often a token may ask: one bucket per token, in the memory of the one console process.

A bucket holds as many requests as a minute allows and fills evenly. The answers name the limit in
`RateLimit-Policy` and `RateLimit` (IETF draft "RateLimit header fields for HTTP").
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_BUCKETS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a bucket says to one request."""

    is_allowed: bool
    remaining: int
    wait_s: int  # until the next request is allowed; 0 when this one is


class TokenBuckets:
    """The buckets of all tokens; `per_minute=0` lets everything through."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[int, tuple[float, float]] = OrderedDict()  # requests left, when
        self._lock = threading.Lock()

    def take(self, token_id: int) -> Allowance:
        """Take one request out of a token's bucket."""
        if not self.per_minute:
            return Allowance(is_allowed=True, remaining=0, wait_s=0)
        per_s = self.per_minute / 60
        with self._lock:
            now = self._clock()
            left, at = self._buckets.get(token_id, (float(self.per_minute), now))
            left = min(float(self.per_minute), left + (now - at) * per_s)
            is_allowed = left >= 1
            if is_allowed:
                left -= 1
            self._buckets[token_id] = (left, now)
            self._buckets.move_to_end(token_id)
            while len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        wait_s = 0 if is_allowed else math.ceil((1 - left) / per_s)
        return Allowance(is_allowed=is_allowed, remaining=int(left), wait_s=wait_s)

    def headers(self, allowance: Allowance) -> dict[str, str]:
        """Return the headers that tell a program of its limit."""
        if not self.per_minute:
            return {}
        wait = f";t={allowance.wait_s}" if allowance.wait_s else ""
        return {
            "RateLimit-Policy": f'"minute";q={self.per_minute};w=60',
            "RateLimit": f'"minute";r={allowance.remaining}{wait}',
        }
