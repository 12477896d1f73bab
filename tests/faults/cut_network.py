"""A TCP proxy between two parts whose network can be cut: refused, reset, or silent with the line open."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


class CutNetwork:
    """Forwards 127.0.0.1:`port` to a TCP port or a Unix socket, until told otherwise."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._silent = threading.Event()
        self._over = threading.Event()
        self._lines: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._refusing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.close()
        self._end_all()

    def cut(self, how: str) -> None:
        """Cut it: `silent` keeps lines open and says nothing, `reset` ends them, `refused` new ones too.

        `stuck` is silent for lines that are open and refuses new ones.
        """
        if how in {"silent", "stuck"}:
            self._refusing = how == "stuck"
            self._silent.set()
            return
        self._refusing = how == "refused"
        self._end_all()

    def heal(self) -> None:
        """Forward again; lines that were silent are ended, as after a cut that lasted."""
        self._refusing = False
        if self._silent.is_set():
            self._end_all()
            self._silent.clear()

    def _end_all(self) -> None:
        for line in list(self._lines):
            with contextlib.suppress(OSError):
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                near.close()
                continue
            threading.Thread(target=self._forward, args=(near,), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target), 5)
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(self._target))
        return far

    def _forward(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), self._connect() as far, selectors.DefaultSelector() as ready:
            self._lines |= {near, far}
            for one, other in ((near, far), (far, near)):
                ready.register(one, selectors.EVENT_READ, (one, other))
            try:
                while not self._over.is_set():
                    for key, _ in ready.select(0.1):
                        if self._silent.is_set():
                            self._over.wait(0.05)
                            continue
                        one, other = key.data
                        piece = one.recv(65536)
                        if not piece:
                            return
                        other.sendall(piece)
            finally:
                self._lines -= {near, far}
