"""The reader of mails, tried with mutated mails: real ones, and in a long run short ones of every shape."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable

from tests.fuzz.grow import grow
from tests.fuzz.mutate import mutate, seed_mails
from tests.fuzz.target import OPTIONS, WITH_FILES, check_mail

SHORT_BYTES, GROWN_BYTES = 2_000, 500
GROWN_OF_100, LONG_OF_100 = 88, 1
FULL_CHECK_EVERY, FILES_READ_EVERY = 20, 2_000
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
    """Return the trial of short mails: of 100, 88 grown, 11 test mails of a structure each, 1 of any length.

    Every stage reads each of them, extraction too. The checks that read again are made of every twentieth;
    one in two thousand is read with its files, which costs child processes.
    """
    every, short = seed_mails(), short_mails()

    def trial(source: random.Random, seen: Counter[str]) -> int:
        chance = source.randrange(100)
        if chance < GROWN_OF_100:
            raw = mutate([grow(source), grow(source), source.choice(short)], source, max_bytes=GROWN_BYTES)
        elif chance < 100 - LONG_OF_100:
            raw = mutate(short, source, max_bytes=SHORT_BYTES)
        else:
            raw = mutate(every, source)
        is_full = source.randrange(FULL_CHECK_EVERY) == 0
        has_files = source.randrange(FILES_READ_EVERY) == 0
        mail = check_mail(
            raw, slow_s=slow_s, reads_again=is_full, options=WITH_FILES if has_files else OPTIONS
        )
        seen[f"kind {mail.kind}"] += 1
        seen["checked in full"] += is_full
        seen["files read"] += has_files
        seen["octets"] += len(raw)
        return 1

    return trial
