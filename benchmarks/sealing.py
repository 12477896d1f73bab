"""What sealing raw mail costs: the same groups of mails stored with and without a keyring, in turn.

Processor time of the store's `append` alone, on SQLite files in memory where there are any; the
ratio is formed within a round, the median over the rounds is the result.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from models.keyring import NO_KEYS, Keyring, KeyringContent, write_keyring
from models.raw_store import AcceptedMail, SqliteRawStore
from models.records import Envelope
from models.store import open_store
from models.store.migrate import migrate

GROUP_MAILS: Final = 16
GROUPS: Final = 20
SIZES_BYTES: Final = (4_000, 40_000, 1_000_000)


def run(rounds: int) -> list[dict[str, Any]]:
    """Give one row per size of mail: processor time per mail, plain and sealed."""
    in_memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=in_memory if in_memory.is_dir() else None) as name:
        folder = Path(name)
        content = KeyringContent().with_new_key("2026-11-22T10:00:00+00:00")
        write_keyring(folder / "keyring.json", replace(content, writes=content.keys[0].key_id))
        return [_row(folder, size, rounds) for size in SIZES_BYTES]


def _row(folder: Path, size_bytes: int, rounds: int) -> dict[str, Any]:
    plain, sealed = [], []
    for _ in range(rounds):
        plain.append(_cpu_us(folder, size_bytes, NO_KEYS))
        sealed.append(_cpu_us(folder, size_bytes, Keyring(folder / "keyring.json")))
    ratio = statistics.median(with_key / without for with_key, without in zip(sealed, plain, strict=True))
    return {
        "mail": f"{size_bytes // 1000} KB",
        "plain_cpu_us": round(min(plain)),
        "sealed_cpu_us": round(min(sealed)),
        "ratio": round(ratio, 2),
    }


def _cpu_us(folder: Path, size_bytes: int, keyring: Keyring) -> float:
    """Store the mails in a new file and give the processor time of one."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        store = open_store(f"sqlite:///{name}/razbor.db", f"sqlite:///{name}/intake.db")
        migrate(store)
        store.close()
        envelope = Envelope(
            mail_from="s@shop.example",
            rcpt_tos=("support@razbor.local",),
            peer="192.0.2.7",
            helo="client.example",
            received_at_utc=datetime.now(UTC),
        )
        mails = [AcceptedMail(envelope=envelope, raw=os.urandom(size_bytes)) for _ in range(GROUP_MAILS)]
        groups = GROUPS if size_bytes < SIZES_BYTES[-1] else 2
        with closing(SqliteRawStore(Path(name) / "intake.db", keyring=keyring)) as raw_store:
            begun = time.process_time()
            for _ in range(groups):
                raw_store.append(mails)
            return (time.process_time() - begun) * 1e6 / (groups * GROUP_MAILS)
