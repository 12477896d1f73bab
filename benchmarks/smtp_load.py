"""A load generator for SMTP servers: as little work per mail as Python can do.

In goes an address, a number of mails (all alike, or given letters) and sessions; out come the
time from the first connection to the last 250, and for each mail the time from DATA to its 250.
A load may be paced: then mails begin at fixed moments, whatever the server does. Each session is
a protocol object that sends the next step when the reply to the last one is in; on request it
uses PIPELINING where the server offers it, as real mail servers do. Mails that are alike carry
their number in the subject, so that what arrived can be counted back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import uvloop

TIMEOUT_S = 60
MAIL = b"MAIL FROM:<seller@load.example>\r\n"
DATA = b"DATA\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail of its own: who sends it, and its octets, lines ended by CRLF."""

    sender: str
    octets: bytes

    def dotted(self) -> bytes:
        """Return the octets as they go over the wire after DATA, with the end mark."""
        body = (b"\r\n" + self.octets.removesuffix(b"\r\n")).replace(b"\r\n.", b"\r\n..")
        return body[2:] + b"\r\n.\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one measurement gave, in seconds."""

    seconds: float
    data_to_250_s: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one measurement sends."""

    name: str
    mails: int
    size_bytes: int
    sessions: int = 20
    recipient: str = "support@razbor.local"
    is_connection_kept: bool = True
    letters: Sequence[Letter] = ()  # sent instead of mails that are all alike
    per_s: float = 0.0  # so many mails begin in a second; 0: as fast as the server answers
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
        self.data_said_s = 0.0

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
        wait_s = self.run.wait_s(number)
        if wait_s > 0:
            asyncio.get_running_loop().call_later(wait_s, self.begin)
        else:
            self.begin()

    def begin(self) -> None:
        """Say who sends the next mail."""
        mail = self.run.sender_line(self.number)
        if self.is_pipelined:
            self.awaited = 3
            self.data_said_s = time.perf_counter()
            self.say(mail + self.run.rcpt + DATA, self.data_wanted)
        else:
            self.say(mail, self.sender_ok)

    def sender_ok(self) -> None:
        self.say(self.run.rcpt, self.recipient_ok)

    def recipient_ok(self) -> None:
        self.data_said_s = time.perf_counter()
        self.say(DATA, self.data_wanted)

    def data_wanted(self) -> None:
        self.say(self.run.content(self.number), self.stored)

    def stored(self) -> None:
        self.run.count_stored(time.perf_counter() - self.data_said_s)
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
        self.rcpt = f"RCPT TO:<{load.recipient}>\r\n".encode()
        self.body = _body(load.size_bytes)
        self.first_number = first_number
        self.started = 0
        self.began_s = time.perf_counter()
        self.data_to_250_s: list[float] = []
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

    def wait_s(self, number: int) -> float:
        """How long a mail must wait for its moment."""
        if not self.load.per_s:
            return 0.0
        return self.began_s + (number - self.first_number) / self.load.per_s - time.perf_counter()

    def sender_line(self, number: int) -> bytes:
        if not self.load.letters:
            return MAIL
        return f"MAIL FROM:<{self.load.letters[number - self.first_number].sender}>\r\n".encode()

    def content(self, number: int) -> bytes:
        if not self.load.letters:
            return b"Subject: %09d\r\n" % number + self.body
        return self.load.letters[number - self.first_number].dotted()

    def count_stored(self, data_to_250_s: float) -> None:
        self.data_to_250_s.append(data_to_250_s)
        if len(self.data_to_250_s) == self.load.mails and not self.done.done():
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


async def _measure(load: Load, host: str, port: int, first_number: int) -> Sent:
    run = _Run(load, host, port, first_number)
    for _ in range(load.sessions):
        run.connect()
    await asyncio.wait_for(run.done, TIMEOUT_S)
    return Sent(seconds=time.perf_counter() - run.began_s, data_to_250_s=run.data_to_250_s)


def send(load: Load, host: str, port: int, first_number: int = 0) -> Sent:
    """Send all mails of `load`, numbered from `first_number`.

    Raises RuntimeError with the reply of a server that refuses one, TimeoutError after a minute.
    """
    return uvloop.run(_measure(load, host, port, first_number))


def share_below(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed (0.99: the 99th percentile)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
