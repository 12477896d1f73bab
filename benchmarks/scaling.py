"""Several listeners and workers on one PostgreSQL and one Redis: what a mail costs each part.

For 1, 2 and 4 of each, every process with a data directory of its own as if it were a machine of its own:
listeners on ports of their own, workers with one process each. The same letters go to all listeners at
once, and the clock runs until nothing is due. On few cores the rate cannot rise with the processes; the
processor time per mail of each part shows what the sharing itself costs (1.0 of one process is linear),
and it is the coefficient of docs/scaling.md.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.letters import letters
from benchmarks.postgres_server import postgres_url
from benchmarks.running_desk import HOST, RunningDesk, desk, free_port, process_used, wait_for_port
from benchmarks.smtp_load import Load, send

COUNTS: Final = (1, 2, 4)
WARM_UP_MAILS: Final = 32
MAILS: Final = 240
PATIENCE_S: Final = 160


def run(rounds: int) -> list[dict[str, Any]]:  # noqa: ARG001 - a fresh database for each count is one round
    """Measure each number of processes once; no rows, with a remark, where PostgreSQL or Redis is missing."""
    if shutil.which("redis-server") is None:
        print("scaling skipped: no redis-server", file=sys.stderr)
        return []
    rows: list[dict[str, Any]] = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory(prefix="razbor-bench-") as name:
            folder = Path(name)
            folder.chmod(0o755)  # PostgreSQL's account looks into it
            with postgres_url(folder) as url, _redis(folder) as broker:
                if not url:
                    print("scaling skipped: no PostgreSQL", file=sys.stderr)
                    return []
                rows.append(_measure(folder, url, broker, count))
    first = rows[0]
    for row in rows:
        row["worker_of_one"] = round(first["worker_cpu_ms"] / max(row["worker_cpu_ms"], 0.001), 2)
    return rows


def _measure(folder: Path, url: str, broker: str, count: int) -> dict[str, Any]:
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with desk(folder / "desk", database_url=plain, broker_url=broker) as running:
        ports = []
        for number in range(count):
            data_dir = folder / f"machine-{number}"
            data_dir.mkdir()
            own = {"data_dir": str(data_dir), "secret_key": "a key that all machines of a desk share"}
            port = free_port()
            listener = running.start("listen", smtp_port=str(port), **own)
            running.start("worker", "--processes", "1", **own)
            wait_for_port(port, listener)
            ports.append(port)
        _send(ports, WARM_UP_MAILS, "warm-up")
        running.wait_until_worked(WARM_UP_MAILS, PATIENCE_S)
        before = _cpu_s(running, folder)
        began = time.perf_counter()
        _send(ports, MAILS, "measured")
        accepted_s = time.perf_counter() - began
        running.wait_until_worked(WARM_UP_MAILS + MAILS, PATIENCE_S)
        seconds = time.perf_counter() - began
        after = _cpu_s(running, folder)
    return {
        "case": f"{count} listeners, {count} workers, PostgreSQL and Redis",
        "processes": count,
        "accepted_per_s": round(MAILS / accepted_s),
        "routed_per_s": round(MAILS / seconds, 1),
        **{f"{part}_cpu_ms": round((after[part] - before[part]) / MAILS * 1000, 2) for part in sorted(after)},
    }


def _send(ports: list[int], mails: int, seed: str) -> None:
    share = mails // len(ports)

    def send_share(number: int) -> None:
        load = Load(name=seed, mails=share, size_bytes=0, letters=letters(share, seed=f"{seed}-{number}"))
        send(load, HOST, ports[number])

    with ThreadPoolExecutor(len(ports)) as pool:
        list(pool.map(send_share, range(len(ports))))


def _cpu_s(running: RunningDesk, folder: Path) -> dict[str, float]:
    """Processor seconds by part: our own processes, PostgreSQL's and Redis's (that live in `folder`)."""
    used: dict[str, float] = defaultdict(float)
    own = {process.pid for process in running.processes}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if int(path.name) in own or parent in own:
                used[words[3]] += process_used(path)[0]
            elif words[0].startswith("postgres") or words[0].endswith("/postgres"):
                used["postgres"] += process_used(path)[0] if _lives_in(path, folder) else 0.0
            elif words[0].startswith("redis-server") and _lives_in(path, folder):
                used["redis"] += process_used(path)[0]
        except (OSError, IndexError):
            continue
    return used


def _lives_in(process: Path, folder: Path) -> bool:
    return (process / "cwd").readlink().is_relative_to(folder)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """Run a Redis without persistence, as the embedded broker is."""
    port = free_port()
    home = folder / "redis"
    home.mkdir()
    command = ["redis-server", "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port, server)
        yield f"redis://{HOST}:{port}/0"
    finally:
        server.terminate()
        server.wait(10)
