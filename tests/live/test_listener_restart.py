"""The listener restarts under load on a socket that is held for it, as systemd does: nobody is refused."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.intake.smtp_harness import client, stored, wait_until

pytestmark = pytest.mark.slow

RESTARTS = 2
# What systemd does before it starts a unit: the socket as descriptor 3, and for which process it is.
AS_SYSTEMD = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
    "os.environ['LISTEN_FDS'] = '1'; os.execv(sys.executable, [sys.executable, '-m', 'cli', 'listen'])"
)
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def held() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as kept:
        yield kept


@pytest.fixture
def start(tmp_path: Path, migrated_files: Path, held: socket.socket) -> Iterator[Start]:
    for name in ("razbor.db", "intake.db"):
        shutil.copyfile(migrated_files / name, tmp_path / name)
    env = {key: value for key, value in os.environ.items() if not key.startswith("RAZBOR_")} | {
        "RAZBOR_DATA_DIR": str(tmp_path),
        "RAZBOR_MAILBOXES": "support@razbor.test",
        "RAZBOR_SMTP_PORT": "1",  # must not be used
        "RAZBOR_BROKER_URL": "redis://127.0.0.1:1/0",
    }
    running: list[subprocess.Popen[bytes]] = []

    def one() -> subprocess.Popen[bytes]:
        words = [sys.executable, "-c", AS_SYSTEMD, str(held.fileno())]
        with (tmp_path / "listen.log").open("ab") as log:
            running.append(subprocess.Popen(words, env=env, stderr=log, pass_fds=(held.fileno(),)))
        return running[-1]

    yield one
    for process in running:
        process.kill()
        process.wait(10)


class Senders:
    """Threads that bring one mail per connection, as most servers do, and note every refusal."""

    def __init__(self, port: int, count: int) -> None:
        self.port = port
        self.accepted: list[str] = []
        self.refusals: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, number: int) -> None:
        count = 0
        while not self._stop.is_set():
            count += 1
            raw = b"Subject: %d-%d\r\n\r\n" % (number, count) + b"line\r\n" * 50
            try:
                peer = smtplib.SMTP("127.0.0.1", self.port, timeout=30)
                peer.sendmail("a@shop.example", ["support@razbor.test"], raw)
            except (OSError, smtplib.SMTPException) as error:
                self.refusals.append(repr(error))
            else:
                self.accepted.append(hashlib.sha256(raw).hexdigest())
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    peer.quit()
            time.sleep(0.01)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_mail_flows_throughout_restarts_and_none_is_refused(
    start: Start, held: socket.socket, tmp_path: Path
) -> None:
    process = start()
    senders = Senders(held.getsockname()[1], 3)
    try:
        for _ in range(RESTARTS):
            before = len(senders.accepted)
            wait_until(lambda: len(senders.accepted) > before + 30, timeout_s=30)  # noqa: B023 - of this turn
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            process = start()
        before = len(senders.accepted)
        wait_until(lambda: len(senders.accepted) > before + 30, timeout_s=30)
    finally:
        senders.stop()
    assert senders.refusals == []
    assert sorted(senders.accepted) == sorted(mail.sha256 for mail in stored(tmp_path / "intake.db"))


def test_a_session_that_was_begun_brings_its_mail_and_one_that_delivered_is_told(
    start: Start, held: socket.socket
) -> None:
    process = start()
    port = held.getsockname()[1]
    begun, delivered = client(port), client(port)
    assert delivered.deliver(b"Subject: one\r\n").startswith("250 ")
    process.send_signal(signal.SIGTERM)
    assert delivered.reply().startswith("421 4.3.2 Closing")
    assert begun.deliver(b"Subject: begun\r\n").startswith("250 ")
    waiting = socket.create_connection(("127.0.0.1", port), timeout=20)
    assert process.wait(20) == 0
    start()
    assert waiting.recv(3) == b"220", "the next listener greets who waited"
    waiting.close()
