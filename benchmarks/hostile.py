"""What hostile mails cost a worker: processor time, memory, and how each ended.

Every mail of `hostile_mails.py` is read in a fresh process as a worker reads it, with the
same budget, after the reader's first-use costs. Peak memory is what the process's resident
set grew by (VmHWM of /proc/self/status).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.hostile_mails import MAILS
from intake.read_mail import ReadOptions, read_mail
from workers.facts import facts_of
from workers.read_budget import Budget, OverBudgetError, within
from workers.warm_reader import warm_reader

_RESET_PEAK: Final = Path("/proc/self/clear_refs")


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure every mail once; `rounds` is not used, since each costs a process of its own."""
    del rounds
    return [_measured_apart(name) for name in MAILS]


def _measured_apart(name: str) -> dict[str, Any]:
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", name], capture_output=True, text=True, check=False
    )
    if child.returncode:
        return {"case": name, "outcome": f"died with status {child.returncode}"}
    row: dict[str, Any] = json.loads(child.stdout)
    return row


def measured(name: str) -> dict[str, Any]:
    """Read one mail in this process and return its row."""
    octets = MAILS[name]()
    warm_reader()
    _RESET_PEAK.write_text("5")  # proc(5): from here on the peak counts anew, without what made the mail
    before_mb, cpu_s = _peak_mb(), time.process_time()
    try:
        mail = within(Budget(), lambda: read_mail(octets, None, ReadOptions()))
        facts_of(mail, None)
        outcome = "read" + (f", {len(mail.warnings)} warnings" if mail.warnings else "")
    except OverBudgetError as error:
        outcome = f"held: reading it takes {error}"
    return {
        "case": name,
        "size_mb": round(len(octets) / 1e6, 2),
        "cpu_s": round(time.process_time() - cpu_s, 2),
        "peak_mb": _peak_mb() - before_mb,
        "outcome": outcome,
    }


def _peak_mb() -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1])))
