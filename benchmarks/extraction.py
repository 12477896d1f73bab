"""Extraction beside mail-parser on the same mails, and the time of texts made to be slow.

First row: every fourth mail of the bundled training part is rendered as a raw mail. In every round small
groups of mails go in turn through `extract` (which gets what the reader cut from them), through `extract` of
the compiled copy, and through mail-parser (`parse_from_bytes`, then the fields a reader needs), so that a
busy machine slows all of them. Ratios are formed within a round; the median over the rounds is the result.
Processor time of the process that works.

Other rows: 200 kB of one thing repeated, the best of three, in milliseconds of processor time; the limit is
200 ms.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import mailparser

import intake.read_mail as reader
from benchmarks.compiled_copy import compiled_copy
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
    mails = _warmed_mails()
    with compiled_copy("extraction") as ask:
        sums = [_one_round(mails, ask) for _ in range(rounds)]
        hostile = [_hostile(name, ask) for name in HOSTILE]
    row: dict[str, Any] = {"case": f"{len(mails)} mails of the training part (synthetic)"}
    for name in sums[0]:
        row[f"{name}_us"] = round(statistics.median(found[name] for found in sums) / len(mails) * 1e6)
    for name in ("pure", "compiled"):
        ratios = [found[name] / found["mail_parser"] for found in sums if name in found]
        if ratios:
            row[f"{name}_ratio"] = round(statistics.median(ratios), 2)
            row[f"{name}_range"] = f"{min(ratios):.2f}-{max(ratios):.2f}"
    return [row, *hostile]


def answering() -> Callable[[str], float]:
    """Return what the compiled copy's process does: `hostile NAME`, or a group of mails by its first one."""
    mails = _warmed_mails()

    def answer(line: str) -> float:
        if line.startswith("hostile "):
            return _hostile_s(line.removeprefix("hostile "))[0]
        return _extracting_s(mails[int(line) : int(line) + GROUP])

    return answer


def _warmed_mails() -> list[tuple[bytes, Call]]:
    mails = _mails()
    for _, (fields, options) in mails:
        extract(fields, **options)  # word lists and expressions are compiled once
    return mails


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


def _one_round(mails: list[tuple[bytes, Call]], ask: Callable[[str], float] | None) -> dict[str, float]:
    """Return the seconds that each took for all mails."""
    sums = {"pure": 0.0, "compiled": 0.0, "mail_parser": 0.0}
    for first in range(0, len(mails), GROUP):
        group = mails[first : first + GROUP]
        sums["pure"] += _extracting_s(group)
        sums["compiled"] += ask(str(first)) if ask else 0.0
        sums["mail_parser"] += _parsing_s(group)
    return sums if ask else {name: taken for name, taken in sums.items() if name != "compiled"}


def _extracting_s(group: list[tuple[bytes, Call]]) -> float:
    start = time.process_time()
    for _, (fields, options) in group:
        extract(fields, **options)
    return time.process_time() - start


def _parsing_s(group: list[tuple[bytes, Call]]) -> float:
    start = time.process_time()
    for raw, _ in group:
        parsed = mailparser.parse_from_bytes(raw)
        _ = (parsed.subject, parsed.from_, parsed.to, parsed.date, parsed.text_plain, parsed.attachments)
    return time.process_time() - start


def _hostile(name: str, ask: Callable[[str], float] | None) -> dict[str, Any]:
    taken_s, found = _hostile_s(name)
    row = {"case": f"200 kB of {name}", "pure_best_ms": round(taken_s * 1e3)}
    if ask:
        row["compiled_best_ms"] = round(ask(f"hostile {name}") * 1e3)
    return row | {"found": found}


def _hostile_s(name: str) -> tuple[float, int]:
    """Return the seconds of the best try, and how many entities were found."""
    unit = HOSTILE[name]
    repeated = unit * (HOSTILE_BYTES // len(unit.encode()) + 1)
    fields = MailFields("", repeated.encode()[:HOSTILE_BYTES].decode(errors="ignore"), "", "")
    taken_s, found = [], 0
    for _ in range(3):
        start = time.process_time()
        found = len(extract(fields, mail_date=MAIL_DATE, language="zh", marketplace="unknown").entities)
        taken_s.append(time.process_time() - start)
    return min(taken_s), found
