"""The JSON API, asked without a network: the whole application over a real store, request by request.

Checked for each answer: no status of 500 or more, JSON as RFC 9457 has it for every refusal, not over a
second of processor time, no act and no reading without a token that may. The desk is made anew after every
block of requests, so that what a request does depends on the block's seed alone. In four blocks of five what
the application gives to threads is done in place: the same code without the price of two changes of threads
for each step; in the fifth block the threads are there.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread
import structlog

from cli.desk_acts import DeskActs
from console.api import API_PATH, KINDS
from console.app import create_app
from console.context import Console, ConsoleOptions
from models.raw_store import AcceptedMail, SqliteRawStore
from models.records import Envelope
from models.store import open_store
from models.store.api_tokens import SCOPES, add_token, revoke_token
from models.store.migrate import migrate
from tests.fuzz.api_words import Ask, Asker
from tests.fuzz.campaign import FindingError
from tests.workers.conftest import Desk

BLOCK_REQUESTS, THREADS_IN_BLOCK_OF = 10_000, 5
SLOW_S, HANG_S = 1.0, 60.0
FREE_PATHS = {f"{API_PATH}/openapi.json", f"{API_PATH}/problems"}
_PROBLEM_TYPE = re.compile(r"/api/v1/problems#([a-z-]+)")


@dataclass(frozen=True)
class Known:
    """What is known of the desk that every block begins with."""

    numbers: list[int]
    full: str
    reader: str
    useless: tuple[str, ...]  # none, revoked, made up, cut, in capitals


def fill(folder: Path) -> Known:
    """Make a desk with tickets and tokens in a folder."""
    store = open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")
    migrate(store)
    raw = SqliteRawStore(folder / "intake.db")

    def accept(octets: bytes, *, mail_from: str, rcpt: str, received: Any, peer: str) -> int:
        envelope = Envelope(mail_from=mail_from, rcpt_tos=(rcpt,), peer=peer, received_at_utc=received)
        return raw.append([AcceptedMail(envelope=envelope, raw=octets)])[0]

    desk = Desk(store, accept)
    for shop in range(12):
        words = "unsure " if shop % 4 == 0 else ""
        desk.mail(
            f"{words}поставка 200006128675{shop}", sender=f"s{shop}@shop.example", subject=f"shop {shop}"
        )
    desk.read()
    desk.work()
    known = add_tokens(desk)
    raw.close()
    store.close()
    return known


def add_tokens(desk: Desk) -> Known:
    """Make tokens of every kind for a desk."""
    readers = [scope for scope in SCOPES if scope.startswith("read:")]
    with desk.store.write() as db:
        full = add_token(db, "full", list(SCOPES), created_by="fuzz", now_utc=desk.now)
        reader = add_token(db, "reader", readers, created_by="fuzz", now_utc=desk.now)
        dead = add_token(db, "dead", list(SCOPES), created_by="fuzz", now_utc=desk.now)
        revoke_token(db, "dead", desk.now)
    return Known(
        numbers=[int(row.id) for row in desk.tickets()],
        full=full,
        reader=reader,
        useless=("", dead, "rzb_x_y", full[:-1], full.upper()),
    )


@contextmanager
def requests() -> Iterator[Callable[[random.Random, Counter[str]], int]]:
    """Give the trial that asks one block of requests of a copy of the desk."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # refusals are no news here
    memory = Path("/dev/shm")  # in memory, so that no disk is waited for
    with tempfile.TemporaryDirectory(prefix="razbor-fuzz-", dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        (folder / "filled").mkdir()
        known = fill(folder / "filled")

        def trial(source: random.Random, seen: Counter[str]) -> int:
            has_threads = source.randrange(THREADS_IN_BLOCK_OF) == 0
            seen["blocks with threads"] += has_threads
            with nullcontext() if has_threads else in_place():
                return try_block(folder, known, source, seen, BLOCK_REQUESTS)

        yield trial
    structlog.reset_defaults()


@contextmanager
def in_place() -> Iterator[None]:
    """Do what is given to worker threads where it is given."""

    async def run_here(work: Callable[..., Any], *arguments: Any, **_options: Any) -> Any:
        return work(*arguments)

    before = anyio.to_thread.run_sync
    anyio.to_thread.run_sync = run_here
    try:
        yield
    finally:
        anyio.to_thread.run_sync = before


def try_block(folder: Path, known: Known, source: random.Random, seen: Counter[str], count: int) -> int:
    """Ask so many requests of a copy of `folder/filled`; raises FindingError."""
    copy = shutil.copytree(folder / "filled", folder / "desk")
    store = open_store(f"sqlite:///{copy}/razbor.db", f"sqlite:///{copy}/intake.db")
    desk = Desk(store, lambda *_, **__: 0)
    options = ConsoleOptions(api_requests_per_minute=0)
    app = create_app(Console(store=store, desk=DeskActs(desk.service), options=options))
    try:
        asyncio.run(ask_all(app, known, source, seen, count))
    finally:
        store.close()
        shutil.rmtree(copy)
    return count


async def ask_all(app: Any, known: Known, source: random.Random, seen: Counter[str], count: int) -> None:
    status, _, body = await ask(app, Ask("GET", f"{API_PATH}/openapi.json"))
    assert status == 200
    asker = Asker(json.loads(body), API_PATH, known.numbers)
    for _ in range(count):
        token = source.choices((known.full, known.reader, source.choice(known.useless)), (6, 2, 3))[0]
        made = asker.ask(source, token)
        begun_s, clock_s = time.process_time(), time.perf_counter()
        try:
            async with asyncio.timeout(HANG_S):
                answer = await ask(app, made)
        except TimeoutError:
            raise FindingError(f"no answer within {HANG_S:.0f} s", made.told()) from None
        except Exception as error:  # the purpose: whatever the application lets out is a finding
            raise FindingError(f"{type(error).__name__}: {error}", made.told()) from error
        is_late = time.perf_counter() - clock_s > SLOW_S
        if is_late and (cost_s := time.process_time() - begun_s) > SLOW_S:
            raise FindingError(f"cost {cost_s:.2f} s of CPU", made.told())
        check_answer(known, made, *answer)
        seen[f"{answer[0] // 100}xx"] += 1


async def ask(app: Any, made: Ask) -> tuple[int, dict[bytes, bytes], bytes]:
    """Hand one request to the application; return status, headers and body of its answer."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": made.method,
        "scheme": "http",
        "path": made.path, "raw_path": made.path.encode(errors="surrogatepass"), "query_string": made.query,
        "root_path": "",
        "headers": [(b"host", b"testserver"), *made.headers], "client": ("192.0.2.1", 1234),
        "server": ("testserver", 80),
    }  # fmt: skip
    told: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": made.body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    await app(scope, receive, send)
    head = told[0]
    return head["status"], dict(head["headers"]), b"".join(message.get("body", b"") for message in told[1:])


def check_answer(known: Known, made: Ask, status: int, headers: dict[bytes, bytes], body: bytes) -> None:
    """Hold one answer to the contract; raises FindingError."""
    if status >= 500:
        raise FindingError(f"status {status}", made.told())
    if not made.path.startswith(f"{API_PATH}/"):
        return  # a page of the console: its own tests look at those
    is_change = made.method not in {"GET", "HEAD", "OPTIONS"}
    tokens = [value for name, value in made.headers if name == b"authorization"]
    may = {f"Bearer {known.full}".encode()} | (set() if is_change else {f"Bearer {known.reader}".encode()})
    if status < 300 and made.path not in FREE_PATHS and not may & set(tokens):
        raise FindingError(f"status {status} without a token that may", made.told())
    if made.method == "HEAD" or status in {204, 304}:
        return
    try:
        answer = json.loads(body)
    except ValueError:
        raise FindingError(f"status {status} without JSON: {body[:80]!r}", made.told()) from None
    kind = headers.get(b"content-type", b"")
    if status < 300:
        if not kind.startswith(b"application/json"):
            raise FindingError(f"status {status} as {kind!r}", made.told())
        return
    named = _PROBLEM_TYPE.fullmatch(str(answer.get("type")))
    if (
        kind != b"application/problem+json"
        or answer.get("status") != status
        or not named
        or named[1] not in KINDS
    ):
        raise FindingError(
            f"status {status} is no problem of the table: {kind!r} {body[:200]!r}", made.told()
        )
