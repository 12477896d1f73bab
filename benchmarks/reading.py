"""Reading a mail beside what mail-parser alone takes for it.

Every mail is a corpus row of the dev and train parts rendered as its writer would have sent
it (`cli.corpus_mail`). In each round, mail after mail, these are timed in turn on the same octets:
mail-parser (parse and every field that it offers), all stages of ours without the child
process that reads attachments, ours without the extraction stage (extraction alone by
difference), and the last two in the compiled copy. Processor time of the process that works; per mail
the best of the rounds, since a neighbour can only slow a try; the result is the ratio of the sums, and
the median of the ratios per mail.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from unittest import mock

import mailparser

from benchmarks.compiled_copy import compiled_copy
from cli.corpus_mail import render
from intake import read_mail as reading
from intake.extraction import Extraction, MailFields
from intake.read_mail import ReadOptions, read_mail

CORPUS: Final = Path(__file__).resolve().parent.parent / "classifier" / "corpus"
EVERY: Final = 8  # every eighth mail: about 300, long enough for a ratio and short enough for a round
OPTIONS: Final = ReadOptions(read_attachments=False)


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure `rounds` times and return a row each for sources and compiled copy: milliseconds, ratios."""
    mails = _corpus_mails()
    with compiled_copy("reading") as ask:
        names = [*WORKS, *(f"compiled {name}" for name in OURS if ask)]
        best = {name: [float("inf")] * len(mails) for name in names}
        for _ in range(rounds + 1):  # the first round pays what is paid once
            for at, octets in enumerate(mails):
                for name, work in WORKS.items():
                    best[name][at] = min(best[name][at], work(octets))
                for name in OURS if ask else ():
                    best[f"compiled {name}"][at] = min(best[f"compiled {name}"][at], ask(f"{name} {at}"))
    case = f"{len(mails)} corpus mails, {rounds} rounds, processor time"
    rows = [_row(f"pure: {case}", best["mail_parser"], *(best[name] for name in OURS))]
    if ask:
        ours = [best[f"compiled {name}"] for name in OURS]
        rows.append(_row(f"compiled: {case}", best["mail_parser"], *ours))
    return rows


def answering() -> Callable[[str], float]:
    """Return what the compiled copy's process does: `WORK NUMBER`, one of the works with one mail."""
    mails = _corpus_mails()

    def answer(line: str) -> float:
        name, at = line.split()
        return WORKS[name](mails[int(at)])

    return answer


def _row(case: str, parser: list[float], ours: list[float], without: list[float]) -> dict[str, Any]:
    named = {"mail_parser": parser, "ours": ours, "without_extraction": without}
    return {
        "case": case,
        **{f"{name}_ms": round(sum(times) / len(times) * 1e3, 3) for name, times in named.items()},
        "all_stages": _ratio(ours, parser),
        "all_stages_median": _median_ratio(ours, parser),
        "without_extraction": _ratio(without, parser),
        "extraction": round(_ratio(ours, parser) - _ratio(without, parser), 2),
    }


def _corpus_mails() -> list[bytes]:
    rows = [
        json.loads(line)
        for part in ("dev.jsonl", "train.jsonl")
        for line in (CORPUS / part).read_text(encoding="utf-8").splitlines()
    ]
    return [render(row) for row in rows[::EVERY]]


def _mail_parser_s(octets: bytes) -> float:
    started = time.process_time()
    _ = mailparser.parse_from_bytes(octets).mail
    return time.process_time() - started


def _ours_s(octets: bytes) -> float:
    started = time.process_time()
    read_mail(octets, None, OPTIONS)
    return time.process_time() - started


def _without_extraction_s(octets: bytes) -> float:
    with mock.patch.object(reading, "extract", _nothing):  # put in place before the clock starts
        return _ours_s(octets)


def _nothing(fields: MailFields, **_: Any) -> Extraction:
    """Stand in for the extraction stage: the texts as they are, nothing found."""
    return Extraction(fields=fields)


def _ratio(mine: list[float], theirs: list[float]) -> float:
    return round(sum(mine) / sum(theirs), 2)


def _median_ratio(mine: list[float], theirs: list[float]) -> float:
    return round(statistics.median(one / other for one, other in zip(mine, theirs, strict=True)), 2)


OURS: Final = ("ours", "without_extraction")
WORKS: Final = {"mail_parser": _mail_parser_s, "ours": _ours_s, "without_extraction": _without_extraction_s}
