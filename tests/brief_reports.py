"""What the processes of pytest-xdist tell of a test: how it ended, of its beginning and end only faults.

pytest reports three times for each test (set up, called, torn down) and announces each. With seven
thousand tests the process that hands them out spent a quarter of its time on reports that say nothing, and
so did those that wrote them.
"""

from __future__ import annotations

import os

import pytest
from _pytest.runner import runtestprotocol


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test; pass on each report of its call, and every one that did not pass (failed or skipped).

    Without pytest-xdist, with `-v` or with `--durations` everything is told as usual.
    """
    options = item.config.option
    if "PYTEST_XDIST_WORKER" not in os.environ or options.verbose > 0 or options.durations is not None:
        return None
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    return True
