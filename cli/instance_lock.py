"""One `razbor serve` per data directory: a lock that ends with the process that holds it.

flock(2) is released by the kernel however the holder dies, so a stale lock cannot exist. The
file also says who holds it and where that instance listens, for `demo` and for messages.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cli.faults import ConfigError

LOCK_FILE = "serve.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A running `razbor serve`."""

    pid: int
    smtp_host: str = ""
    smtp_port: int = 0  # 0 while it is still starting
    console_port: int = 0


class InstanceLock:
    """Holds the data directory for this process; use as a context manager."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK_FILE
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the lock. Raises ConfigError, with the holder's process id, when it is taken."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        if not _locked(file):
            holder = _read_instance(file)
            file.close()
            who = f" (process {holder.pid})" if holder else ""
            raise ConfigError(
                f"Another `razbor serve`{who} runs on {self._path.parent}. Stop it, or give this one "
                "a folder of its own with RAZBOR_DATA_DIR."
            )
        self._file = file
        self.publish(Instance(pid=os.getpid()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the lock and leave the file: removing it would race with the next holder."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def publish(self, instance: Instance) -> None:
        """Write down who holds the lock and where it listens."""
        if self._file is None:
            raise RuntimeError("the lock is not held")
        self._file.seek(0)
        self._file.truncate(0)
        self._file.write(json.dumps(asdict(instance)))
        self._file.flush()


def _locked(file: IO[str]) -> bool:
    """Try to lock, thrice: `running_instance` of another process holds the lock for a moment."""
    for attempt in range(3):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05 * attempt)
        else:
            return True
    return False


def running_instance(data_dir: Path) -> Instance | None:
    """Tell which `razbor serve` holds a data directory now; None when none does."""
    path = data_dir / LOCK_FILE
    try:
        file = path.open("r+", encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read_instance(file) or Instance(pid=0)
    return None


def _read_instance(file: IO[str]) -> Instance | None:
    """Read what the holder wrote; None while it is writing or when it is from another version."""
    file.seek(0)
    try:
        return Instance(**json.loads(file.read()))
    except (ValueError, TypeError):
        return None
