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


# Foreign errors by module and class, looked up only in modules that are loaded already, so that
# naming them here costs no import.
_FOREIGN: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "sqlalchemy.exc",
        "OperationalError",
        "The database does not answer; run `razbor doctor`, it names the remedy.",
    ),
    (
        "redis.exceptions",
        "ConnectionError",
        "The broker does not answer; is `razbor serve` running, or RAZBOR_BROKER_URL right?",
    ),
    (
        "kombu.exceptions",
        "OperationalError",
        "The broker does not answer; is `razbor serve` running, or RAZBOR_BROKER_URL right?",
    ),
    ("classifier.artifact", "ArtifactError", "The model cannot be used."),
    ("models.store.engine", "StoreError", "The database cannot be used."),
)


def describe_fault(error: BaseException) -> tuple[str, int] | None:
    """Give the line to print and the exit code for a known fault, None for an unforeseen one."""
    if isinstance(error, KnownError):
        return str(error), error.exit_code
    if isinstance(error, ValueError):
        return _describe_settings_error(error)
    for module_name, class_name, sentence in _FOREIGN:
        known = getattr(sys.modules.get(module_name), class_name, None)
        if isinstance(known, type) and isinstance(error, known):
            cause = str(error).strip().splitlines()
            return f"{sentence} ({cause[0] if cause else class_name})", EX_FAULT
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}. Check the path and its permissions.", EX_FAULT
    return None


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
