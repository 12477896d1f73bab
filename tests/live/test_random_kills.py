"""Any process may die at any moment: what was answered with 250 is there once and is answered once.

Senders hand in mails without pause while parts, the broker or everything are killed with SIGKILL, and
the broker is emptied now and then. A mail counts as accepted when its sender heard 250; one whose
sender heard something else is sent again, as a mail server would. While it runs, the model of the
promise is looked at all the time: accepted = in flight + ended, and never fewer than were promised.
"""

from __future__ import annotations

import collections
import contextlib
import os
import random
import signal
import smtplib
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from sqlalchemy import select

from models.store import open_store
from models.store.schema import MESSAGE, OUTBOX
from models.topics import ROUTED_SLUGS, topic_queue
from tests.live.conftest import Desk, MakeDesk
from tests.live.letters import INCOMPLETE, mail
from workers.app import create_app

PARTS = ("cli worker", "-server", "everything", "cli listen", "cli beat", "cli console")
SETTLED_S = 120  # without any progress


@dataclass
class Senders:
    """Threads that hand in one mail after the other, each until it is accepted."""

    desk: Desk
    pause_s: float
    stop: threading.Event = field(default_factory=threading.Event)
    accepted: list[str] = field(default_factory=list)  # Message-IDs whose sender heard 250
    most: float = float("inf")  # mails that may be in by now: no more than can be worked off

    def run(self, number: int) -> None:
        subject, text, _ = INCOMPLETE[("ru", "zh", "en")[number % 3]]
        count = 0
        while not self.stop.is_set():
            count += 1
            name = f"s{number}n{count}"
            raw = mail(subject, text, f"{name}@shop.example", f"{name}@shop.example")
            while not self._hand_in(name, raw):
                if self.stop.wait(0.2):
                    return  # given up before it was accepted: nothing was promised
            self.accepted.append(f"{name}@shop.example")
            while not self.stop.wait(self.pause_s) and len(self.accepted) >= self.most:
                pass

    def _hand_in(self, name: str, raw: bytes) -> bool:
        try:
            self.desk.send(raw, f"{name}@shop.example")
        except (OSError, smtplib.SMTPException):
            return False
        return True


def _kill(desk: Desk, victim: str) -> None:
    """Kill processes; of everything only `serve` itself: what it started ends with it, the broker too."""
    if victim == "everything":
        assert desk.process is not None
        with contextlib.suppress(ProcessLookupError):
            desk.process.kill()
        desk.process.wait(timeout=30)
        assert desk.none_left(), f"outlived their supervisor: {desk.processes('')}"
        return
    for pid in desk.processes(victim):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _empty_broker(desk: Desk) -> None:
    with (
        contextlib.suppress(redis.RedisError),
        redis.Redis(unix_socket_path=str(desk.settings().embedded_broker_socket)) as client,
    ):
        client.flushall()


def _keep_up(desk: Desk) -> None:
    """Start `serve` again if it ended: killed, or after too many deaths of a part, as a unit would."""
    assert desk.process is not None
    if desk.process.poll() is not None:
        until = time.monotonic() + 10
        while desk.processes("cli ") and time.monotonic() < until:
            time.sleep(0.05)  # children end with their parent
        assert desk.processes("cli ") == [], "processes outlived their supervisor"
        desk.start()


def _look(desk: Desk, senders: Senders, stop: threading.Event, faults: list[str]) -> None:
    """Compare the store with the promise until told to stop."""
    while not stop.wait(0.5):
        promised = len(senders.accepted)
        now = desk.status()
        if now["accepted"] != now["in_flight"] + sum(now["dispositions"].values()):
            faults.append(f"out of balance: {now}")
        if now["accepted"] < promised:
            faults.append(f"{promised} were promised, {now['accepted']} are there")


def _wait_for_mails(crowd: Senders, desk: Desk, wanted: int) -> None:
    """Let the senders hand in as many mails as this round shall have, and a worker end a few of them.

    Workers that are killed before they came up would show nothing. Dying parts are kept up meanwhile.
    """
    ended, until = sum(desk.status()["dispositions"].values()), time.monotonic() + 2 * SETTLED_S
    while wanted and (len(crowd.accepted) < wanted or sum(desk.status()["dispositions"].values()) <= ended):
        _keep_up(desk)
        assert time.monotonic() < until, f"{len(crowd.accepted)} of {wanted} mails\n{desk.told()}"
        time.sleep(0.1)


def _storm(
    desk: Desk, *, rounds: int, senders: int, pause_s: float, seed: int, mails_a_round: int = 0
) -> Senders:
    source = random.Random(seed)
    crowd = Senders(desk, pause_s)
    faults: list[str] = []
    looking = threading.Event()
    threads = [threading.Thread(target=crowd.run, args=(number,), daemon=True) for number in range(senders)]
    watcher = threading.Thread(target=_look, args=(desk, crowd, looking, faults), daemon=True)
    for thread in (*threads, watcher):
        thread.start()
    try:
        for turn in range(rounds):
            crowd.most = (turn + 2) * mails_a_round or float("inf")
            _wait_for_mails(crowd, desk, turn * mails_a_round)
            time.sleep(source.uniform(0.3, 2.5))
            if turn % 10 == 9 or (turn == 1 and rounds <= len(PARTS)):
                _empty_broker(desk)
            _kill(desk, PARTS[turn % len(PARTS)] if rounds <= len(PARTS) else source.choice(PARTS))
            _keep_up(desk)
            if rounds > len(PARTS):
                print(f"round {turn + 1} of {rounds}: {len(crowd.accepted)} mails accepted", flush=True)
    finally:
        crowd.stop.set()
        for thread in threads:
            thread.join(60)
        looking.set()
        watcher.join(60)
    _keep_up(desk)
    assert faults == []
    return crowd


def _settle(desk: Desk, at_least: int) -> None:
    """Wait until all is worked; what is left must become less all the time."""
    until, least = time.monotonic() + SETTLED_S, float("inf")
    while True:
        _keep_up(desk)
        now = desk.status()
        left = now["in_flight"] + now["work_due"] + now["outbox"]["due"] + now["outbox"].get("sending", 0)
        if now["accepted"] >= at_least and not left:
            return
        if left < least:
            until, least = time.monotonic() + SETTLED_S, left
        assert time.monotonic() < until, f"not settled: {now}\n{desk.told()}"
        time.sleep(0.5)


def _assert_kept(desk: Desk, crowd: Senders) -> None:
    """Each accepted mail once in the journal, one ticket and one answer each; copies are duplicates."""
    journal = desk.lines("export", "journal")
    ends = collections.defaultdict(list)
    for line in journal:
        ends[line["message_id"]].append(line["disposition"])
    assert set(crowd.accepted) <= set(ends), "lost"
    assert len(crowd.accepted) == len(set(crowd.accepted))
    # Sent twice only where the first 250 was lost on its way; the copy opens nothing.
    assert all(sorted(found) == ["duplicate"] * (len(found) - 1) + ["opened"] for found in ends.values()), (
        ends
    )
    status = desk.status()
    assert status["accepted"] == len(journal) == sum(status["dispositions"].values())
    assert status["dispositions"]["opened"] == len(ends) == len(desk.tickets())
    settings = desk.settings()
    store = open_store(settings.main_database_url, settings.intake_database_url)
    with store.read() as db:
        replies = db.execute(select(OUTBOX.c.status, OUTBOX.c.rcpt_to, OUTBOX.c.inbound_raw_id)).all()
        read = len(db.execute(select(MESSAGE.c.id)).all())
    store.close()
    assert read == len(journal)
    answered = collections.Counter(row.rcpt_to for row in replies)
    assert set(answered.values()) == {1}, answered.most_common(3)
    assert len(answered) == len(ends)
    arrived = collections.Counter(rcpt[0] for _, rcpt, _ in desk.relay.mails)
    assert set(arrived.values()) <= {1}, arrived.most_common(3)
    doubtful = {row.rcpt_to for row in replies if row.status == "uncertain"}
    assert {row.rcpt_to for row in replies if row.status == "sent"} <= set(arrived)
    muted = {row.rcpt_to for row in replies if row.status == "muted"}  # over the hour's cap (rule A8)
    assert not muted & set(arrived)
    assert set(answered) - set(arrived) <= doubtful | muted, "answers that neither left nor are told"


def _play(desk: Desk, **storm: Any) -> int:
    crowd = _storm(desk, **storm)
    _settle(desk, len(crowd.accepted))
    _assert_kept(desk, crowd)
    assert desk.stop(signal.SIGTERM) == 0
    assert desk.none_left(), desk.processes("")
    return len(crowd.accepted)


def _desk(make_desk: MakeDesk) -> Desk:
    desk = make_desk(lease_s="6", sweep_s="1")
    desk.wait_for_worker()
    return desk


def _assert_every_queue_is_consumed(desk: Desk) -> None:
    app = create_app(desk.settings())
    found = app.control.inspect(timeout=3).active_queues() or {}
    consumed = {queue["name"] for queues in found.values() for queue in queues}
    assert consumed >= {topic_queue(slug) for slug in ROUTED_SLUGS} | {"read", "outbound", "upkeep"}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_three_rounds_of_kills_lose_and_double_nothing(make_desk: MakeDesk) -> None:
    """The worker, the broker and everything die in turn; every queue has somebody who works it."""
    desk = _desk(make_desk)
    _assert_every_queue_is_consumed(desk)
    assert _play(desk, rounds=3, senders=2, pause_s=0.1, seed=3) >= 10


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_two_hundred_rounds_of_kills(make_desk: MakeDesk) -> None:
    """A round goes on until its hundred mails are in, and a random moment more; senders are a round ahead."""
    accepted = _play(_desk(make_desk), rounds=200, senders=12, pause_s=0.1, seed=20261122, mails_a_round=101)
    assert accepted >= 20_000
