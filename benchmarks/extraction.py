"""Extraction beside mail-parser on the same mails, and the time of texts made to be slow.

First row: every fourth mail of the bundled training part is rendered as a raw mail. In every round small
groups of mails go in turn through `extract` (which gets what the reader cut from them) and through
mail-parser (`parse_from_bytes`, then the fields a reader needs), so that a busy machine slows both. Ratios
are formed within a round; the median over the rounds is the result. Processor time of this process.

Other rows: 200 kB of one thing repeated, the best of three, in milliseconds of processor time; the limit is
200 ms.
"""

from __future__ import annotations

import json
import statistics
import time
from datetime import date
from pathlib import Path
from typing import Any

import mailparser

import intake.read_mail as reader
from cli.corpus_mail import render
from intake.extraction import Extraction, MailFields, extract
from intake.read_mail import ReadOptions, read_mail

CORPUS = Path(__file__).parents[1] / "classifier" / "corpus" / "train.jsonl"
MAIL_DATE = date(2026, 11, 16)
GROUP = 25
HOSTILE_BYTES = 200_000
HOSTILE = {
    "one-time codes": "код подтверждения 482913\n",
    "passwords": "пароль: Qwerty123! ",
    "API keys": "api-key 72753031-1820-4f99-9240-aab139f05ca5 ",
    "SKUs with their word": "SKU 160249683\n",
    "list of SKUs": "160249683, ",
    "one long run of digits": "1",
    "single digits": "1 ",
    "full dates": "18.11.2026 ",
    "days and months": "18.11 ",
    "dates in words": "5 октября ",
    "Chinese months": "1月",
    "amounts": "1 260 руб. ",
    "telephone numbers": "+7 916 442-70-15, ",
    "e-mail addresses": "a.b@example.com ",
    "product links": "https://www.ozon.ru/product/lampa-1698203357/ ",
    "JSON": '{"code":"A_B","message":"x y z"},',
    "Chinese words glued to numbers": "货号160249683缺货",
    "UUIDs": "72753031-1820-4f99-9240-aab139f05ca5 ",
    "posting numbers": "0124861120-0199-1 ",
    "error codes": "error 500 ",
    "tables": "a;b;c\n1;2;3\n",
    "words joined by dashes": "a-",
    "UPPER_SNAKE names": "A_B ",
}
Call = tuple[MailFields, dict[str, Any]]


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure `rounds` times; the first row is the comparison, the others are the slow texts."""
    mails = _mails()
    for _, (fields, options) in mails:
        extract(fields, **options)  # word lists and expressions are compiled once
    ours, theirs = [], []
    for _ in range(rounds):
        extracting, parsing = _one_round(mails)
        ours.append(extracting / len(mails) * 1e6)
        theirs.append(parsing / len(mails) * 1e6)
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    row = {
        "case": f"{len(mails)} mails of the training part (synthetic)",
        "extraction_us": round(statistics.median(ours)),
        "mail_parser_us": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": f"{min(ratios):.2f}-{max(ratios):.2f}",
    }
    return [row, *(_hostile(name, unit) for name, unit in HOSTILE.items())]


def _mails() -> list[tuple[bytes, Call]]:
    """Return raw mails with what the reader hands to `extract`."""
    calls: list[Call] = []

    def note(fields: MailFields, **options: Any) -> Extraction:
        calls.append((fields, options))
        return extract(fields, **options)

    raws = [render(json.loads(line)) for line in CORPUS.read_text(encoding="utf-8").splitlines()[::4]]
    reader.extract = note  # type: ignore[attr-defined] # listens to one call of the reader
    try:
        for raw in raws:
            read_mail(raw, None, ReadOptions())
    finally:
        reader.extract = extract  # type: ignore[attr-defined] # and gives it back
    return list(zip(raws, calls, strict=True))


def _one_round(mails: list[tuple[bytes, Call]]) -> tuple[float, float]:
    extracting = parsing = 0.0
    for first in range(0, len(mails), GROUP):
        group = mails[first : first + GROUP]
        start = time.process_time()
        for _, (fields, options) in group:
            extract(fields, **options)
        middle = time.process_time()
        for raw, _ in group:
            parsed = mailparser.parse_from_bytes(raw)
            _ = (parsed.subject, parsed.from_, parsed.to, parsed.date, parsed.text_plain, parsed.attachments)
        parsing += time.process_time() - middle
        extracting += middle - start
    return extracting, parsing


def _hostile(name: str, unit: str) -> dict[str, Any]:
    repeated = unit * (HOSTILE_BYTES // len(unit.encode()) + 1)
    fields = MailFields("", repeated.encode()[:HOSTILE_BYTES].decode(errors="ignore"), "", "")
    taken_ms, found = [], 0
    for _ in range(3):
        start = time.process_time()
        found = len(extract(fields, mail_date=MAIL_DATE, language="zh", marketplace="unknown").entities)
        taken_ms.append((time.process_time() - start) * 1e3)
    return {"case": f"200 kB of {name}", "best_ms": round(min(taken_ms)), "found": found}
