"""How many examples a costly property test tries: few in `make test`, twenty times as many in `make soak`."""

from __future__ import annotations

import os


def examples(count: int) -> int:
    """Return the number for `max_examples`: `count`, the same ones each time, or many new ones."""
    return 20 * count if os.environ.get("RAZBOR_HYPOTHESIS") == "random" else count
