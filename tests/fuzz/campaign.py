"""A run of many fuzzed inputs: seed, progress, findings.

In goes a trial (one go at the thing under test, with a generator of its own), out come counts. Trial
number N of a seed is always the same, so a finding is tried again with `--seed S --first N --trials 1`.
A long run tells what each chunk of inputs came to, what it cost and which trial comes next, so that one that
was cut off goes on there; a process that has grown beyond bounds at the end of a chunk is a finding.
"""

from __future__ import annotations

import hashlib
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

BAR_CELLS, BAR_EVERY_S, LINE_EVERY_S = 30, 0.2, 30.0
CHUNK_INPUTS = 50_000
MAX_RESIDENT_BYTES = 600 * 1024 * 1024


class FindingError(Exception):
    """A check that did not hold; its text says which. `material` is what broke it."""

    def __init__(self, words: str, material: bytes = b"") -> None:
        super().__init__(words)
        self.material = material


# Tries something and returns how many inputs that were; counts what it saw; raises FindingError.
Trial = Callable[[random.Random, "Counter[str]"], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Where the counts and clocks stood when a chunk began."""

    inputs: int = 0
    found: int = 0
    cpu_s: float = field(default_factory=time.process_time)
    clock_s: float = field(default_factory=time.monotonic)


@dataclass(kw_only=True)
class Campaign:
    """How much is tried, and what came of it."""

    name: str
    seed: int
    count: int = 0  # inputs; 0: as long as `seconds`
    seconds: float = 0.0
    first: int = 0
    trials: int = 0  # 0: as many as are needed
    findings: Path = Path("fuzz-findings")
    suffix: str = ".txt"
    inputs: int = 0
    found: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    chunk_inputs: int = CHUNK_INPUTS
    max_resident_bytes: int = MAX_RESIDENT_BYTES
    _started_s: float = field(default_factory=time.monotonic)
    _told_s: float = 0.0
    _chunk: _Chunk = field(default_factory=_Chunk)

    def run(self, trial: Trial) -> int:
        """Try until enough was tried; return the number of findings."""
        print(f"fuzz {self.name}: seed {self.seed}, {self.count or 'any number of'} inputs", flush=True)
        number = self.first
        while not self._is_enough(number):
            try:
                self.inputs += trial(random.Random(f"{self.seed}/{number}"), self.seen)
            except FindingError as finding:
                self.inputs += 1
                self._keep(number, finding)
            number += 1
            self._tell(number)
            if self.inputs - self._chunk.inputs >= self.chunk_inputs:
                self._end_chunk(number)
        self._tell(number, is_last=True)
        return self.found

    def _is_enough(self, number: int) -> bool:
        if self.trials:
            return number >= self.first + self.trials
        if self.count:
            return self.inputs >= self.count
        return time.monotonic() - self._started_s >= self.seconds

    def _keep(self, number: int, finding: FindingError) -> None:
        self.found += 1
        self.findings.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(finding.material).hexdigest()[:16]
        path = self.findings / f"{self.name}-{name}{self.suffix}"
        path.write_bytes(finding.material)
        print(f"\n{path} (seed {self.seed}, trial {number}): {finding}", flush=True)

    def _end_chunk(self, next_trial: int) -> None:
        """Tell what the inputs since the last chunk came to, and look at the size of the process."""
        before, self._chunk = self._chunk, _Chunk(inputs=self.inputs, found=self.found)
        inputs = self.inputs - before.inputs
        resident_bytes = _resident_bytes()
        print(
            f"\nchunk of {inputs:,} inputs, {self.inputs:,} in all: {self.found - before.found} findings, "
            f"{self._chunk.cpu_s - before.cpu_s:,.0f} s of processor time "
            f"({1000 * (self._chunk.cpu_s - before.cpu_s) / inputs:.2f} ms each) "
            f"in {self._chunk.clock_s - before.clock_s:,.0f} s, {resident_bytes // 1024**2} MB; "
            f"goes on with --seed {self.seed} --first {next_trial}",
            flush=True,
        )
        if resident_bytes > self.max_resident_bytes:
            self._keep(next_trial, FindingError(f"the process has grown to {resident_bytes // 1024**2} MB"))

    def _tell(self, number: int, *, is_last: bool = False) -> None:
        """Draw the bar on a terminal, else write a line now and then."""
        now_s = time.monotonic()
        is_terminal = sys.stdout.isatty()
        if not is_last and now_s - self._told_s < (BAR_EVERY_S if is_terminal else LINE_EVERY_S):
            return
        self._told_s = now_s
        passed_s = max(now_s - self._started_s, 1e-6)
        done = self.inputs / self.count if self.count else passed_s / (self.seconds or passed_s)
        filled = min(BAR_CELLS, int(done * BAR_CELLS))
        bar = f"[{'#' * filled}{'.' * (BAR_CELLS - filled)}] " if is_terminal else ""
        seen = ", ".join(f"{what} {count:,}" for what, count in sorted(self.seen.items()))
        pace = f"{self.inputs / passed_s:,.0f}/s, {self.found} findings"
        line = f"{bar}{self.inputs:,} inputs in {number - self.first:,} trials, {pace}"
        line += f" ({seen})" if seen else ""
        stays = is_last or not is_terminal
        print(f"\r{line}" if is_terminal else line, end="\n" if stays else "", flush=True)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
