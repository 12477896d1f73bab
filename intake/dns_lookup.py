"""Asking the name service on behalf of one mail: bounded in number and time, each question once.

`Resolver` is what the checks of a sender need from outside, so that they run without a
network in tests. Records are text: of TXT the joined character strings (one character per
octet), of MX "preference exchange", of A, AAAA and PTR the address or name. A name that does
not exist and a name without records of the type are both the empty tuple (RFC 7208 4.6.4
calls them void); `NoAnswerError` is a failure that may pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

MAX_QUERIES: Final = 60  # of one mail: SPF alone may ask 10 terms with 10 addresses each (RFC 7208 4.6.4)
MAX_NAME_CHARS: Final = 253
_NAME: Final = re.compile(r"[!-~]{1,63}(?:\.[!-~]{1,63}){0,126}")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.){1,126}[a-z0-9][a-z0-9-]{0,62}")


class NoAnswerError(Exception):
    """The name service gave no answer; the same question may be answered later."""


class Resolver(Protocol):
    """Something that answers questions to the name service."""

    def __call__(self, name: str, record_type: str, timeout_s: float) -> tuple[str, ...]:
        """Return the records of `name`, () when there are none; raise `NoAnswerError`."""


class MailLookUps:
    """The questions of one mail: at most `MAX_QUERIES`, all of them answered before `until_s`."""

    def __init__(
        self, resolver: Resolver, *, until_s: float, query_s: float, clock: Callable[[], float]
    ) -> None:
        self._resolver = resolver
        self._until_s = until_s  # on `clock`
        self._query_s = query_s
        self._clock = clock
        self._answers: dict[tuple[str, str], tuple[str, ...] | None] = {}

    def __call__(self, name: str, record_type: str) -> tuple[str, ...]:
        """Return the records of `name`; raise `NoAnswerError` without an answer in time."""
        name = name.rstrip(".").lower()
        if len(name) > MAX_NAME_CHARS or "." not in name or ".." in name or not _NAME.fullmatch(name):
            return ()
        question = (name, record_type)
        if question not in self._answers:
            self._answers[question] = None  # a question that failed once is not repeated
            self._answers[question] = self._ask(name, record_type)
        answer = self._answers[question]
        if answer is None:
            raise NoAnswerError(f"{record_type} {name}: failed before")
        return answer

    def _ask(self, name: str, record_type: str) -> tuple[str, ...]:
        left_s = self._until_s - self._clock()
        if left_s <= 0:
            raise NoAnswerError(f"{record_type} {name}: no time left for this mail")
        if len(self._answers) > MAX_QUERIES:
            raise NoAnswerError(f"{record_type} {name}: more than {MAX_QUERIES} questions for one mail")
        return self._resolver(name, record_type, min(left_s, self._query_s))


def ascii_domain(domain: str) -> str:
    """Return a host or mail domain as the name service knows it (IDNA), "" when it is none.

    An address literal ("[192.0.2.1]"), a single label and a dotted quad are no domain.
    """
    domain = domain.strip().rstrip(".").lower()
    if not domain or len(domain) > MAX_NAME_CHARS:
        return ""
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    if len(domain) > MAX_NAME_CHARS or domain.rpartition(".")[2].isdigit():
        return ""
    return domain if _DOMAIN.fullmatch(domain) else ""
