"""A listener as a process, for tests that kill or weigh it: `FILE [MAX_MESSAGE_BYTES]`; prints its port."""

from __future__ import annotations

import sys
from pathlib import Path

from intake.limits import Limits
from intake.listener import Listener, ListenerOptions
from models.raw_store import SqliteRawStore


def main() -> None:
    path = Path(sys.argv[1])
    limits = Limits(max_message_bytes=int(sys.argv[2])) if len(sys.argv) > 2 else Limits()
    store = SqliteRawStore(path)
    options = ListenerOptions(port=0, mailboxes=("support@razbor.test",), limits=limits, grace_s=10.0)
    Listener(options, store, lambda: None).serve_forever(on_ready=lambda port: print(port, flush=True))
    store.close()


if __name__ == "__main__":
    main()
