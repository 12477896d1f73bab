"""A listener that has taken a million mails holds no more memory than after ten thousand (`make soak`)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.smtp_load import Load, send
from tests.intake.smtp_harness import MAILBOX, ListenerProcess, make_store_file

PORTION = 10_000
MAILS = 1_000_000
MOST_GROWTH = 1.1


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_million_mails_leave_the_listeners_memory_as_ten_thousand_did(tmp_path: Path) -> None:
    path = make_store_file(tmp_path)
    with ListenerProcess(path) as listener:
        early_bytes = 0
        for sent in range(0, MAILS, PORTION):
            load = Load(name="soak", mails=PORTION, size_bytes=2000, recipient=MAILBOX)
            send(load, "127.0.0.1", listener.port, sent)
            early_bytes = early_bytes or listener.rss_bytes()
        late_bytes = listener.rss_bytes()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*), max(id) FROM raw_message").fetchone() == (MAILS, MAILS)
    assert late_bytes <= early_bytes * MOST_GROWTH, (early_bytes, late_bytes)
