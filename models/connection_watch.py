"""Cuts a database connection that keeps us waiting too long, whatever the network says of it.

`tcp_user_timeout` ends a connection whose packets nobody acknowledges. A server or a proxy that is alive and
silent (suspended, out of memory, its own backend cut off) acknowledges everything and answers nothing; then
only a clock of our own helps. In goes the connection while it is being used, out comes, at the worst, a
socket that is shut down, so that whoever waits for it gets an error of the driver.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


class ConnectionWatch:
    """Watches one connection at a time, with a thread that sleeps as long as all is well."""

    def __init__(self, patience_s: float) -> None:
        """Cut what takes longer than `patience_s`."""
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._watched: psycopg.Connection | None = None
        self._until_s = 0.0
        self._is_over = False
        self._thread: threading.Thread | None = None

    def begin(self, connection: psycopg.Connection) -> None:
        """Start the clock for what is asked of `connection` now."""
        with self._changed:
            self._watched, self._until_s = connection, time.monotonic() + self._patience_s
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="connection-watch", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """Stop the clock: an answer came, or the connection is about to be closed."""
        with self._changed:
            self._watched = None

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._watched, self._is_over = None, True
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._is_over:
                now_s = time.monotonic()
                if self._watched is not None and now_s >= self._until_s:
                    _shut_down(self._watched)
                    self._watched = None
                # Woken by the clock alone: a use costs its thread no wake-up of this one.
                left_s = self._until_s - now_s if self._watched is not None else self._patience_s
                self._changed.wait(max(0.01, min(left_s, self._patience_s)))


def _shut_down(connection: psycopg.Connection) -> None:
    """Shut the socket down; it stays open, so that its number goes to nobody else meanwhile."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
