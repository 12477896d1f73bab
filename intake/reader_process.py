"""Read a hostile file in a child process that cannot hurt its parent: the parent's side.

The name of a job (`spreadsheet`, `pdf`, `tnef`) and the octets of a file go in; out come a
JSON object and octets. Parsers of such files fail in ways no `except` catches (calamine
aborts on a tiny sheet with the cells A1 and XFD1048576, a PDF library is native code), so
none of them runs in a worker. The child (`intake.reader_child`) limits its own memory,
processor time, files and processes before it touches an octet and does not inherit the
environment; here the wall time and the size of the answer are limited. One file
costs about 80 ms of processor time for a table and 110 ms for a PDF, nearly all of it the
start. All children of one mail share one `ReadingBudget`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from intake.unreadable import UnreadableFileError

WALL_S: Final = 8.0  # for one file
MAIL_WALL_S: Final = 16.0  # for all files of one mail
MAX_PROCESSES: Final = 12  # of one mail
MAX_ANSWER_BYTES: Final = 48 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_TOO_LONG: Final = frozenset({-signal.SIGXCPU, -signal.SIGALRM})
# What an unusual installation needs to find Python itself; no password stands there.
_ENVIRONMENT: Final = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
_ROOT: Final = Path(__file__).resolve().parent.parent


class Answer(NamedTuple):
    """What a reader found: a JSON object, and octets that belong to it (files inside)."""

    found: dict[str, Any]
    octets: bytes


@dataclass(slots=True)
class ReadingBudget:
    """What the child processes of one mail may still cost together."""

    wall_s: float = MAIL_WALL_S
    processes: int = MAX_PROCESSES

    def take(self) -> float:
        """Seconds that the next file may take. Raises UnreadableFileError when nothing is left."""
        if self.processes <= 0:
            raise UnreadableFileError(f"not read, a mail may bring {MAX_PROCESSES} such files")
        if self.wall_s <= 0:
            raise UnreadableFileError("not read, the other files of the mail took all the time allowed")
        self.processes -= 1
        return min(WALL_S, self.wall_s)


def read_in_child(job: str, octets: bytes, budget: ReadingBudget) -> Answer:
    """Run one reading job on a file in a limited child process.

    Raises UnreadableFileError when the file is broken, encrypted, too large or too slow to read.
    """
    wall_s = budget.take()
    started_s = time.monotonic()
    try:
        return _run(job, octets, wall_s)
    finally:
        budget.wall_s -= time.monotonic() - started_s


def _run(job: str, octets: bytes, wall_s: float) -> Answer:
    with _anonymous_file() as given:
        given.write(octets)
        given.seek(0)
        try:
            child = subprocess.Popen(
                [sys.executable, "-s", "-m", "intake.reader_child", job],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            )
        except OSError as error:
            raise UnreadableFileError(f"its reader could not be started: {error.strerror}") from error
    with child:
        try:
            answer = _all_output(child, wall_s)
        finally:
            child.kill()  # it has closed its output or used up its time: nothing it does now matters
    return _parsed(answer, child.returncode)


def _anonymous_file() -> IO[bytes]:
    """Open a file without a name: a pipe would have to be fed while the answer is read."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("attachment"), "w+b")
    return tempfile.TemporaryFile()


def _all_output(child: subprocess.Popen[bytes], wall_s: float) -> bytes:
    if child.stdout is None:
        raise AssertionError("the child was started with a pipe")
    deadline_s = time.monotonic() + wall_s
    pieces: list[bytes] = []
    size_bytes = 0
    poller = select.poll()
    poller.register(child.stdout, select.POLLIN | select.POLLHUP)
    while (left_s := deadline_s - time.monotonic()) > 0 and poller.poll(left_s * 1000):
        piece = os.read(child.stdout.fileno(), _CHUNK_BYTES)
        if not piece:
            _await_end(child)
            return b"".join(pieces)
        pieces.append(piece)
        size_bytes += len(piece)
        if size_bytes > MAX_ANSWER_BYTES:
            raise UnreadableFileError("what is inside is larger than is allowed")
    raise UnreadableFileError(f"reading it took more than {wall_s:.0f} s")


def _await_end(child: subprocess.Popen[bytes]) -> None:
    """Let a child that closed its output end by itself, so that its exit status tells why."""
    try:
        child.wait(1.0)
    except subprocess.TimeoutExpired:
        return  # its caller ends it


def _parsed(answer: bytes, status: int) -> Answer:
    """Take the answer apart: one line of JSON, then octets."""
    line, _, octets = answer.partition(b"\n")
    try:
        found = json.loads(line)
    except ValueError as error:
        if status in _TOO_LONG:
            raise UnreadableFileError("reading it took more processor time than is allowed") from error
        raise UnreadableFileError(
            "it needs more memory than is allowed, or is broken in a way that ends its reader"
        ) from error
    if not isinstance(found, dict) or "error" in found:
        raise UnreadableFileError(str(found["error"]) if isinstance(found, dict) else "it is broken")
    return Answer(found, octets)
