"""Whole triage, from SMTP to a routed ticket with facts, prediction and reply draft, beside other systems.

A desk runs as `razbor serve` runs it (SQLite, embedded broker, two worker processes). In every round it
gets new letters of the corpus in three languages over SMTP, and the clock runs until nothing is due any
more; where `make compiled` was run a second desk, whose reading is compiled, does the same in turn;
django-helpdesk and roundup then make a ticket with its text of the same letters, one command each,
what the command takes without mails taken off. At the end rows are counted: a mail in each row.
Then, on an idle desk, letters come one by one: how long from the 250 until the ticket is in its queue.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from benchmarks.compiled_copy import has_copy
from benchmarks.letters import letters
from benchmarks.peer_systems import Peer, installed_peers
from benchmarks.running_desk import HOST, RunningDesk, serving_desk
from benchmarks.smtp_load import Load, send, share_below
from models.store.schema import FACT, MAIL_STATE, MESSAGE, OUTBOX, PREDICTION, TICKET, TOPIC_WORK

DESKS: Final = {"razbor": "sources", "compiled": "reading compiled"}
WARM_UP_MAILS: Final = 400  # both workers have met the usual words, as after some minutes of a day
MAILS: Final = 400
PEER_MAILS: Final = 40
LEAST_SHARE: Final = 0.9  # of a peer's mails that must have become tickets
IDLE_MAILS: Final = 60
PATIENCE_S: Final = 160
PAUSE_S: Final = 0.3
LOOK_EVERY_S: Final = 0.003


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure `rounds` times and return rows with medians and ratios; raises RuntimeError for a lost mail."""
    per_s: dict[str, list[float]] = {}
    used_s: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="razbor-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        peers = installed_peers(folder)
        desks = {
            title: stack.enter_context(serving_desk(folder / title, compiled=compiled, worker_processes="2"))
            for title, compiled in {"razbor": False, **({"compiled": True} if has_copy() else {})}.items()
        }
        for title, desk in desks.items():
            _work(desk, WARM_UP_MAILS, "warm-up", 0)
            used_s[title] = -_used_s(desk)
        for number in range(rounds):
            for title, desk in desks.items():
                seconds = _work(desk, MAILS, f"round-{number}", WARM_UP_MAILS + number * MAILS)
                per_s.setdefault(title, []).append(MAILS / seconds)
            for peer in peers:
                per_s.setdefault(peer.name, []).append(_peer_per_s(peer, number))
        for title, desk in desks.items():
            used_s[title] += _used_s(desk)
        rows = [_row(title, desk, per_s, used_s[title] / (rounds * MAILS)) for title, desk in desks.items()]
        rows[0] |= _peer_tickets(peers, rounds)
        latencies = _latencies(desks["razbor"], WARM_UP_MAILS + rounds * MAILS)
    return [
        *rows,
        {
            "case": f"idle, from the 250 to the routed ticket, {IDLE_MAILS} mails one by one",
            "p50_ms": round(share_below(latencies, 0.5) * 1000),
            "p99_ms": round(share_below(latencies, 0.99) * 1000),
        },
    ]


def _row(title: str, desk: RunningDesk, per_s: dict[str, list[float]], used_s: float) -> dict[str, Any]:
    """Tell one desk's rate beside the peers'; `used_s` is processor time a mail over all its processes."""
    peers = {name: values for name, values in per_s.items() if name not in DESKS}
    return {
        "case": f"SMTP to routed ticket, {MAILS} mails a round, 2 worker processes, {DESKS[title]}",
        "razbor_per_s": round(statistics.median(per_s[title]), 1),
        **{f"{name}_per_s": round(statistics.median(values), 1) for name, values in peers.items()},
        **{f"times_{name}": round(_median_ratio(per_s[title], values), 1) for name, values in peers.items()},
        "razbor_cpu_ms": round(used_s * 1000, 2),
        **_made(desk),
    }


def _work(desk: RunningDesk, count: int, seed: str, accepted: int) -> float:
    """Send letters to a desk that has taken so many and wait until all is worked off; return the seconds."""
    load = Load(name=seed, mails=count, size_bytes=0, letters=letters(count, seed=seed))
    began = time.perf_counter()
    send(load, HOST, desk.smtp_port)
    desk.wait_until_worked(accepted + count, PATIENCE_S)
    return time.perf_counter() - began


def _peer_per_s(peer: Peer, number: int) -> float:
    """Return tickets per second of a peer, its start-up taken off."""
    empty_s, _cpu = peer.work([])
    seconds, _cpu = peer.work(letters(PEER_MAILS, seed=f"round-{number}"))
    return PEER_MAILS / max(seconds - empty_s, 0.001)


def _peer_tickets(peers: list[Peer], rounds: int) -> dict[str, int]:
    """Count the tickets of the peers; a few letters may have joined one of the same subject (roundup)."""
    counts = {peer.name: peer.tickets() for peer in peers}
    for name, count in counts.items():
        if not LEAST_SHARE * rounds * PEER_MAILS <= count <= rounds * PEER_MAILS:
            raise RuntimeError(f"{name}: {count} tickets of {rounds * PEER_MAILS} mails")
    return {f"{name}_tickets": count for name, count in counts.items()}


def _made(desk: RunningDesk) -> dict[str, int]:
    """Count what was made of the mails, and that none of them is missing."""
    with desk.store.read() as db:
        counts = {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in (MAIL_STATE, MESSAGE, PREDICTION, TICKET, FACT, OUTBOX)
        }
    if counts["message"] != counts["mail_state"] or counts["prediction"] != counts["mail_state"]:
        raise RuntimeError(f"not every mail was read and classified: {counts}")
    return counts


def _latencies(desk: RunningDesk, accepted: int) -> list[float]:
    """Send letters one by one to an idle desk; return the seconds from each 250 to the worked ticket."""
    found = []
    for letter in letters(IDLE_MAILS, seed="idle"):
        time.sleep(PAUSE_S)
        accepted += 1
        send(Load(name="one", mails=1, size_bytes=0, sessions=1, letters=[letter]), HOST, desk.smtp_port)
        began = time.perf_counter()
        while not _is_routed(desk, accepted):
            if time.perf_counter() - began > PATIENCE_S:
                raise RuntimeError(f"mail {accepted} was not worked\n{desk.told()}")
            time.sleep(LOOK_EVERY_S)
        found.append(time.perf_counter() - began)
    return found


def _is_routed(desk: RunningDesk, raw_id: int) -> bool:
    """Tell whether a mail ended in a ticket (or as what opens none) of which nothing is due any more."""
    work = (
        select(TOPIC_WORK.c.ticket_id)
        .where(TOPIC_WORK.c.ticket_id == MAIL_STATE.c.ticket_id, TOPIC_WORK.c.due_at_utc.is_not(None))
        .exists()
    )
    with desk.store.read() as db:
        row = db.execute(
            select(MAIL_STATE.c.disposition, work).where(MAIL_STATE.c.raw_id == raw_id)
        ).one_or_none()
    return row is not None and row[0] is not None and not row[1]


def _used_s(desk: RunningDesk) -> float:
    """Return the processor time that the processes of a desk have used."""
    return sum(cpu_s for cpu_s, _mb in desk.used().values())


def _median_ratio(mine: list[float], theirs: list[float]) -> float:
    return statistics.median(ours / other for ours, other in zip(mine, theirs, strict=True))
