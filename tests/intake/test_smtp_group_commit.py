"""Group commit and nudges on their own: grouping, singles after a refusal, order, stopping."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from intake.group_commit import LARGE_MAIL_BYTES, GroupCommit
from intake.nudge import Nudger
from models.raw_store import AcceptedMail, MailRefused, StoreError, StoreFull, StoreUnavailable
from models.records import Envelope
from tests.intake.smtp_harness import SlowStore, wait_until


def mail(raw: bytes) -> AcceptedMail:
    envelope = Envelope(mail_from="", rcpt_tos=("a@b.example",), peer="", received_at_utc=datetime.now(UTC))
    return AcceptedMail(envelope=envelope, raw=raw)


class PickyStore(SlowStore):
    """Refuses every group that holds one of `bad`."""

    def __init__(self, error: BaseException, *bad: bytes) -> None:
        super().__init__()
        self.error = error
        self.bad = bad

    def append(self, mails: Sequence[AcceptedMail]) -> Sequence[int]:
        if any(one.raw in self.bad for one in mails):
            self.groups.append(len(mails))
            raise self.error
        return super().append(mails)


def commit_all(store: SlowStore, raws: Sequence[bytes]) -> tuple[list[int | BaseException], list[None]]:
    """Hand in all mails in one turn of the loop; return outcomes and the commits told."""
    told: list[None] = []

    async def run() -> list[int | BaseException]:
        commits = GroupCommit(store, lambda: told.append(None))
        outcomes = await asyncio.gather(*(commits.commit(mail(raw)) for raw in raws), return_exceptions=True)
        await commits.drain()
        commits.close()
        return outcomes

    return asyncio.run(run()), told


def test_mails_of_one_turn_share_a_commit() -> None:
    store = SlowStore()
    assert commit_all(store, [b"%d" % n for n in range(50)]) == (list(range(1, 51)), [None])
    assert store.groups == [50]


def test_mails_that_arrive_during_a_commit_share_the_next() -> None:
    store = SlowStore()

    async def run() -> None:
        commits = GroupCommit(store, lambda: None)
        store.gate.clear()
        first = commits.commit(mail(b"first"))
        await asyncio.sleep(0.05)
        later = []
        for number in range(5):
            later.append(commits.commit(mail(b"%d" % number)))
            await asyncio.sleep(0.01)
        store.gate.set()
        await asyncio.gather(first, *later)
        commits.close()

    asyncio.run(run())
    assert store.groups == [1, 5]


@pytest.mark.parametrize(
    "error", [MailRefused("bad"), StoreFull("full"), ValueError("odd")], ids=lambda e: type(e).__name__
)
def test_refused_group_is_tried_mail_by_mail(error: Exception) -> None:
    store = PickyStore(error, b"3", b"5")
    outcomes, told = commit_all(store, [b"%d" % n for n in range(8)])
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, StoreError)] == [3, 5]
    assert [one.raw for one in store.mails] == [b"0", b"1", b"2", b"4", b"6", b"7"]
    assert store.groups == [8] + [1] * 8
    assert len(told) == 6


def test_store_that_is_away_is_not_asked_for_each_mail() -> None:
    store = PickyStore(StoreUnavailable("locked"), b"3")
    outcomes, told = commit_all(store, [b"%d" % n for n in range(8)])
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert (store.groups, told) == ([8], [])


def test_drain_waits_for_all_that_was_handed_in() -> None:
    store = SlowStore()

    async def run() -> None:
        commits = GroupCommit(store, lambda: None)
        store.gate.clear()
        waiting = [commits.commit(mail(b"1"))]
        await asyncio.sleep(0.05)
        waiting.append(commits.commit(mail(b"2")))
        threading.Timer(0.2, store.gate.set).start()
        await commits.drain()
        assert all(done.done() for done in waiting)
        await commits.drain()  # at rest it returns at once
        commits.close()

    asyncio.run(run())
    assert len(store.mails) == 2


def test_nudges_are_merged_and_one_follows_the_last() -> None:
    calls: list[float] = []
    nudger = Nudger(lambda: calls.append(time.monotonic()), min_interval_s=0.05)
    for _ in range(200):
        nudger.nudge()
        time.sleep(0.001)
    last = time.monotonic()
    wait_until(lambda: bool(calls) and calls[-1] >= last - 0.002)
    time.sleep(0.15)
    nudger.close()
    assert 2 <= len(calls) <= 12


def test_after_a_failure_nudges_pause_and_then_one_is_given() -> None:
    calls: list[float] = []

    def enqueue() -> None:
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise ConnectionError("broker gone")

    nudger = Nudger(enqueue)
    nudger.nudge()
    wait_until(lambda: len(calls) == 2)
    nudger.close()
    assert calls[1] - calls[0] >= 0.4


def test_nudger_that_hangs_does_not_hold_up_the_end() -> None:
    released = threading.Event()
    nudger = Nudger(lambda: released.wait(20))
    nudger.nudge()
    started = time.monotonic()
    nudger.close(patience_s=0.2)
    assert time.monotonic() - started < 1
    released.set()


def test_a_small_mail_waits_for_one_large_one_at_most_and_none_is_forgotten() -> None:
    store = SlowStore()
    large, small = b"L" * (LARGE_MAIL_BYTES + 1), b"s"

    async def hand_in() -> list[int]:
        commits = GroupCommit(store, lambda: None)
        wanted = [commits.commit(mail(raw)) for raw in (large, large, large, small, large, small)]
        numbers = [await done for done in wanted]
        await commits.drain()
        commits.close()
        return numbers

    numbers = asyncio.run(hand_in())
    assert store.groups == [3, 1, 1, 1]
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 6))
    assert [len(given.raw) for given in store.mails[:3]] == [len(large), 1, 1]
