"""Clocks that jump, two schedulers, and workers of two versions on one database during an upgrade."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select, text

from models.store.schema import AUDIT
from workers.purging import nightly_purge
from workers.upkeep import sweep

HOUR_S = 3600.0
on_postgres = pytest.mark.parametrize("database_env", ["postgresql"], indirect=True)  # where two really meet
YEAR_S = 365 * 24 * HOUR_S


@pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)
@pytest.mark.parametrize("jump_s", [-YEAR_S, YEAR_S])
def test_a_clock_that_jumps_between_any_two_steps(desk: Any, jump_s: float) -> None:
    """Back or forward by a year, and right again: each mail ends once and is asked once.

    What became due while the clock was ahead waits until the clock has caught up; nothing is lost.
    """
    for step in range(3):
        desk.mail(sender=f"s{step}@shop.example", message_id=f"{step}@shop.example")
        if step == 0:
            desk.pass_time(jump_s)
        desk.read()
        if step == 1:
            desk.pass_time(-jump_s)
        desk.work()
        sweep(desk.service, 5)
    desk.pass_time(max(0.0, jump_s) + HOUR_S)
    desk.read()
    desk.work()
    assert desk.ends() == ["opened"] * 3
    assert sorted(row.rcpt_to for row in desk.outbox() if row.kind == "missing_data") == [
        f"s{step}@shop.example" for step in range(3)
    ]
    desk.assert_balanced()


@pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)
def test_a_lease_from_the_future_does_not_outlive_its_worker(desk: Any) -> None:
    """A worker whose clock was a year ahead took the mails and vanished; its host knows that it is gone."""
    desk.mail(message_id="1@shop.example")
    desk.pass_time(YEAR_S)
    sweep(desk.service, 5)
    from models.store.leases import claim_mails

    with pytest.MonkeyPatch.context() as as_dead:
        as_dead.setattr("models.store.leases.os.getpid", lambda: 2**22 + 1)  # no process has this number
        assert claim_mails(desk.store, now_utc=desk.now, lease_s=600, limit=5).ids
    desk.pass_time(-YEAR_S)
    sweep(desk.service, 5)
    desk.pass_time(10)
    sweep(desk.service, 5)
    desk.read()
    assert desk.ends() == ["opened"]


@on_postgres
def test_two_schedulers_do_a_night_once(desk: Any) -> None:
    """Both start the nightly purge in the same second."""
    results: list[str] = []
    other = desk.make_service()
    threads = [
        threading.Thread(target=lambda service=service: results.append(nightly_purge(service)))
        for service in (desk.service, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["already started tonight", "purged: nothing"]
    assert nightly_purge(desk.service) == "already started tonight"
    desk.pass_time(24 * HOUR_S)
    assert nightly_purge(other) == "purged: nothing"
    with desk.store.read() as db:
        assert db.execute(select(AUDIT)).all() == [], "nothing was deleted, so nothing is told"


@on_postgres
def test_this_version_works_on_beside_a_newer_one(desk: Any) -> None:
    """An upgrade adds columns, tables and indexes while workers of this version still run."""
    desk.mail(sender="a@shop.example", message_id="1@shop.example")
    desk.read()
    with desk.store.write() as db:
        for table in ("ticket", "message", "mail_state", "topic_work", "outbox"):
            db.execute(text(f"ALTER TABLE {table} ADD COLUMN of_the_next_version TEXT"))
        db.execute(text("CREATE TABLE of_the_next_version (id INTEGER PRIMARY KEY)"))
        db.execute(text("CREATE INDEX ix_of_the_next_version ON ticket (of_the_next_version)"))
    desk.work()
    desk.mail(sender="b@shop.example", message_id="2@shop.example")
    desk.read()
    desk.work()
    assert desk.ends() == ["opened", "opened"]
    assert len(desk.outbox()) == 2
    desk.assert_balanced()


@pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)
def test_nudges_of_another_version_do_no_harm(desk: Any) -> None:
    """A topic that only the newer version knows, and nudges that come late, twice or for nothing."""
    from workers.topic_batch import work_topic

    desk.mail(message_id="1@shop.example")
    assert work_topic(desk.service, "of_the_next_version").count == 0
    for _ in range(3):
        desk.read()
        desk.work()
    assert len(desk.outbox()) == 1
    desk.assert_balanced()
