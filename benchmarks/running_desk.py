"""Razbor as it runs, for measurements from outside: processes in a folder, driven over SMTP.

In goes a folder and settings; out comes a desk that takes mail, tells when everything is worked off,
and what each of its processes used (processor time, memory, from /proc). The model is trained once
for all desks of a run; RAZBOR_BENCHMARK_MODEL may name a folder with a trained `razbor.db` instead.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, func, select

from benchmarks.compiled_copy import compiled_environment
from models.store import Store, open_store
from models.store.learning import Artefact, add_version, artefact_bytes, champion, promote
from models.store.migrate import migrate
from models.store.overview import status
from models.store.schema import MAIL_STATE, TOPIC_WORK
from settings import Settings

HOST: Final = "127.0.0.1"
START_S: Final = 90
STOP_S: Final = 30
LOOK_EVERY_S: Final = 0.1
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
MODEL_ENV: Final = "RAZBOR_BENCHMARK_MODEL"


_ENDED: Final = select(func.count()).select_from(MAIL_STATE).where(MAIL_STATE.c.disposition.is_not(None))
_DUE: Final = select(TOPIC_WORK.c.ticket_id).where(TOPIC_WORK.c.due_at_utc <= bindparam("now")).limit(1)


@dataclass
class RunningDesk:
    """Processes that share one store. `store` is opened for looking."""

    env: dict[str, str]
    log: Path
    settings: Settings
    store: Store
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def smtp_port(self) -> int:
        """Where it takes mail."""
        return self.settings.smtp_port

    def start(self, *words: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start `razbor WORDS` with more settings of its own."""
        env = self.env | {f"RAZBOR_{name.upper()}": value for name, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *words],
            env=env,
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """End all processes, the last started first."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.store.close()

    def wait_until_worked(self, accepted: int, patience_s: float) -> None:
        """Wait until `accepted` mails have ended and no topic work is due.

        What looks must not take the processors from what is looked at: two statements each time, a
        twentieth of what `razbor status` asks. Raises RuntimeError when it takes longer than `patience_s`.
        """
        give_up_at = time.monotonic() + patience_s
        while not self._is_worked(accepted):
            if time.monotonic() > give_up_at:
                now = status(self.store, datetime.now(UTC), relay=False)
                raise RuntimeError(f"not worked off within {patience_s:.0f} s: {now}\n{self.told()}")
            time.sleep(LOOK_EVERY_S)

    def _is_worked(self, accepted: int) -> bool:
        with self.store.read() as db:
            ended = db.scalar(_ENDED) or 0
            return ended >= accepted and db.scalar(_DUE, {"now": datetime.now(UTC)}) is None

    def told(self) -> str:
        """Return the end of what the processes logged."""
        return self.log.read_text()[-2000:] if self.log.exists() else ""

    def used(self) -> dict[str, tuple[float, float]]:
        """Processor seconds and resident MB of every process, by what it does and its number."""
        mine = f"RAZBOR_DATA_DIR={self.env['RAZBOR_DATA_DIR']}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mine in (folder / "environ").read_bytes().split(b"\0"):
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    part = words[3].decode() if len(words) > 4 else "?"
                    found[f"{part} {folder.name}"] = process_used(folder)
            except OSError:
                continue
        return found


def process_used(folder: Path) -> tuple[float, float]:
    """Return processor seconds and resident MB of a process.

    Fields 14 and 15 of /proc/PID/stat, and the resident pages of /proc/PID/statm.
    """
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    resident = int((folder / "statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S, resident * PAGE_BYTES / 1e6


@contextmanager
def desk(folder: Path, *, compiled: bool = False, **settings: str) -> Iterator[RunningDesk]:
    """Make a desk in `folder` with a trained model, and end what was started in it; nothing runs yet.

    With `compiled` its processes run the copy whose reading is native code (`make compiled`).
    """
    folder.mkdir(parents=True)
    env = {key: value for key, value in os.environ.items() if not key.startswith("RAZBOR_")} | {
        **(compiled_environment() if compiled else {}),
        "RAZBOR_DATA_DIR": str(folder),
        "RAZBOR_SMTP_PORT": str(free_port()),
        "RAZBOR_CONSOLE_PORT": "0",
        "RAZBOR_LOG_LEVEL": "WARNING",
        **{f"RAZBOR_{name.upper()}": value for name, value in settings.items()},
    }
    given = {key.removeprefix("RAZBOR_").lower(): env[key] for key in env if key.startswith("RAZBOR_")}
    options = Settings(_env_file=None, **given)  # type: ignore[arg-type]  # as text, like the environment
    if options.is_sqlite:
        shutil.copy(trained_database(), folder / "razbor.db")
        migrate_folder(folder)
    else:
        _give_model(options)
    running = RunningDesk(
        env=env,
        log=folder / "log",
        settings=options,
        store=open_store(options.main_database_url, options.intake_database_url),
    )
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def serving_desk(folder: Path, *, compiled: bool = False, **settings: str) -> Iterator[RunningDesk]:
    """Run `razbor serve` in `folder` until its SMTP port answers and a worker works."""
    with desk(folder, compiled=compiled, **settings) as running:
        process = running.start("serve")
        wait_for_port(running.smtp_port, process)
        yield running


def migrate_folder(folder: Path) -> None:
    """Bring the SQLite files of a data folder to this code's schema."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("RAZBOR_")}
    command = [sys.executable, "-m", "cli", "migrate"]
    subprocess.run(command, env=env | {"RAZBOR_DATA_DIR": str(folder)}, check=True, stdout=subprocess.DEVNULL)


def _give_model(options: Settings) -> None:
    """Migrate another database and put the trained model into it."""
    path = trained_database()
    source = open_store(f"sqlite:///{path}", f"sqlite:///{path.with_name('intake.db')}")
    target = open_store(options.main_database_url, options.intake_database_url)
    migrate(target)
    with source.read() as db:
        version = champion(db)
        if version is None:
            raise RuntimeError(f"no model in {path}: run `razbor train` there")
        artefact = Artefact(
            name=version.name,
            data=artefact_bytes(db, version.name),
            sha256=version.sha256,
            data_hash=version.data_hash,
            example_count=version.example_count,
            metrics=version.metrics,
            parameters=version.parameters,
        )
    with target.write() as db:
        add_version(db, artefact, now_utc=datetime.now(UTC))
        promote(db, version.name, "for a measurement", now_utc=datetime.now(UTC))
    source.close()
    target.close()


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody answers; raises RuntimeError when `process` ends or takes too long."""
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")


@cache
def trained_database() -> Path:
    """Return a migrated `razbor.db` with the model of the bundled corpus, trained once per run."""
    named = os.environ.get(MODEL_ENV)
    if named:
        return Path(named) / "razbor.db"
    folder = Path(tempfile.mkdtemp(prefix="razbor-bench-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    env = {key: value for key, value in os.environ.items() if not key.startswith("RAZBOR_")}
    for words in (["migrate"], ["train"]):
        subprocess.run(
            [sys.executable, "-m", "cli", *words],
            env=env | {"RAZBOR_DATA_DIR": str(folder)},
            check=True,
            capture_output=True,
        )
    return folder / "razbor.db"
