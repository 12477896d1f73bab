"""Memory of every process of a desk after many mails, against the same process after a tenth of them.

`razbor serve` with two worker processes gets RAZBOR_BENCHMARK_MAILS letters (10,000) over SMTP in
portions, each worked off before the next. Resident memory of each process from /proc; `grown` is the
ratio, and 1.1 is the most that is allowed. A worker may have grown by its caches until the first look.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.letters import letters
from benchmarks.running_desk import HOST, RunningDesk, serving_desk
from benchmarks.smtp_load import Load, send

MAILS: Final = int(os.environ.get("RAZBOR_BENCHMARK_MAILS", "10000"))
PORTION: Final = 200
PATIENCE_S: Final = 150


def run(rounds: int) -> list[dict[str, Any]]:  # noqa: ARG001 - one long run is the measurement
    """Send all mails and return one row per process, the largest first."""
    first_look = MAILS // 10
    with (
        tempfile.TemporaryDirectory(prefix="razbor-bench-") as folder,
        serving_desk(Path(folder) / "desk", worker_processes="2") as desk,
    ):
        _work(desk, 0, first_look)
        early = _resident_mb(desk)
        _work(desk, first_look, MAILS)
        late = _resident_mb(desk)
    return [
        {
            "case": name,
            f"mb_after_{first_look}": round(early[name], 1),
            f"mb_after_{MAILS}": round(mb, 1),
            "grown": round(mb / early[name], 2),
        }
        for name, mb in sorted(late.items(), key=lambda item: -item[1])
        if name in early
    ]


def _work(desk: RunningDesk, done: int, until: int) -> None:
    while done < until:
        count = min(PORTION, until - done)
        load = Load(name="memory", mails=count, size_bytes=0, letters=letters(count, seed=f"memory-{done}"))
        send(load, HOST, desk.smtp_port)
        done += count
        desk.wait_until_worked(done, PATIENCE_S)


def _resident_mb(desk: RunningDesk) -> dict[str, float]:
    return {name: mb for name, (_cpu_s, mb) in desk.used().items()}
