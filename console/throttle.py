"""Rate limit of logins: by login and by client address, in the memory of the one console process.

Only failures count. The table is bounded: when it is full, the oldest entries go.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 300.0
MOST_PER_LOGIN: Final = 5
MOST_PER_ADDRESS: Final = 20
MOST_KEYS: Final = 10_000


class LoginThrottle:
    """Failed logins of the last minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, login: str, address: str) -> int:
        """Return for how many seconds no further try is allowed; 0 when one is."""
        with self._lock:
            waits = (
                self._wait(f"login:{login.casefold()}", MOST_PER_LOGIN),
                self._wait(f"address:{address}", MOST_PER_ADDRESS),
            )
        return max(waits)

    def note_failure(self, login: str, address: str) -> None:
        """Count a failed login."""
        with self._lock:
            for key in (f"login:{login.casefold()}", f"address:{address}"):
                self._failures.setdefault(key, []).append(self._clock())
                self._failures.move_to_end(key)
            while len(self._failures) > MOST_KEYS:
                self._failures.popitem(last=False)

    def forget(self, login: str) -> None:
        """Begin anew for a login that succeeded."""
        with self._lock:
            self._failures.pop(f"login:{login.casefold()}", None)

    def _wait(self, key: str, most: int) -> int:
        since = self._clock() - WINDOW_S
        recent = [at for at in self._failures.get(key, ()) if at > since]
        if key in self._failures:
            self._failures[key] = recent[-most:]
        return math.ceil(recent[-most] - since) if len(recent) >= most else 0
