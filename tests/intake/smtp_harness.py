"""What the SMTP tests share: a listener in a thread, a client that speaks byte by byte, stored rows."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvloop

from intake.limits import Limits
from intake.listener import Listener, ListenerOptions
from models.raw_store import AcceptedMail, RawStore, SqliteRawStore

MAILBOX = "support@razbor.test"
SCHEMA = """CREATE TABLE raw_message (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_utc TEXT NOT NULL,
peer TEXT NOT NULL, helo TEXT NOT NULL, tls BOOLEAN NOT NULL, mail_from TEXT NOT NULL, rcpt_tos TEXT NOT NULL,
size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, codec TEXT NOT NULL, raw BLOB)"""


def make_store_file(folder: Path) -> Path:
    """Create an empty intake.db, as the migration does."""
    path = folder / "intake.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(SCHEMA)
        connection.commit()
    return path


@dataclass(frozen=True)
class StoredMail:
    """One row of raw_message."""

    raw_id: int
    received_at_utc: str
    peer: str
    helo: str
    tls: bool
    mail_from: str
    rcpt_tos: list[str]
    size_bytes: int
    sha256: str
    codec: str
    raw: bytes


def stored(path: Path) -> list[StoredMail]:
    """Read every row, as another process would: read-only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT id, received_at_utc, peer, helo, tls, mail_from, rcpt_tos, size_bytes, sha256, codec, raw"
            " FROM raw_message ORDER BY id"
        ).fetchall()
    return [StoredMail(*row[:4], bool(row[4]), row[5], json.loads(row[6]), *row[7:]) for row in rows]


class RunningListener:
    """A listener on a free port, in a thread with an event loop of its own."""

    def __init__(
        self,
        store: RawStore,
        *,
        enqueue: Callable[[], object] = lambda: None,
        upkeep: Callable[[], object] | None = None,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
        **options: Any,
    ) -> None:
        options.setdefault("mailboxes", (MAILBOX,))
        self.listener = Listener(ListenerOptions(**{"port": 0, **options}), store, enqueue, upkeep)
        self.port = 0
        self.loop_errors: list[dict[str, Any]] = []
        self._loop_factory = loop_factory
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_ready.wait(10), "the listener did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ask_to_stop()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the listener did not stop"
        if kind is None:
            assert self.loop_errors == []

    def ask_to_stop(self) -> None:
        """Begin the graceful stop and return at once."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _loop, context: self.loop_errors.append(context))
        await self.listener.start()
        self.port = self.listener.port
        self._is_ready.set()
        await self._stop.wait()
        await self.listener.stop()


class Client:
    """An SMTP client that sends exactly the bytes it is told to."""

    def __init__(self, port: int, *, timeout_s: float = 20.0, source: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_s, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def reply(self) -> str:
        """Read one reply, joined by newlines; "" when the server has closed."""
        lines = []
        while True:
            try:
                line = self._file.readline().decode()
            except ConnectionResetError:
                line = ""
            lines.append(line.rstrip("\r\n"))
            if not line or line[3:4] == " ":
                return "\n".join(lines)

    def ask(self, command: bytes | str) -> str:
        """Send one command line and read its reply."""
        self.send(command if isinstance(command, bytes) else f"{command}\r\n")
        return self.reply()

    def hello(self) -> Self:
        """Get as far as EHLO."""
        assert self.reply().startswith("220 ")
        assert self.ask("EHLO client.example").startswith("250-")
        return self

    def begin(self, *recipients: str, sender: str = "seller@shop.example") -> Self:
        """Get as far as the 354 of a mail."""
        assert self.ask(f"MAIL FROM:<{sender}>").startswith("250 ")
        for recipient in recipients or (MAILBOX,):
            assert self.ask(f"RCPT TO:<{recipient}>").startswith("250 ")
        assert self.ask("DATA").startswith("354 ")
        return self

    def deliver(self, raw: bytes, *recipients: str) -> str:
        """Hand in one mail (already dot-stuffed, ending in CRLF) and return the last reply."""
        self.begin(*recipients)
        return self.ask(raw + b".\r\n")


def client(port: int) -> Client:
    """Connect and say EHLO."""
    return Client(port).hello()


class SlowStore:
    """A store that takes its time, or fails as told; keeps what it was given."""

    def __init__(self) -> None:
        self.mails: list[AcceptedMail] = []
        self.groups: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.failures: list[BaseException] = []

    def append(self, mails: Sequence[AcceptedMail]) -> Sequence[int]:
        self.groups.append(len(mails))
        assert self.gate.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        first = len(self.mails) + 1
        self.mails += mails
        return range(first, first + len(mails))

    def close(self) -> None:
        pass


def small_limits(**limits: Any) -> Limits:
    """Limits that a test can reach quickly."""
    return Limits(**{"max_message_bytes": 200_000, "close_s": 1.0, **limits})


def wait_until(is_true: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Poll for something that happens in another thread or process."""
    give_up_at = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.01)


def open_store(folder: Path, **options: Any) -> tuple[Path, SqliteRawStore]:
    """Create and open a store."""
    path = make_store_file(folder)
    return path, SqliteRawStore(path, **options)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ListenerProcess:
    """A listener as a process of its own."""

    def __init__(self, path: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.intake.smtp_listener_process", str(path), *arguments]
        root = Path(__file__).resolve().parents[2]
        self.process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline() or 0)
        assert self.port, "the listener process did not start"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.process.kill()
        self.process.communicate()

    def rss_bytes(self) -> int:
        """The memory that the process holds, as /proc says."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
