"""Reading a mail beside what mail-parser alone takes for it.

Every mail is a corpus row of the dev and train parts rendered as its writer would have sent
it (`cli.corpus_mail`). In each round, mail after mail, four things are timed in turn on the same octets:
mail-parser (parse and every field that it offers), all stages of ours without the child
process that reads attachments, ours without the extraction stage, and extraction alone by
difference. Processor time; per mail the best of the rounds, since a neighbour can only slow
a try; the result is the ratio of the sums, and the median of the ratios per mail.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any, Final
from unittest import mock

import mailparser

from cli.corpus_mail import render
from intake import read_mail as reading
from intake.extraction import Extraction, MailFields
from intake.read_mail import ReadOptions, read_mail

CORPUS: Final = Path(__file__).resolve().parent.parent / "classifier" / "corpus"
EVERY: Final = 8  # every eighth mail: about 300, long enough for a ratio and short enough for a round
OPTIONS: Final = ReadOptions(read_attachments=False)


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure `rounds` times and return one row with milliseconds per mail and the ratios."""
    mails = _corpus_mails()
    works = {"mail_parser": _mail_parser_s, "ours": _ours_s, "without_extraction": _without_extraction_s}
    best = {name: [float("inf")] * len(mails) for name in works}
    for _ in range(rounds + 1):  # the first round pays what is paid once
        for at, octets in enumerate(mails):
            for name, work in works.items():
                best[name][at] = min(best[name][at], work(octets))
    return [
        {
            "case": f"{len(mails)} corpus mails, {rounds} rounds, processor time",
            **{f"{name}_ms": round(sum(times) / len(mails) * 1e3, 3) for name, times in best.items()},
            "all_stages": _ratio(best["ours"], best["mail_parser"]),
            "all_stages_median": _median_ratio(best["ours"], best["mail_parser"]),
            "without_extraction": _ratio(best["without_extraction"], best["mail_parser"]),
            "extraction": round(
                _ratio(best["ours"], best["mail_parser"])
                - _ratio(best["without_extraction"], best["mail_parser"]),
                2,
            ),
        }
    ]


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
