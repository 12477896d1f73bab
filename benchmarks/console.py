"""The console at 100,000 tickets: how long each list, ticket, search and review mail takes to answer.

`RAZBOR_BENCHMARK_TICKETS` says how many tickets (100,000). SQLite always, PostgreSQL where its
server is installed or `RAZBOR_BENCHMARK_POSTGRES_URL` names an empty database.
Asked through the application itself (session, rights, page, rail and all), without a socket; the
figure is wall-clock time, since that is what a person waits for: per address the best of the
rounds, because a neighbour on the machine can only slow a try; p95 is taken over the addresses.

`python -m benchmarks fill` fills the database that `RAZBOR_DATA_DIR` or `RAZBOR_DATABASE_URL` names.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from benchmarks.filling import NOW, fill
from benchmarks.postgres_server import postgres_url
from cli.desk_acts import DeskActs
from console.app import create_app
from console.context import Console, ConsoleOptions
from console.guard import SESSION_COOKIE, token_hash
from console.queue_pages import CHOICES
from models.store import Store, open_store
from models.store.api_tokens import SCOPES, add_token
from models.store.board import SORTS, VIEWS
from models.store.migrate import migrate
from models.store.people import add_person, open_session
from models.store.policies import seed
from models.store.schema import FACT, TICKET
from models.topics import SLUGS
from workers.service import Service, ServiceOptions

TICKETS: Final = int(os.environ.get("RAZBOR_BENCHMARK_TICKETS", "100000"))
ORIGIN: Final = "http://testserver"
CSRF: Final = "benchmark"
SEARCHES: Final = (
    "недостача на складе",
    "возврат",
    "payout",
    "api error",
    "少收",
    "仓库",
    "罚款 申诉",
    "поставка коробок принято",
    "нет-такого-слова-нигде",
    "ozon",
)


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Measure both databases; a row per group of addresses and database."""
    for name, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        with opened() as store:
            if store is None:
                yield {"case": f"{name}: no server is installed, not measured"}
                continue
            started = time.perf_counter()
            mails = fill(store, TICKETS)
            took = time.perf_counter() - started
            yield {"case": f"{name}: filled", "tickets": TICKETS, "mails": mails, "seconds": round(took)}
            yield from measured(name, store, rounds)


def measured(name: str, store: Store, rounds: int) -> Iterator[dict[str, Any]]:
    """Ask a filled store through the console; times in milliseconds."""
    app = application(store)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
        client.cookies.set(SESSION_COOKIE, CSRF)
        client.headers["Authorization"] = f"Bearer {_token(store)}"  # pages look at the session alone
        for group, addresses in _groups(store).items():
            tries = [[_asked(client, address) for address in addresses] for _ in range(rounds + 1)]
            best = [min(times) for times in zip(*tries[1:], strict=True)]  # the first round fills caches
            work = [min(times) for times in zip(*([cpu for _, cpu in row] for row in tries[1:]), strict=True)]
            slowest = max(zip(best, addresses, strict=True))[1]
            cpu_p95_ms = round(quantiles(work, n=20)[-1] if len(work) > 1 else work[0], 1)
            yield _row(f"{name}: {group}", [ms for ms, _ in best]) | {
                "cpu_p95_ms": cpu_p95_ms,
                "slowest": slowest,
            }
        yield _row(f"{name}: review, answer to a decision (behind the next mail)", _decisions(client, rounds))
    yield from _at_the_keyboard(name, app, 15 * rounds)


def _groups(store: Store) -> dict[str, list[str]]:
    lists = [f"/queues?view={view}&sort={sort}" for view in VIEWS for sort in SORTS]
    filters = [f"{key}={value}" for key, values in CHOICES.items() for value in values]
    filters += [f"topic={slug}" for slug in SLUGS] + ["deadline=2026-11-25"]
    lists += [f"/queues?view=open&{one}" for one in filters]
    lists += [f"/queues?view=all&sort={sort}&{one}" for one in filters for sort in ("newest", "priority")]
    lists.append("/queues?view=all&sort=oldest&topic=other&language=zh&missing=yes&priority=urgent")
    with store.read() as db:
        highest = db.scalar(select(func.max(TICKET.c.id))) or 0
        values = db.scalars(select(FACT.c.value).where(FACT.c.id % 9973 == 1).limit(12)).all()
    whole = [value for value in values if value.isascii() and value.isalnum()]
    words = [*SEARCHES, *whole, *(value[3:9] for value in whole if len(value) > 9)]
    return {
        "lists": lists,
        "tickets": [f"/tickets/{highest - step * 1999}" for step in range(40)],
        "search": [f"/search?q={word}" for word in words],
        "review": ["/review"],
        "API": [*_api_lists(), *(f"/api/v1/tickets/{highest - step * 1999}" for step in range(10))],
        "oversight (the dashboard as counted within the minute)": [
            "/dashboard?days=30",
            "/dashboard?days=365",
            "/models",
            "/audit",
            "/audit?actor=anna",
            "/settings/sellers",
            "/settings/topics",
        ],
    }


def _api_lists() -> list[str]:
    tickets = [
        *("", "sort=updated", "status=closed", "status=waiting_seller", "language=zh", "marketplace=wb"),
        *("priority=urgent", "assignee=anna", "in_review=true", "escalated=true", "topic=pickup_points"),
        *("updated_since=2026-11-20T00:00:00Z", "sort=updated&updated_since=2026-11-20T00:00:00Z"),
        "topic=other&language=zh&status=waiting_seller&priority=urgent",
    ]
    return [
        *(f"/api/v1/tickets?limit=50&{query}" for query in tickets),
        *("/api/v1/messages?limit=50", "/api/v1/messages?kind=person&received_since=2026-11-20T00:00:00Z"),
        *("/api/v1/labels?limit=50", "/api/v1/labels?topic=fines_appeals", "/api/v1/replies?status=sent"),
    ]


def _at_the_keyboard(name: str, app: Any, decisions: int) -> Iterator[dict[str, Any]]:
    """Measure the next mail as a person sees it, where there is a browser."""
    from benchmarks.review_keys import next_mail_ms
    from benchmarks.screenshots import chromium

    try:
        with chromium() as browser:
            waits = next_mail_ms(browser, app, (SESSION_COOKIE, CSRF), decisions)
    except RuntimeError as error:
        yield {"case": f"{name}: review at the keyboard: {error}"}
    else:
        yield _row(f"{name}: review, from the key to the next mail on the screen", waits)


def _token(store: Store) -> str:
    with store.write() as db:
        return add_token(db, "benchmark", list(SCOPES), created_by="benchmark", now_utc=NOW)


def _asked(client: TestClient, address: str) -> tuple[float, float]:
    """Return wall-clock and processor milliseconds of this process (all of SQLite, not of PostgreSQL)."""
    started, worked = time.perf_counter(), time.process_time()
    answer = client.get(address)
    took_ms, cpu_ms = (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000
    if answer.status_code not in {200, 303}:
        msg = f"{address} answers {answer.status_code}"
        raise RuntimeError(msg)
    return took_ms, cpu_ms


def _decisions(client: TestClient, rounds: int) -> list[float]:
    """Decide mails of the review one after the other; each answer carries the next mail."""
    raw_ids = _cards(client.get("/review").text)
    times = []
    for _ in range(10 * rounds):
        started = time.perf_counter()
        answer = client.post(
            f"/review/{raw_ids[0]}",
            data={"csrf": CSRF, "topic": "other", "ms": "900", "passed": ",".join(raw_ids[1:])},
            headers={"Origin": ORIGIN, "X-Razbor": "1"},
        )
        times.append((time.perf_counter() - started) * 1000)
        raw_ids = [*raw_ids[1:], *_cards(answer.text)]
    return times


def _cards(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('data-raw="')[1:]]


def _row(case: str, times_ms: list[float]) -> dict[str, Any]:
    p95 = quantiles(times_ms, n=20)[-1] if len(times_ms) > 1 else times_ms[0]
    return {
        "case": case,
        "asked": len(times_ms),
        "median_ms": round(median(times_ms), 1),
        "p95_ms": round(p95, 1),
        "worst_ms": round(max(times_ms), 1),
    }


def application(store: Store, **person: Any) -> Any:
    """Return the console over a store, its clock standing at the fill's end, one lead logged in.

    `person` overrides what the lead is: language, role, login.
    """
    made = ServiceOptions(mailboxes=(), mail_domain="razbor.local", signing_key=b"k" * 32)
    service = Service(store=store, options=made, predictor=None, now=lambda: NOW)  # type: ignore[arg-type]  # nothing is predicted
    with store.write() as db:
        seed(db, [], NOW)
        number = add_person(
            db,
            **{"login": "maria", "password_hash": "-", "role": "lead", "language": "ru", **person},
        )
        open_session(db, number, token_hash=token_hash(CSRF), csrf_token=CSRF, now_utc=NOW)
    return create_app(
        Console(store=store, desk=DeskActs(service), options=ConsoleOptions(api_requests_per_minute=0))
    )


@contextmanager
def _sqlite() -> Iterator[Store | None]:
    with tempfile.TemporaryDirectory(prefix="razbor-bench-") as folder:
        yield from _opened(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")


@contextmanager
def _postgres() -> Iterator[Store | None]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres_url(Path(tempfile.gettempdir())))
        if url:
            yield from _opened(url, url)
        else:
            yield None


def _opened(main: str, intake: str) -> Iterator[Store]:
    store = open_store(main, intake)
    try:
        migrate(store)
        yield store
    finally:
        store.close()
