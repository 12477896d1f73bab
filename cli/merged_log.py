"""The one log of `razbor serve`: lines of all parts with the name of the part in its colour."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import IO, Final

_COLOURS: Final = {"serve": 1, "listen": 36, "worker": 33, "beat": 35, "broker": 32}  # SGR codes, ECMA-48
_NAME_WIDTH: Final = 7


class ConsoleLog:
    """Writes lines to a stream; a reader that went away is no reason to stop."""

    def __init__(self, *, json_lines: bool = False, stream: IO[str] | None = None) -> None:
        self._json = json_lines
        self._stream = stream or sys.stdout
        self._coloured = not json_lines and self._stream.isatty()
        self._lock = threading.Lock()

    def __call__(self, part: str, line: str) -> None:
        """Write one line of a part."""
        with self._lock:
            try:
                self._stream.write(self.format(part, line) + "\n")
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                return

    def format(self, part: str, line: str) -> str:
        """Put the part's name before a line; JSON lines already carry it."""
        if self._json:
            return (
                line
                if line.startswith("{")
                else json.dumps({"part": part, "event": line}, ensure_ascii=False)
            )
        name = f"{part:<{_NAME_WIDTH}}"
        if self._coloured:
            name = f"\x1b[{_COLOURS.get(part, 37)}m{name}\x1b[0m"
        return f"{name} | {line}"


class FileThenConsole:
    """Writes lines to a file while the screen belongs to a table, then to the console."""

    def __init__(self, path: Path, console: ConsoleLog) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self._console = console
        self._to_file = ConsoleLog(stream=self._file)
        self._switched = False

    def __call__(self, part: str, line: str) -> None:
        """Write one line of a part."""
        (self._console if self._switched else self._to_file)(part, line)

    def switch(self) -> None:
        """Send everything from now on to the console."""
        self._switched = True

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
