"""Processes that die under load, and who consumes what: real processes, seen from outside.

The tests share one running desk, which has to bear all that they do to it and still stop clean.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest

from models.topics import ROUTED_SLUGS, topic_queue
from tests.live.conftest import Desk
from tests.live.letters import INCOMPLETE, mail

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_every_queue_is_consumed(running_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = running_desk
    desk.wait_for_worker()
    for name, value in desk.env.items():
        if name.startswith("RAZBOR_"):
            monkeypatch.setenv(name, value)
    from settings import load_settings
    from workers.app import create_app

    app = create_app(load_settings())
    found = app.control.inspect(timeout=3).active_queues() or {}
    consumed = {queue["name"] for queues in found.values() for queue in queues}
    assert consumed >= {topic_queue(slug) for slug in ROUTED_SLUGS} | {"read", "outbound", "upkeep"}


def test_broker_gone_mail_is_accepted_and_worked_later(running_desk: Desk) -> None:
    """The embedded broker is killed; acceptance does not notice, the supervisor brings it back."""
    desk = running_desk
    desk.wait_for_worker()
    brokers = desk.processes("-server")
    assert brokers
    before = desk.status()
    for pid in brokers:
        os.kill(pid, signal.SIGKILL)
    subject, text, _ = INCOMPLETE["ru"]
    desk.send(mail(subject, text, "ru@shop.example", "later@shop.example"), "ru@shop.example")
    now = desk.wait_quiet(before["accepted"] + 1)
    assert now["dispositions"]["opened"] == before["dispositions"]["opened"] + 1
    assert len(desk.relay.to("ru@shop.example")) == 1


def test_a_killed_worker_loses_and_doubles_nothing(running_desk: Desk) -> None:
    desk = running_desk
    desk.wait_for_worker()
    before = desk.status()
    subject, text, _ = INCOMPLETE["ru"]
    for n in range(60):
        sender = f"s{n}@shop.example"
        desk.send(mail(subject, text, sender, f"k{n}@shop.example"), sender)
        if n in {20, 40}:
            while not desk.processes("cli worker"):  # the supervisor is bringing it back
                time.sleep(0.1)
            for pid in desk.processes("cli worker"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
    status = desk.wait_quiet(before["accepted"] + 60)
    assert status["dispositions"]["opened"] == before["dispositions"]["opened"] + 60
    assert all(len(desk.relay.to(f"s{n}@shop.example")) == 1 for n in range(60))
