"""What one check of `razbor doctor` found: state, detail, and for a failure the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended. Only FAIL makes `doctor` exit with 1."""

    OK = "ok"
    NOTE = "note"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Answer of one check."""

    check: str
    state: State
    detail: str
    remedy: str = ""


def passed(check: str, detail: str) -> CheckResult:
    """All is well."""
    return CheckResult(check=check, state=State.OK, detail=detail)


def noted(check: str, detail: str, remedy: str = "") -> CheckResult:
    """Worth knowing, nothing to mend."""
    return CheckResult(check=check, state=State.NOTE, detail=detail, remedy=remedy)


def failed(check: str, detail: str, remedy: str) -> CheckResult:
    """Razbor would not work, or lose its promises, like this."""
    return CheckResult(check=check, state=State.FAIL, detail=detail, remedy=remedy)
