"""What a mail costs as the database grows: acceptance, reading and topic work on desks of several sizes.

Desks from empty to RAZBOR_BENCHMARK_TICKETS tickets lie side by side, each in SQLite files of its own
(raw mail too, 1 KB a mail). In every round each of them takes the same new letters: the listener's
store takes them in groups, one worker in this process reads them and works their topics. Processor
time per mail, the best of the rounds; `of_empty` is the rate against the empty desk (the goal is 0.9).
`growth.svg` is drawn from it when the largest desk has 100,000 tickets.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.filling import fill
from benchmarks.letters import MAILBOX, letters
from benchmarks.running_desk import migrate_folder, trained_database
from benchmarks.smtp_load import Letter
from cli.log_setup import configure_logging
from models.accepted_mail import AcceptedMail
from models.raw_store import SqliteRawStore
from models.records import Envelope
from settings import Settings
from workers.app import create_service
from workers.batch import read_batch
from workers.service import Service
from workers.topic_batch import work_topics

LARGEST: Final = int(os.environ.get("RAZBOR_BENCHMARK_TICKETS", "100000"))
MAILS: Final = 128
GROUP: Final = 16  # mails of one commit, as under 20 sessions
RAW_BYTES: Final = 1000
FILL_RAW: Final = (
    "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :count)"
    " INSERT INTO raw_message (received_at_utc, peer, helo, tls, mail_from, rcpt_tos, size_bytes, sha256,"
    " codec, raw) SELECT '2026-11-01 09:00:00.000000', '192.0.2.1', 'x', 0, 's@shop.example', '[]',"
    " :size, '', '', randomblob(:size) FROM number"
)
DRAWN_FROM: Final = 100_000  # a smaller run shows nothing worth a picture
PICTURE: Final = Path(__file__).with_name("growth.svg")


@dataclass
class Grown:
    """A desk of one size, and what a mail cost there, in milliseconds of processor time."""

    tickets: int
    service: Service
    raw: SqliteRawStore
    accept_ms: list[float] = field(default_factory=list)
    work_ms: list[float] = field(default_factory=list)

    def measure(self, wanted: Sequence[Letter]) -> None:
        """Take letters in and work them off."""
        began = time.process_time()
        for start in range(0, len(wanted), GROUP):
            self.raw.append([_accepted(letter) for letter in wanted[start : start + GROUP]])
        accepted = time.process_time()
        _work(self.service)
        self.accept_ms.append((accepted - began) / len(wanted) * 1000)
        self.work_ms.append((time.process_time() - accepted) / len(wanted) * 1000)


def sizes() -> list[int]:
    """Return the sizes to measure: empty, then by tens up to the largest."""
    found = [LARGEST]
    while found[0] > 1000:
        found.insert(0, found[0] // 10)
    return [0, *found]


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure `rounds` times, draw the picture and return one row per size."""
    configure_logging("WARNING", json_lines=False, part="benchmark")
    with tempfile.TemporaryDirectory(prefix="razbor-bench-") as name, ExitStack() as stack:
        desks = [_grown(Path(name) / str(size), size, stack) for size in sizes()]
        for number in range(rounds + 1):  # the first round pays what is paid once
            for desk in desks:
                desk.measure(letters(MAILS, seed=f"growth-{number}"))
    rows = [_row(desk, desks[0]) for desk in desks]
    if LARGEST >= DRAWN_FROM:
        PICTURE.write_text(_picture(rows))
    return rows


def _grown(folder: Path, tickets: int, stack: ExitStack) -> Grown:
    folder.mkdir()
    shutil.copy(trained_database(), folder / "razbor.db")
    migrate_folder(folder)
    service = create_service(Settings(_env_file=None, data_dir=folder, mailboxes=(MAILBOX,)))
    stack.callback(service.store.close)
    if tickets:
        mails = fill(service.store, tickets)
        with closing(sqlite3.connect(folder / "intake.db")) as connection:
            connection.execute(FILL_RAW, {"count": mails, "size": RAW_BYTES})
            connection.commit()
    raw = SqliteRawStore(folder / "intake.db")
    stack.callback(raw.close)
    return Grown(tickets=tickets, service=service, raw=raw)


def _accepted(letter: Letter) -> AcceptedMail:
    envelope = Envelope(
        mail_from=letter.sender,
        rcpt_tos=(MAILBOX,),
        peer="192.0.2.7",
        helo="load.example",
        tls=False,
        received_at_utc=datetime.now(UTC),
    )
    return AcceptedMail(envelope=envelope, raw=letter.octets)


def _work(service: Service) -> None:
    """Do what the worker's tasks do until nothing is due."""
    topics: set[str] = set()
    while (result := read_batch(service)).count or result.full:
        topics |= result.topics
    while topics and work_topics(service, topics).full:
        pass


def _row(desk: Grown, empty: Grown) -> dict[str, Any]:
    accept_ms, work_ms = min(desk.accept_ms[1:]), min(desk.work_ms[1:])
    return {
        "case": f"{desk.tickets} tickets",
        "tickets": desk.tickets,
        "accept_us": round(accept_ms * 1000),
        "triage_ms": round(work_ms, 2),
        "accept_of_empty": round(min(empty.accept_ms[1:]) / accept_ms, 2),
        "triage_of_empty": round(min(empty.work_ms[1:]) / work_ms, 2),
    }


def _picture(rows: Sequence[dict[str, Any]]) -> str:
    """Draw triage cost per mail against the number of tickets; a step to the right is ten times as many."""
    width, height, left, bottom = 520, 240, 60, 40
    highest = max(row["triage_ms"] for row in rows) * 1.25
    step = (width - left - 30) / max(len(rows) - 1, 1)
    points = [
        (left + place * step, height - bottom - (height - bottom - 20) * row["triage_ms"] / highest, row)
        for place, row in enumerate(rows)
    ]
    marks = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="#1f6f8b"/>'
        f'<text x="{x:.0f}" y="{y - 10:.0f}" text-anchor="middle">{row["triage_ms"]}</text>'
        f'<text x="{x:.0f}" y="{height - bottom + 18}" text-anchor="middle">{row["tickets"]:,}</text>'
        for x, y, row in points
    )
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y, _row in points)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        f' font-size="12" fill="#222"><rect width="{width}" height="{height}" fill="#fff"/>'
        f'<line x1="{left}" y1="{height - bottom}" x2="{width - 20}" y2="{height - bottom}" stroke="#999"/>'
        f'<polyline points="{line}" fill="none" stroke="#1f6f8b" stroke-width="2"/>{marks}'
        f'<text x="{width // 2}" y="{height - 6}" text-anchor="middle">tickets in the database</text>'
        f'<text x="8" y="16">processor time of triage, ms a mail</text></svg>\n'
    )
