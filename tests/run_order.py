"""The order in which `make test` hands out the files of the tests: what takes longest begins first.

Three processes share the files on two cores, as two of them waited a quarter of the time; a long
file begun last would leave the others idle. Files that mostly wait for processes stand beside
files that mostly compute.
"""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
LONGEST_FIRST = (
    "live/test_core_flow.py",
    "scenarios/test_scenarios.py",
    "live/test_demo.py",
    "workers/test_purging.py",
    "live/test_random_kills.py",
    "workers/test_batch_read.py",
    "live/test_data_commands.py",
    "scenarios/test_interleaving.py",
    "console/test_browser.py",
    "workers/test_backup.py",
    "classifier/test_training.py",
    "workers/test_batch_delivery.py",
    "console/test_access.py",
    "console/test_api_contract.py",
    "workers/test_person.py",
    "live/test_listener_restart.py",
    "console/test_ticket.py",
    "cli/test_commands.py",
)
_PLACES = {FOLDER / name: place for place, name in enumerate(LONGEST_FIRST)}


def place_of(item: pytest.Item) -> int:
    """Return where the file of a test stands; all that are not named come last, in their own order."""
    return _PLACES.get(item.path, len(_PLACES))
