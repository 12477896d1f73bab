"""Stopping: nothing that got its 250 is lost, whether the listener is asked to stop or killed."""

from __future__ import annotations

import contextlib
import hashlib
import signal
import smtplib
import threading
import time
from pathlib import Path

import pytest

from tests.intake.smtp_harness import (
    Client,
    ListenerProcess,
    RunningListener,
    SlowStore,
    client,
    make_store_file,
    stored,
    wait_until,
)

SENDERS = 6


class Senders:
    """Threads that send mail as fast as they get their replies, and note what was accepted."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.accepted: set[str] = set()
        self._is_stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def _send(self, number: int) -> None:
        for attempt in range(100_000):
            if self._is_stopping.is_set():
                return
            with (
                contextlib.suppress(OSError, smtplib.SMTPException),
                smtplib.SMTP("127.0.0.1", self.port, timeout=10) as peer,
            ):
                for mail in range(20):
                    raw = b"Subject: %d-%d-%d\r\n\r\n" % (number, attempt, mail) + b"line\r\n" * 500
                    peer.sendmail("a@b.example", ["support@razbor.test"], raw)
                    self.accepted.add(hashlib.sha256(raw).hexdigest())

    def stop(self) -> set[str]:
        self._is_stopping.set()
        for thread in self._threads:
            thread.join()
        return self.accepted


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_every_250_under_load_is_in_the_file(tmp_path: Path, how: signal.Signals) -> None:
    path = make_store_file(tmp_path)
    with ListenerProcess(path) as listener:
        senders = Senders(listener.port)
        wait_until(lambda: len(senders.accepted) > 200)
        listener.process.send_signal(how)
        code = listener.process.wait(20)
        accepted = senders.stop()
    in_file = [mail.sha256 for mail in stored(path)]
    assert accepted <= set(in_file)
    assert len(in_file) - len(accepted) <= (SENDERS if how is signal.SIGKILL else 0)
    assert code == (-signal.SIGKILL if how is signal.SIGKILL else 0)
    with ListenerProcess(path) as again, client(again.port) as peer:  # the lock died with the process
        assert peer.deliver(b"Subject: after\r\n").startswith("250 ")


def test_idle_sessions_are_told_and_mails_in_transit_finish() -> None:
    store = SlowStore()
    with RunningListener(store, grace_s=10.0) as listener:
        idle, begun, sending, storing = [client(listener.port) for _ in range(4)]
        begun.ask("MAIL FROM:<a@b.example>")
        sending.begin().send(b"Subject: sending\r\n")
        store.gate.clear()
        storing.begin().send(b"Subject: storing\r\n.\r\n")
        wait_until(lambda: store.groups == [1])
        listener.ask_to_stop()
        assert idle.reply().startswith("421 4.3.2 Closing")
        assert begun.reply().startswith("421 4.3.2 Closing")
        with pytest.raises(ConnectionRefusedError):
            Client(listener.port)
        time.sleep(0.2)
        sending.send(b"and done\r\n.\r\n")
        time.sleep(0.2)
        store.gate.set()
        for peer in (storing, sending):
            assert peer.reply().startswith("250 ")
            assert peer.reply().startswith("421 4.3.2 Closing")
            assert peer.reply() == ""
    assert [mail.raw for mail in store.mails] == [
        b"Subject: storing\r\n",
        b"Subject: sending\r\nand done\r\n",
    ]


def test_grace_for_bodies_is_bounded() -> None:
    store = SlowStore()
    with RunningListener(store, grace_s=0.3) as listener:
        peer = client(listener.port).begin()
        peer.send(b"Subject: never done\r\n")
        started = time.monotonic()
        listener.ask_to_stop()
        assert peer.reply().startswith("421 4.3.2 Closing")
        assert 0.2 < time.monotonic() - started < 5
    assert store.mails == []


def test_second_signal_cuts_the_grace_short(tmp_path: Path) -> None:
    with ListenerProcess(make_store_file(tmp_path)) as listener:
        peer = client(listener.port).begin()
        listener.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert listener.process.poll() is None
        listener.process.send_signal(signal.SIGINT)
        assert peer.reply().startswith("421 4.3.2 Closing")
        assert listener.process.wait(5) == 0
