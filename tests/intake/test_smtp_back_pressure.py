"""With workers and broker away for long: mail is taken in durably, and nothing piles up in memory."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

from tests.intake.smtp_harness import RunningListener, client, open_store, stored

MAIL = b"Subject: storm\r\n\r\n" + (b"a line of a mail in a storm\r\n" * 700)  # 20 KB
AT_ONCE = 25
SETTLED, ALL = 100, 400  # mails until the listener has made what it keeps, and at the end
GROWTH_BYTES = 200_000  # ten mails; what it would keep is three hundred


def test_a_storm_that_nobody_works_is_stored_and_not_kept_in_memory(tmp_path: Path) -> None:
    calls = []

    def broker_is_away() -> None:
        calls.append(1)
        raise OSError("no broker")

    path, store = open_store(tmp_path)
    try:
        with RunningListener(store, enqueue=broker_is_away) as listener:
            tracemalloc.start()
            try:
                for _ in range(SETTLED // AT_ONCE):
                    _send(listener.port)
                before = _kept_bytes()
                for _ in range((ALL - SETTLED) // AT_ONCE):
                    _send(listener.port)
                growth = _kept_bytes() - before
            finally:
                tracemalloc.stop()
    finally:
        store.close()
    mails = stored(path)
    assert [mail.raw for mail in mails] == [MAIL] * ALL
    assert growth < GROWTH_BYTES, f"{growth} bytes more after {ALL - SETTLED} mails"
    assert 1 <= len(calls) <= 20, "the broker is asked now and then, not for each mail"


def _send(port: int) -> None:
    with client(port) as session:
        for _ in range(AT_ONCE):
            assert session.deliver(MAIL).startswith("250 ")


def _kept_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
