"""The reader of mails, tried with mutated mails: real ones, and in a long run short ones of every shape."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable

from tests.fuzz.grow import grow
from tests.fuzz.mutate import mutate, seed_mails
from tests.fuzz.target import check_mail

SHORT_BYTES = 3_000
FULL_CHECK_EVERY = 10
_STRUCTURE = re.compile(
    rb"(?im)^(content-type:\s*[\w/.+-]+|content-transfer-encoding:\s*[\w-]+|[\w-]+:)|charset=[\w\"-]+"
)


def short_mails() -> list[bytes]:
    """Return the short mails of the test sets, one of each structure (headers, types, charsets)."""
    by_structure: dict[tuple[bytes, ...], bytes] = {}
    for raw in sorted(seed_mails(), key=len):
        if len(raw) <= SHORT_BYTES:
            found = tuple(sorted({one.group().lower() for one in _STRUCTURE.finditer(raw)}))
            by_structure.setdefault(found, raw)
    return list(by_structure.values())


def real_mails(*, slow_s: float) -> Callable[[random.Random, Counter[str]], int]:
    """Return the trial of real mails of any length, each with every check."""
    seeds = seed_mails()

    def trial(source: random.Random, _seen: Counter[str]) -> int:
        check_mail(mutate(seeds, source), slow_s=slow_s)
        return 1

    return trial


def many_mails(*, slow_s: float) -> Callable[[random.Random, Counter[str]], int]:
    """Return the trial of short mails, half of them grown; the checks that read again at every tenth."""
    seeds = short_mails()

    def trial(source: random.Random, seen: Counter[str]) -> int:
        is_grown = source.random() < 0.5
        raw = mutate([grow(source), *source.sample(seeds, 2)] if is_grown else seeds, source)
        is_full = source.randrange(FULL_CHECK_EVERY) == 0
        mail = check_mail(raw, slow_s=slow_s, reads_again=is_full)
        seen[f"kind {mail.kind}"] += 1
        seen["checked in full"] += is_full
        return 1

    return trial
