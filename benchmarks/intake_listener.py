"""The product's own listener as a process to be measured: `python -m benchmarks.intake_listener`.

The real `Listener` over the real `SqliteRawStore`, as `razbor listen` runs it; only the folder
and the port come from the command line. Prints the port when it is ready.
"""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path

from intake.listener import Listener, ListenerOptions
from models.raw_store import SqliteRawStore

SCHEMA = """CREATE TABLE raw_message (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_utc TEXT NOT NULL,
peer TEXT, helo TEXT, tls BOOLEAN, mail_from TEXT, rcpt_tos TEXT, size_bytes INTEGER, sha256 TEXT, codec TEXT,
raw BLOB)"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    path = arguments.dir / "intake.db"
    with sqlite3.connect(path) as connection:
        connection.execute(SCHEMA)
    connection.close()
    store = SqliteRawStore(path)
    options = ListenerOptions(port=arguments.port, mailboxes=("support@razbor.local",))
    try:
        Listener(options, store, enqueue=lambda: None).serve_forever()
    finally:
        store.close()


if __name__ == "__main__":
    main()
