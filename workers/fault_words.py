"""An error in words that hold nothing of a mail: for causes that are stored and shown, and for logs.

The message of an exception may quote what it failed on (`invalid literal for int(): '...'`),
and that may be a seller's words or a secret. So only its kind and the place stay; errors of
the database are told by their code, with the driver's values left out.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent


def fault_words(error: BaseException) -> str:
    """Name an error by its kind and the line of this project that it came from."""
    words = type(error).__name__
    origin = getattr(error, "orig", None)  # SQLAlchemy wraps the driver's error
    if isinstance(origin, BaseException):
        state = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
        words += f" ({type(origin).__name__}{f' {state}' if state else ''})"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
            return f"{words} at {path.relative_to(_ROOT).as_posix()}:{frame.lineno}"
    return words
