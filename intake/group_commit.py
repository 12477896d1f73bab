"""Group commit: what arrives while one commit runs goes to disk together with the next.

Mails in, row numbers out once they are durable. There is no timer: an idle server commits a
mail at once, a busy one forms groups by itself. One writer thread, so the store needs no lock
and the event loop never waits for a disk.

If the store refuses a group, its mails are tried one by one, so that one bad mail never costs
another its 250. Not when the store as a whole is away: then each try would only wait again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from models.accepted_mail import AcceptedMail, StoreError, StoreUnavailable
from models.traces import note_acceptance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.accepted_mail import RawStore

log = logging.getLogger(__name__)

LARGE_MAIL_BYTES: Final = 1024 * 1024

T = TypeVar("T")
Waiting: TypeAlias = tuple[AcceptedMail, "asyncio.Future[int]"]


def _next_group(waiting: list[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Take what the next commit writes; return it and what stays: all large mails but the oldest.

    So a small mail never waits for more than one large one, and memory holds one large mail twice
    while it is written, whatever their number.
    """
    large = [entry for entry in waiting if len(entry[0].raw) > LARGE_MAIL_BYTES]
    if len(large) < 2:
        return waiting, []
    later = set(map(id, large[1:]))
    return [entry for entry in waiting if id(entry) not in later], large[1:]


class GroupCommit:
    """Gathers mails for one store. All methods belong to the thread of the running event loop."""

    def __init__(self, store: RawStore, on_commit: Callable[[], None]) -> None:
        """Write to `store`; call `on_commit` (quick, on the event loop) after each commit."""
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._on_commit = on_commit
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="raw-mail-writer")
        self._waiting: list[Waiting] = []
        self._to_try_alone: deque[Waiting] = deque()
        self._idle = asyncio.Event()
        self._idle.set()

    def commit(self, mail: AcceptedMail) -> asyncio.Future[int]:
        """Return what will be the mail's row number, once it is durable.

        The future fails with `StoreError` when the mail was not stored. Cancelling it before
        the mail's group is written takes the mail out again.
        """
        done: asyncio.Future[int] = self._loop.create_future()
        self._waiting.append((mail, done))
        if self._idle.is_set():
            self._idle.clear()
            self._loop.call_soon(self._write_next)  # so that all that came in this turn of the loop joins
        return done

    def run_between(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run `work` in the writer thread between two commits: the store has one writer."""
        return asyncio.wrap_future(self._writer.submit(work), loop=self._loop)

    async def drain(self) -> None:
        """Wait until everything that was handed in is written or refused."""
        await self._idle.wait()

    def close(self) -> None:
        """End the writer thread. Call it after `drain`."""
        self._writer.shutdown()

    def _write_next(self) -> None:
        """Hand the next group to the writer thread, or come to rest."""
        if self._to_try_alone:
            candidates = [self._to_try_alone.popleft()]
        else:
            candidates, self._waiting = _next_group(self._waiting)
        group = [(mail, done) for mail, done in candidates if not done.done()]
        if group:
            job = self._writer.submit(self._store.append, [mail for mail, _done in group])
            job.add_done_callback(lambda job: self._loop.call_soon_threadsafe(self._settle, group, job))
        elif self._waiting or self._to_try_alone:
            self._loop.call_soon(self._write_next)
        else:
            self._idle.set()

    def _settle(self, group: list[Waiting], job: Future[Sequence[int]]) -> None:
        """Tell the waiting sessions how their commit went, and go on with the next group."""
        error = job.exception()
        if error is None:
            for (mail, done), raw_id in zip(group, job.result(), strict=True):
                note_acceptance(raw_id, mail.envelope.received_at_utc, len(mail.raw))
                if not done.done():
                    done.set_result(raw_id)
            log.info("mails stored", extra={"raw_ids": list(job.result())})
            self._on_commit()
        elif len(group) > 1 and not isinstance(error, StoreUnavailable):
            log.warning("a group of %d mails was refused, trying each alone: %s", len(group), error)
            self._to_try_alone.extend(group)
        else:
            log.error(
                "%d mails were not stored, their senders are told to try again", len(group), exc_info=error
            )
            refusal = error if isinstance(error, StoreError) else StoreUnavailable(repr(error))
            for _mail, done in group:
                if not done.done():
                    done.set_exception(refusal)
        self._write_next()
