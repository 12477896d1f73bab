"""A PostgreSQL of one's own for a measurement: named by the environment, else started in a new folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

START_TIMEOUT_S: Final = 30.0
NAMED: Final = "RAZBOR_BENCHMARK_POSTGRES_URL"


@contextmanager
def postgres_url(parent: Path) -> Iterator[str]:
    """Give the SQLAlchemy address of an empty database; "" where no server is installed.

    Raises RuntimeError when a server is installed and does not start.
    """
    named = os.environ.get(NAMED, "")
    if named:
        yield named.replace("postgresql://", "postgresql+psycopg://")
        return
    binaries = _binaries()
    if binaries is None:
        yield ""
        return
    folder = Path(tempfile.mkdtemp(prefix="razbor-pg-", dir=parent))
    account = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if account:
        os.chown(folder, pwd.getpwnam(account).pw_uid, -1)
    make = [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"]
    subprocess.run(make, check=True, user=account, stdout=subprocess.DEVNULL)
    serve = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
    server = subprocess.Popen(serve, user=account, stderr=subprocess.DEVNULL)
    try:
        url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
        _wait(url)
        yield url.replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return found[-1]
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def _wait(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    msg = f"PostgreSQL did not start within {START_TIMEOUT_S} s: name a server with {NAMED}"
    raise RuntimeError(msg)
