"""Faults that an operator can mend, and their one-line form.

In comes whatever exception reached the edge of a command, out goes one sentence that names
the remedy, or None for an exception that nobody foresaw (that one keeps its traceback).
"""

from __future__ import annotations

import sys
from typing import Final

EX_CONFIG: Final = 78  # sysexits.h: configuration error; trying again does not help
EX_FAULT: Final = 1


class KnownError(Exception):
    """Something known went wrong; the message says what, and what to do about it."""

    exit_code: int = EX_FAULT


class ConfigError(KnownError):
    """A fault that stays until an operator changes something: the supervisor does not retry it."""

    exit_code = EX_CONFIG


_DATABASE: Final = "The database cannot be used; run `razbor doctor`, it names the remedy."
_BROKER: Final = "The broker does not answer; is `razbor serve` running, or RAZBOR_BROKER_URL right?"
# Errors of other packages by module and class, so that naming them here costs no import.
_FOREIGN: Final = {
    ("sqlalchemy.exc", "OperationalError"): _DATABASE,
    ("models.store.engine", "StoreError"): _DATABASE,
    ("models.keyring", "KeyringError"): "Raw mail cannot be sealed or opened.",
    ("models.accepted_mail", "StoreError"): "Accepted mail could not be kept.",
    (
        "models.retention",
        "RetentionError",
    ): "The retention policy cannot be used: `razbor retention set` mends it.",
    ("redis.exceptions", "ConnectionError"): _BROKER,
    ("kombu.exceptions", "OperationalError"): _BROKER,
    ("classifier.artifact", "ArtifactError"): "The model cannot be used.",
}
# A file that is no database raises this very class; its subclasses are our own mistakes.
_NO_DATABASE: Final = ("sqlalchemy.exc", "DatabaseError")


def describe_fault(error: BaseException) -> tuple[str, int] | None:
    """Give the line to print and the exit code for a known fault, None for an unforeseen one."""
    if isinstance(error, KnownError):
        return str(error), error.exit_code
    if isinstance(error, ValueError):
        return _describe_settings_error(error)
    sentence = _foreign_sentence(type(error))
    if sentence:
        cause = str(error).strip().splitlines()
        return f"{sentence} ({cause[0] if cause else type(error).__name__})", EX_FAULT
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}. Check the path and its permissions.", EX_FAULT
    return None


def _foreign_sentence(kind: type[BaseException]) -> str:
    """Find the sentence for an error of another package; "" when nobody foresaw it."""
    if (kind.__module__, kind.__name__) == _NO_DATABASE:
        return _DATABASE
    known = (_FOREIGN.get((parent.__module__, parent.__name__)) for parent in kind.__mro__)
    return next((sentence for sentence in known if sentence), "")


def _describe_settings_error(error: ValueError) -> tuple[str, int] | None:
    """Name each bad RAZBOR_ variable of a pydantic error about `Settings`."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not isinstance(error, pydantic.ValidationError) or error.title != "Settings":
        if str(error).startswith("RAZBOR_"):
            return f"{error}. `razbor settings` lists what each setting means.", EX_CONFIG
        return None
    lines = [
        f"RAZBOR_{'_'.join(str(part) for part in item['loc'][:1]).upper()}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    ]
    return f"{'; '.join(lines)}. `razbor settings --help` tells where settings come from.", EX_CONFIG
