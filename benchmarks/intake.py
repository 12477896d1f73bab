"""Durable intake beside stock aiosmtpd with one commit per message, and beside the ceiling of Python.

Three servers run as processes, each on its own file: the product's listener, stock aiosmtpd
that commits every message, and a hand-written protocol without any policy over the same kind
of group commit (both from `smtp_yardsticks.py`); and Postfix accepting into its hold queue, where
it is installed (`postfix_server.py`). In every round each of them gets the same
mails in turn, so that a busy machine slows all of them; ratios are formed within a round and
the median over the rounds is the result. At the end every mail is counted back from the file.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.postfix_server import Postfix, postfix_hold
from benchmarks.smtp_load import Load, send, share_below

HOST = "127.0.0.1"
WARM_UP = Load(name="warm-up", mails=200, size_bytes=4000)
LOADS = (
    Load(name="4 KB, 20 kept sessions", mails=1500, size_bytes=4000),
    Load(
        name="4 KB, 20 kept sessions, PIPELINING where offered",
        mails=1500,
        size_bytes=4000,
        is_pipelined=True,
    ),
    Load(name="40 KB, 20 kept sessions", mails=500, size_bytes=40_000),
    Load(name="4 KB, new connection each, 20 at once", mails=600, size_bytes=4000, is_connection_kept=False),
)
PACED = "4 KB, 20 kept sessions, half of the top rate"
PACED_MAILS = 400
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Target:
    """A server to be measured, and what was measured."""

    name: str
    command: list[str]
    count_query: tuple[str, str]  # file in its folder; rows and distinct numbers in it
    port: int = 0
    folder: Path = Path()
    process: subprocess.Popen[bytes] | None = None
    sent: int = 0
    per_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_us: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    data_to_250_s: list[float] = field(default_factory=list)  # at half of its own top rate

    def start(self, folder: Path) -> None:
        """Start the server on a free port, with `folder` for its file."""
        self.port, self.folder = _free_port(), folder
        folder.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.command, "--dir", str(folder), "--port", str(self.port)]
        )
        _wait_for_port(self.port)

    def stop(self) -> None:
        """End the server."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)

    def measure(self, load: Load) -> None:
        """Send one load and note mails per second and processor time per mail."""
        cpu_s = self._cpu_s()
        seconds = send(load, HOST, self.port, self.sent).seconds
        self.sent += load.mails
        self.per_s[load.name].append(load.mails / seconds)
        self.cpu_us[load.name].append((self._cpu_s() - cpu_s) / load.mails * 1e6)

    def measure_paced(self) -> None:
        """Send at half of the rate that this server reached, and note how long each 250 took from DATA."""
        half_per_s = statistics.median(self.per_s[LOADS[0].name]) / 2
        load = Load(name=PACED, mails=PACED_MAILS, size_bytes=4000, per_s=half_per_s)
        self.data_to_250_s += send(load, HOST, self.port, self.sent).data_to_250_s
        self.sent += load.mails

    def counted_back(self) -> tuple[int, int]:
        """Return the stored rows and the distinct mail numbers in them."""
        file, query = self.count_query
        connection = sqlite3.connect(f"file:{self.folder / file}?mode=ro", uri=True)
        try:
            rows, distinct = connection.execute(query).fetchone()
        finally:
            connection.close()
        return rows, distinct

    def _cpu_s(self) -> float:
        """Processor time of the server so far: user and system, fields 14 and 15 of /proc/PID/stat."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


def _targets() -> tuple[Target, Target, Target]:
    count = "SELECT count(*), count(DISTINCT substr(raw, 1, 18)) FROM "
    yardstick = ["benchmarks.smtp_yardsticks", "--loop", "uvloop"]
    inbox = ("inbox.db", count + "inbox")
    return (
        Target("razbor", ["benchmarks.intake_listener"], ("intake.db", count + "raw_message")),
        Target("stock", [*yardstick, "--mode", "sqlite1", "--front", "stock"], inbox),
        Target("ceiling", [*yardstick, "--mode", "sqliteg", "--front", "proto"], inbox),
    )


@dataclass
class HeldByPostfix(Target):
    """Postfix, which counts its mails and its processor time its own way."""

    postfix: Postfix | None = None

    def counted_back(self) -> tuple[int, int]:
        """Return the mails in the hold queue."""
        assert self.postfix is not None
        return self.postfix.held()

    def _cpu_s(self) -> float:
        assert self.postfix is not None
        return self.postfix.cpu_s()


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure `rounds` times and return one row per load, with medians and ratios.

    Raises RuntimeError when a mail that got its 250 is not in the file.
    """
    targets: list[Target] = list(_targets())
    with tempfile.TemporaryDirectory(prefix="razbor-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        for target in targets:
            stack.callback(target.stop)
            target.start(folder / target.name)
        port = _free_port()
        postfix = stack.enter_context(postfix_hold(folder / "postfix", port))
        if postfix is not None:
            _wait_for_port(port)
            targets.append(HeldByPostfix("postfix", [], ("", ""), port=port, postfix=postfix))
        for target in targets:
            target.measure(WARM_UP)
        for _ in range(rounds):
            for load in LOADS:
                for target in targets:
                    target.measure(load)
            for target in targets:
                target.measure_paced()
        for target in targets:
            if target.counted_back() != (target.sent, target.sent):
                raise RuntimeError(
                    f"{target.name}: sent {target.sent}, found {target.counted_back()} in the file"
                )
    return [*(_row(load, targets) for load in LOADS), _paced_row(targets)]


def _row(load: Load, targets: list[Target]) -> dict[str, Any]:
    ours, stock, ceiling, *others = targets
    return {
        "case": load.name,
        **{f"{target.name}_per_s": round(statistics.median(target.per_s[load.name])) for target in targets},
        **{f"{target.name}_cpu_us": round(statistics.median(target.cpu_us[load.name])) for target in targets},
        "times_stock": _ratio(load, ours, stock),
        "of_ceiling": _ratio(load, ours, ceiling),
        **{f"times_{other.name}": _ratio(load, ours, other) for other in others},
        "counted_back": ours.sent,
    }


def _paced_row(targets: list[Target]) -> dict[str, Any]:
    return {
        "case": f"{PACED} of each, DATA to 250",
        **{f"{target.name}_p50_ms": _ms(target.data_to_250_s, 0.5) for target in targets},
        **{f"{target.name}_p99_ms": _ms(target.data_to_250_s, 0.99) for target in targets},
    }


def _ms(seconds: list[float], share: float) -> float:
    return round(share_below(seconds, share) * 1000, 1)


def _ratio(load: Load, ours: Target, other: Target) -> float:
    """Median over the rounds of the ratio within a round."""
    pairs = zip(ours.per_s[load.name], other.per_s[load.name], strict=True)
    return round(statistics.median(mine / theirs for mine, theirs in pairs), 2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(port: int) -> None:
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no server came up on port {port} within 30 s")
