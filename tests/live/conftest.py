"""A whole desk as it runs: `razbor serve` in a folder, a relay that collects replies, SMTP from outside.

One model is trained per test run (`trained_on_train`) and given to every desk, since training is
not what these tests are about.
"""

from __future__ import annotations

import contextlib
import email.message
import email.policy
import fcntl
import json
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from classifier.artifact import dump
from classifier.dataset import data_hash, default_corpus_paths, load_corpus
from classifier.train import TrainedModel
from models.store import Store, open_store, overview
from models.store.learning import Artefact, add_version, artefact_bytes, champion, promote
from models.store.migrate import migrate
from settings import Settings
from tests.once_per_run import shared_folder
from tests.warm_command import warm_razbor
from workers.retraining import make_artefact
from workers.training_child import Trained

MAILBOXES = "support@desk.example,pvz@desk.example"
START_TIMEOUT_S = 60
QUIET_TIMEOUT_S = 40


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Relay:
    """Collects what would have gone out to sellers; can be told to refuse."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], email.message.EmailMessage]] = []
        self.answer = "250 OK"
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            parsed = message_from_bytes(bytes(envelope.content or b""), policy=email.policy.default)
            self.mails.append((str(envelope.mail_from), list(envelope.rcpt_tos), parsed))
        return self.answer

    def to(self, address: str) -> list[email.message.EmailMessage]:
        return [mail for _, rcpt, mail in self.mails if address in rcpt]

    def stop(self) -> None:
        self.controller.stop()


@dataclass
class Desk:
    """One running Razbor, driven from outside."""

    env: dict[str, str]
    port: int
    relay: Relay
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(default_factory=Path)
    store: Store | None = None  # for looking in from outside; open while the desk is looked at

    def razbor(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def lines(self, *words: str) -> list[dict[str, Any]]:
        # Twenty thousand lines take a while on a busy machine.
        done = warm_razbor(*words, "--json", env=self.env, timeout_s=300)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self) -> dict[str, Any]:
        """The counts of `razbor status`, read in this process: a poll must not cost a process."""
        if self.store is None:
            settings = self.settings()
            self.store = open_store(settings.main_database_url, settings.intake_database_url)
        return overview.status(self.store, datetime.now(UTC), relay=bool(self.env["RAZBOR_RELAY_URL"]))

    def settings(self) -> Settings:
        given = {k.removeprefix("RAZBOR_").lower(): v for k, v in self.env.items() if k.startswith("RAZBOR_")}
        return Settings(_env_file=None, **given)

    def tickets(self) -> list[dict[str, Any]]:
        return self.lines("tickets", "list")

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli", "serve"],
            env=self.env,
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"serve did not come up:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def wait_for_worker(self) -> None:
        """Wait until a worker answers the broker: its queues are consumed then."""
        import redis

        settings = self.settings()
        client = redis.Redis.from_url(settings.broker_url or f"unix://{settings.embedded_broker_socket}")
        deadline = time.monotonic() + START_TIMEOUT_S
        while not client.exists("_kombu.binding.celery.pidbox"):
            if time.monotonic() > deadline:
                pytest.fail(f"no worker came up:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)
        client.close()

    def answers(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=2) as client:
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def send(self, raw: bytes | str, mail_from: str, rcpt: str = "support@desk.example") -> None:
        data = raw.encode() if isinstance(raw, str) else raw
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.sendmail(mail_from, [rcpt], data)

    def wait_quiet(self, accepted: int | None = None) -> dict[str, Any]:
        """Wait until everything accepted has ended, topics are worked and replies have left."""
        deadline = time.monotonic() + QUIET_TIMEOUT_S
        while True:
            now = self.status()
            settled = now["in_flight"] == 0 and now["work_due"] == 0 and now["outbox"]["due"] == 0
            if settled and (accepted is None or now["accepted"] >= accepted):
                return now
            if time.monotonic() > deadline:
                pytest.fail(f"not quiet after {QUIET_TIMEOUT_S} s: {now}\n{self.told()}")
            time.sleep(0.25)

    def processes(self, words: str) -> list[int]:
        """Processes of this desk whose command line holds these words."""
        mine = f"RAZBOR_DATA_DIR={self.env['RAZBOR_DATA_DIR']}".encode()
        run_dir = str(
            Settings(data_dir=Path(self.env["RAZBOR_DATA_DIR"])).run_dir
        )  # stands in the broker's command
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if (mine in environment or run_dir in command) and words in command:
                    found.append(int(folder.name))
        return found

    def none_left(self, words: str = "", patience_s: float = 10) -> bool:
        """Wait until no process of this desk holds these words in its command line."""
        deadline = time.monotonic() + patience_s
        while self.processes(words) and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.processes(words)

    def log_lines(self) -> list[dict[str, Any]]:
        """What the processes logged, where RAZBOR_LOG_JSON is set."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def told(self) -> str:
        """The end of what `serve` logged."""
        return self.log.read_text()[-3000:] if self.log.exists() else "no log"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        assert self.process is not None
        if self.store is not None:
            self.store.close()
            self.store = None
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory, trained_on_train: TrainedModel) -> Path:
    """A data folder with a migrated database and a champion for the bundled corpus, made once."""
    shared = shared_folder(tmp_path_factory)
    folder = shared / "trained"
    with (shared / "trained.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            folder.mkdir(exist_ok=True)
            env = {**os.environ, "RAZBOR_DATA_DIR": str(folder)}
            assert warm_razbor("migrate", env=env).returncode == 0
            _put_champion(folder, trained_on_train)
            (folder / "done").touch()
    return folder


def _put_champion(folder: Path, trained: TrainedModel) -> None:
    """Enter a model as `razbor train` does for the bundled corpus.

    The weights are those of the train part, so that a run trains once; what is written of
    the data is what a training on all of the corpus would have written.
    """
    examples = load_corpus(default_corpus_paths())
    made = Trained(
        data=dump(trained),
        metrics=trained.metrics,
        parameters=trained.parameters,
        environment=trained.environment,
        threshold_set=trained.thresholds.name,
        thresholds=trained.thresholds.as_json(),
    )
    artefact = make_artefact(made, examples, data_hash(examples), trained.thresholds.target)
    store = open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")
    with store.write(["model"]) as db:
        add_version(db, artefact, now_utc=datetime.now(UTC))
        promote(db, artefact.name, "trained for the tests", now_utc=datetime.now(UTC))
    store.close()


def give_model(trained: Path, url: str) -> None:
    """Copy the champion of the trained folder into a PostgreSQL database."""
    source = open_store(f"sqlite:///{trained}/razbor.db", f"sqlite:///{trained}/intake.db")
    alchemy = url.replace("postgresql://", "postgresql+psycopg://")
    target = open_store(alchemy, alchemy)
    migrate(target)
    with source.read() as db:
        version = champion(db)
        assert version is not None
        data = artefact_bytes(db, version.name)
    artefact = Artefact(
        name=version.name,
        data=data,
        sha256=version.sha256,
        data_hash=version.data_hash,
        example_count=version.example_count,
        metrics=version.metrics,
        parameters=version.parameters,
    )
    with target.write() as db:
        add_version(db, artefact, now_utc=datetime.now(UTC))
        promote(db, version.name, "copied", now_utc=datetime.now(UTC))
    source.close()
    target.close()


MakeDesk = Callable[..., Desk]


def desk_settings(folder: Path, relay: Relay) -> dict[str, str]:
    """The environment of an embedded desk with one worker process."""
    folder.mkdir()
    return {key: value for key, value in os.environ.items() if not key.startswith("RAZBOR_")} | {
        "RAZBOR_DATA_DIR": str(folder),
        "RAZBOR_SMTP_PORT": str(free_port()),
        "RAZBOR_CONSOLE_PORT": "0",
        "RAZBOR_MAILBOXES": MAILBOXES,
        "RAZBOR_RELAY_URL": f"smtp://127.0.0.1:{relay.port}",
        "RAZBOR_WORKER_PROCESSES": "1",
        "RAZBOR_SWEEP_S": "1",
    }


@pytest.fixture
def make_desk(tmp_path: Path, trained_folder: Path, request: pytest.FixtureRequest) -> Iterator[MakeDesk]:
    """Make desks: embedded under `razbor serve`; `composed=True`: the compose file's services on servers."""
    from tests.live.composed import ComposedDesk

    desks: list[Desk] = []

    def make(*, composed: bool = False, start: bool = True, **settings: str) -> Desk:
        folder = tmp_path / f"desk{len(desks)}"
        relay = Relay()
        env = desk_settings(folder, relay)
        env |= {f"RAZBOR_{name.upper()}": value for name, value in settings.items()}
        if composed:
            env["RAZBOR_CONSOLE_PORT"] = str(free_port())  # the health check must know it
            env["RAZBOR_DATABASE_URL"] = request.getfixturevalue("postgres_dsn")
            env["RAZBOR_BROKER_URL"] = request.getfixturevalue("broker_url")
            give_model(trained_folder, env["RAZBOR_DATABASE_URL"])
        else:
            shutil.copy(trained_folder / "razbor.db", folder / "razbor.db")
        kind = ComposedDesk if composed else Desk
        desk = kind(env=env, port=int(env["RAZBOR_SMTP_PORT"]), relay=relay, log=folder / "serve.log")
        desks.append(desk)
        if start:
            desk.start()
        return desk

    yield make
    for desk in desks:
        if desk.is_running:
            desk.stop(signal.SIGTERM)
        desk.relay.stop()
