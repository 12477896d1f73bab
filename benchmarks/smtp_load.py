"""A load generator for SMTP servers: as little work per mail as Python can do.

In goes an address, a number of mails and sessions; out comes the time from the first
connection to the last 250. Each session is a protocol object that sends the next step when
the reply to the last one is in; on request it uses PIPELINING where the server offers it, as
real mail servers do. Every mail carries its number in the subject, so that what arrived can be
counted back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import uvloop

TIMEOUT_S = 60
MAIL = b"MAIL FROM:<seller@load.example>\r\n"
RCPT = b"RCPT TO:<support@razbor.local>\r\n"
DATA = b"DATA\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one measurement sends."""

    name: str
    mails: int
    size_bytes: int
    sessions: int = 20
    is_connection_kept: bool = True
    is_pipelined: bool = False  # MAIL, RCPT and DATA in one packet, where the server offers it


class _Sender(asyncio.Protocol):
    """One session: EHLO, then MAIL, RCPT, DATA and body for each mail, as long as there are any."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.transport: asyncio.WriteTransport
        self.step = self.greeted
        self.awaited = 1  # replies
        self.received = b""
        self.is_pipelined = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's transports are no subclass

    def data_received(self, data: bytes) -> None:
        self.received += data
        replies = [line for line in self.received.split(b"\r\n") if line[3:4] == b" "]
        if len(replies) < self.awaited or not data.endswith(b"\n"):
            return
        if any(reply[:1] not in b"23" for reply in replies):
            self.run.fail(self.received)
            return
        self.awaited = 1
        self.step()

    def say(self, command: bytes, next_step: Callable[[], None]) -> None:
        self.received = b""
        self.step = next_step
        self.transport.write(command)

    def greeted(self) -> None:
        self.say(b"EHLO load.example\r\n", self.hello)

    def hello(self) -> None:
        self.is_pipelined = self.run.load.is_pipelined and b"PIPELINING" in self.received
        self.ready()

    def ready(self) -> None:
        """Begin the next mail, or part."""
        number = self.run.next_number()
        if number is None:
            self.say(b"QUIT\r\n", self.transport.close)
            return
        self.number = number
        if self.is_pipelined:
            self.awaited = 3
            self.say(MAIL + RCPT + DATA, self.data_wanted)
        else:
            self.say(MAIL, self.sender_ok)

    def sender_ok(self) -> None:
        self.say(RCPT, self.recipient_ok)

    def recipient_ok(self) -> None:
        self.say(DATA, self.data_wanted)

    def data_wanted(self) -> None:
        self.say(b"Subject: %09d\r\n" % self.number + self.run.body, self.stored)

    def stored(self) -> None:
        self.run.count_stored()
        if self.run.load.is_connection_kept:
            self.ready()
        else:
            self.say(b"QUIT\r\n", self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self.run.session_ended(exc)


class _Run:
    """Counts one measurement."""

    def __init__(self, load: Load, host: str, port: int, first_number: int) -> None:
        self.load = load
        self.address = (host, port)
        self.body = _body(load.size_bytes)
        self.first_number = first_number
        self.started = 0
        self.stored = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.tasks: set[asyncio.Task[object]] = set()

    def connect(self) -> None:
        task = asyncio.get_running_loop().create_task(self._connect())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Sender(self), *self.address)
        except OSError as error:
            self.fail(repr(error).encode())

    def next_number(self) -> int | None:
        if self.started == self.load.mails:
            return None
        self.started += 1
        return self.first_number + self.started - 1

    def count_stored(self) -> None:
        self.stored += 1
        if self.stored == self.load.mails and not self.done.done():
            self.done.set_result(None)

    def session_ended(self, exc: Exception | None) -> None:
        if not self.load.is_connection_kept and self.started < self.load.mails:
            self.connect()
        elif exc is not None:
            self.fail(repr(exc).encode())

    def fail(self, reply: bytes) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"the server answered {reply!r}"))


def _body(size_bytes: int) -> bytes:
    """Make the rest of a mail after its subject: plain text lines, and the end mark of DATA."""
    head = b"From: seller@load.example\r\nTo: support@razbor.local\r\n\r\n"
    line = b"The parcel has not come to the warehouse, please look where it is now. 0123\r\n"
    return (head + line * (size_bytes // len(line) + 1))[: size_bytes - 22] + b"\r\n.\r\n"


async def _measure(load: Load, host: str, port: int, first_number: int) -> float:
    run = _Run(load, host, port, first_number)
    started = time.perf_counter()
    for _ in range(load.sessions):
        run.connect()
    await asyncio.wait_for(run.done, TIMEOUT_S)
    return time.perf_counter() - started


def send(load: Load, host: str, port: int, first_number: int) -> float:
    """Send all mails of `load`, numbered from `first_number`; return the seconds it took.

    Raises RuntimeError with the reply of a server that refuses one, TimeoutError after a minute.
    """
    return uvloop.run(_measure(load, host, port, first_number))
