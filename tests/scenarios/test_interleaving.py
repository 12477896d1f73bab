"""Many conversations at once, worked by four workers: each ends as if it had been alone with one worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from classifier.documents import Document
from models.raw_store import AcceptedMail, SqliteRawStore
from models.records import Envelope, Prediction
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


class Floor:
    """A store with workers that work until nothing is due."""

    def __init__(self, store: Store, accept: Accept, workers: int) -> None:
        self.store, self.accept, self.workers = store, accept, workers
        self._rounds, self._began = 0, time.monotonic()
        with store.write() as db:
            seed(db, MAILBOXES, START)

    def now(self) -> datetime:
        """A clock that runs, so that leases and terms end, and an hour passes between the rounds."""
        return START + timedelta(hours=self._rounds, seconds=time.monotonic() - self._began)

    def play(self, rounds: list[list[Arrival]]) -> dict[str, Any]:
        for arrivals in rounds:
            for mail in arrivals:
                self.accept(mail.raw, mail_from=mail.sender, rcpt=mail.rcpt, received=self.now())
            self._work()
            self._rounds += 1
        counts = overview.status(self.store, self.now(), relay=False)
        assert counts["accepted"] == sum(map(len, rounds)) == sum(counts["dispositions"].values())
        assert counts["dispositions"]["held"] == 0
        return outcome(self.store)

    def _work(self) -> None:
        faults: list[BaseException] = []
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
                batch_size=64 if self.workers == 1 else 5,
                automatic_per_hour=1000,
                automatic_per_hour_all=1_000_000,
            ),
            predictor=ByTemplate(),  # type: ignore[arg-type]  # has what the batch calls
            now=self.now,
        )
        until = time.monotonic() + GIVE_UP_S
        try:
            while time.monotonic() < until:
                done = read_batch(service).count
                with self.store.read() as db:
                    topics = work_waiting(db, self.now()).topics
                done += sum(work_topic(service, topic).count for topic in topics)
                if not done:
                    soon = self.now() + 2 * LOOK_AGAIN  # a ticket may wait for a mail in flight
                    counts = overview.status(self.store, soon, relay=False)
                    if not counts["in_flight"] and not counts["work_due"]:
                        return
                    time.sleep(0.4)
                if faults:
                    return
            faults.append(TimeoutError("the workers did not come to an end"))
        except Exception as error:  # noqa: BLE001 - the edge of a thread: the test raises it
            faults.append(error)


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Serial:
    """Play a plan with one worker on a SQLite store of its own: what every other run must equal."""
    known: dict[tuple[int, int], dict[str, Any]] = {}

    def play(conversations: int, mails: int) -> dict[str, Any]:
        if (conversations, mails) not in known:
            folder = tmp_path_factory.mktemp("serial")
            known[conversations, mails] = _alone(folder, plan(conversations, mails, SEED))
        return known[conversations, mails]

    return play


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
    wanted = serial(12, 84)
    assert sum(len(told["tickets"]) for told in wanted.values()) == 12
    assert sum(ticket["questions"] for told in wanted.values() for ticket in told["tickets"]) == 3
    _same(wanted, Floor(store, accept, WORKERS).play(plan(12, 84, SEED)))


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_ten_thousand_mails_of_five_hundred_conversations(
    store: Store, accept: Accept, serial: Serial
) -> None:
    _same(serial(500, 10_000), Floor(store, accept, WORKERS).play(plan(500, 10_000, SEED)))
