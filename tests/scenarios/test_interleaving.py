"""Many conversations at once, worked by four workers: each ends as if it had been alone with one worker."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from classifier.documents import Document
from intake.read_mail import ReadOptions, read_mail
from models.raw_store import AcceptedMail, SqliteRawStore
from models.records import Envelope, Mail, Prediction
from models.store import Store, open_store, overview
from models.store.leases import work_waiting
from models.store.mail_order import LOOK_AGAIN
from models.store.migrate import migrate
from models.store.policies import seed
from models.topics import SLUGS
from tests.conftest import Accept
from tests.scenarios.interleaved import Arrival, outcome, plan, topic_of
from tests.scenarios.stage import DOMAIN, KEY, MAILBOXES, START
from workers.batch import read_batch
from workers.service import Service, ServiceOptions
from workers.topic_batch import work_topic

Serial = Callable[[int, int], dict[str, Any]]
SEED = 20261116
WORKERS = 4
GIVE_UP_S = 3600  # for one round; a worker that failed ends the others too


class ByTemplate:
    """A classifier that knows the templates."""

    def refresh(self) -> None:
        """Nothing to load."""

    def predict(self, documents: Sequence[Document]) -> list[Prediction]:
        return [
            Prediction(
                topic=topic,
                confidence=0.99,
                sure=True,
                threshold=0.9,
                probabilities={slug: float(slug == topic) for slug in SLUGS},
                model="scripted",
            )
            for topic in (topic_of(document.text) for document in documents)
        ]


_READ: dict[tuple[bytes, str], Mail] = {}


def _read_before(raw: bytes, envelope: Envelope, options: ReadOptions) -> Mail:
    """Read a mail, or return how it was read when it came before."""
    key = (raw, envelope.rcpt_tos[0])
    if key not in _READ:
        _READ[key] = read_mail(raw, envelope, options)
    return _READ[key]


class Floor:
    """A store with workers that work until nothing is due."""

    def __init__(self, store: Store, accept: Accept, workers: int) -> None:
        self.store, self.accept, self.workers = store, accept, workers
        self._time = START
        self._resting, self._at_rest, self._stirred, self._is_over = threading.Condition(), 0, 0, False
        with store.write() as db:
            seed(db, MAILBOXES, START)

    def now(self) -> datetime:
        """A clock that moves on when all workers wait for it, and by an hour between the rounds."""
        return self._time

    def play(self, rounds: list[list[Arrival]]) -> dict[str, Any]:
        for arrivals in rounds:
            for mail in arrivals:
                self.accept(mail.raw, mail_from=mail.sender, rcpt=mail.rcpt, received=self.now())
            self._work()
            self._time += timedelta(hours=1)
        counts = overview.status(self.store, self.now(), relay=False)
        assert counts["accepted"] == sum(map(len, rounds)) == sum(counts["dispositions"].values())
        assert counts["dispositions"]["held"] == 0
        return outcome(self.store)

    def _work(self) -> None:
        faults: list[BaseException] = []
        self._is_over = False
        threads = [
            threading.Thread(target=self._worker, args=(faults,), daemon=True) for _ in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults, faults

    def _worker(self, faults: list[BaseException]) -> None:
        service = Service(
            store=self.store,
            options=ServiceOptions(
                mailboxes=MAILBOXES,
                mail_domain=DOMAIN,
                signing_key=KEY,
                batch_size=64 if self.workers == 1 else 12,
                automatic_per_hour=1000,
                automatic_per_hour_all=1_000_000,
            ),
            predictor=ByTemplate(),  # type: ignore[arg-type]  # has what the batch calls
            now=self.now,
        )
        until = time.monotonic() + GIVE_UP_S
        try:
            while not self._is_over and not faults:
                if time.monotonic() > until:
                    faults.append(TimeoutError("the workers did not come to an end"))
                seen = self._stirred
                done = read_batch(service).count
                with self.store.read() as db:
                    topics = work_waiting(db, self.now()).topics
                if done + sum(work_topic(service, topic).count for topic in topics):
                    self._stir()
                else:
                    self._rest(seen)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: the test raises it
            faults.append(error)
            self._is_over = True
        self._stir()

    def _stir(self) -> None:
        """Wake those that rest: what somebody did may give them work."""
        with self._resting:
            self._stirred += 1
            self._resting.notify_all()

    def _rest(self, seen: int) -> None:
        """Wait until somebody did something; the last to rest moves the clock to what is due later."""
        with self._resting:
            self._at_rest += 1
            if self._at_rest == self.workers and self._stirred == seen:
                self._time += LOOK_AGAIN  # a ticket may wait for a mail that was in flight
                counts = overview.status(self.store, self.now(), relay=False)
                self._is_over = not counts["in_flight"] and not counts["work_due"]
                self._stir()
            self._resting.wait_for(lambda: self._stirred != seen, timeout=GIVE_UP_S)
            self._at_rest -= 1


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serial]:
    """Play a plan with one worker on a SQLite store of its own: what every other run must equal.

    As long as it is in use, a mail that comes twenty times is read once: how it reads is not looked at.
    """
    known: dict[tuple[int, int], dict[str, Any]] = {}

    def play(conversations: int, mails: int) -> dict[str, Any]:
        if (conversations, mails) not in known:
            folder = tmp_path_factory.mktemp("serial")
            known[conversations, mails] = _alone(folder, plan(conversations, mails, SEED))
        return known[conversations, mails]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.batch.read_mail", _read_before)
        yield play


def _alone(folder: Path, rounds: list[list[Arrival]]) -> dict[str, Any]:
    store = open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")
    migrate(store)
    raw_store = SqliteRawStore(folder / "intake.db")
    try:
        return Floor(store, _accept_into(raw_store), 1).play(rounds)
    finally:
        raw_store.close()
        store.close()


def _accept_into(raw_store: SqliteRawStore) -> Accept:
    def put(raw: bytes, **given: Any) -> int:
        envelope = Envelope(
            mail_from=given["mail_from"],
            rcpt_tos=(given["rcpt"],),
            peer="127.0.0.1",
            received_at_utc=given["received"],
        )
        return raw_store.append([AcceptedMail(envelope=envelope, raw=raw)])[0]

    return put


def _same(wanted: dict[str, Any], seen: dict[str, Any]) -> None:
    assert seen.keys() == wanted.keys()
    different = {who: (wanted[who], seen[who]) for who in wanted if wanted[who] != seen[who]}
    assert not different, f"{len(different)} conversations differ, e.g. {next(iter(different.items()))}"


def test_four_workers_do_what_one_would(store: Store, accept: Accept, serial: Serial) -> None:
    wanted = serial(25, 500)
    assert sum(len(told["tickets"]) for told in wanted.values()) == 25
    letters = sum((ticket["letters"] for told in wanted.values() for ticket in told["tickets"]), Counter())
    assert letters["missing_data"] == 14
    _same(wanted, Floor(store, accept, WORKERS).play(plan(25, 500, SEED)))


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_ten_thousand_mails_of_five_hundred_conversations(
    store: Store, accept: Accept, serial: Serial
) -> None:
    _same(serial(500, 10_000), Floor(store, accept, WORKERS).play(plan(500, 10_000, SEED)))
