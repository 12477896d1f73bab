"""The sweeper and the nudges: what nobody was told of is found, and a dead broker costs nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from models.store import leases
from models.store.leases import process_token, take_duty
from models.store.schema import MAIL_STATE
from workers import nudges
from workers.upkeep import DUTY, Due, sweep


def test_work_nobody_was_told_of_is_found(desk: Any) -> None:
    service = desk.make_service(relay_url="smtp://127.0.0.1:1")
    assert sweep(service, 5) == Due()
    desk.mail(message_id="1@shop.example")
    assert sweep(service, 5) == Due(mails=True)
    desk.read()
    assert sweep(service, 5) == Due(topics=("logistics_acceptance",))
    desk.work()
    assert sweep(service, 5) == Due(replies=True)
    assert sweep(desk.service, 5) == Due(), "without a relay no reply is due"


def test_one_process_has_the_duty(desk: Any) -> None:
    other = process_token("x").rpartition(":")[0] + ":other"
    desk.mail(message_id="1@shop.example")
    assert take_duty(desk.store, DUTY, other, now_utc=desk.now, hold_s=5)
    assert sweep(desk.service, 5) == Due()
    desk.pass_time(6)
    assert sweep(desk.service, 5).mails


def test_what_a_killed_worker_held_is_free_at_the_next_sweep(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.mail(message_id="1@shop.example")
    sweep(desk.service, 5)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with monkeypatch.context() as as_child:
        as_child.setattr(leases.os, "getpid", lambda: child.pid)
        claim = leases.claim_mails(desk.store, now_utc=desk.now, lease_s=600, limit=5)
    assert claim.ids
    assert desk.read().count == 0
    assert sweep(desk.service, 5).mails
    assert desk.read().count == 1
    (state,) = desk.rows(MAIL_STATE)
    assert (state.disposition, state.lost_leases) == ("opened", 1)


def test_a_broker_that_is_gone_is_logged_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Celery()

    def gone(*_: Any, **options: Any) -> None:
        assert options["retry"] is False
        raise OperationalError("no broker")  # what Celery makes of any failed connection

    monkeypatch.setattr(app, "send_task", gone)
    assert not nudges.nudge_read(app)
    assert not nudges.nudge_topic(app, "technical")
    assert not nudges.nudge_delivery(app)
