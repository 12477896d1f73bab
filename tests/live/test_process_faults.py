"""Processes that die under load, and who consumes what: real processes, seen from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest

from models.topics import ROUTED_SLUGS, topic_queue
from tests.live.letters import INCOMPLETE, mail

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_every_queue_is_consumed(make_desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk()
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


def test_broker_gone_mail_is_accepted_and_worked_later(make_desk) -> None:
    """The embedded broker is killed; acceptance does not notice, the supervisor brings it back."""
    desk = make_desk()
    desk.wait_for_worker()
    brokers = desk.processes("-server")
    assert brokers
    for pid in brokers:
        os.kill(pid, signal.SIGKILL)
    subject, text, _ = INCOMPLETE["ru"]
    desk.send(mail(subject, text, "ru@shop.example", "later@shop.example"), "ru@shop.example")
    assert desk.wait_quiet(1)["dispositions"]["opened"] == 1
    assert len(desk.relay.to("ru@shop.example")) == 1


def test_a_killed_worker_loses_and_doubles_nothing(make_desk) -> None:
    desk = make_desk()
    desk.wait_for_worker()
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
    status = desk.wait_quiet(60)
    assert status["dispositions"]["opened"] == 60
    assert all(len(desk.relay.to(f"s{n}@shop.example")) == 1 for n in range(60))
