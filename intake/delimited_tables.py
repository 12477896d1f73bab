"""Tables as text (csv, tsv and what calls itself so) to rows of cells.

Octets go in, rows come out: any charset, any of the usual separators, quoted cells with line
breaks, the `sep=` line and the `="00123"` cells of spreadsheet programs. Nothing is
evaluated. Only the first megabytes are read, of the rest the lines are counted.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import Final, NamedTuple

from intake.charset import decode_text
from intake.spreadsheet_reader import MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS

MAX_READ_BYTES: Final = 600_000  # 5,000 rows of 120 octets; six times what is kept as text
_SEPARATORS: Final = "\t;,|"
_SAMPLE_LINES: Final = 20
_MAX_CELL_LINES: Final = 40  # a quote that is never closed swallows everything after it
_QUOTED_FORMULA: Final = re.compile(r'=\s?"([^"]*)"')
_RULE: Final = re.compile(r"[\s|:+=-]*")
_BOMS_16: Final = (b"\xff\xfe", b"\xfe\xff")


class Sheet(NamedTuple):
    """The first rows of a sheet as text cells, and how many filled rows came after them."""

    rows: list[list[str]]
    more_rows: int


def read_delimited(octets: bytes, charset: str = "") -> Sheet:
    """Rows of a table in text form; any octets give some. `charset` is the label of the mail."""
    head, more_rows = _first_lines(octets)
    text = decode_text(head, charset).text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    sample = [line for line in text[:20_000].split("\n")[:_SAMPLE_LINES] if line.strip()]
    first = sample[0].strip().lower() if sample else ""
    if first.startswith("sep=") and len(first) == 5:
        separator, text = first[4], text.split("\n", 1)[-1]
    else:
        separator = max(_SEPARATORS, key=lambda mark: _evenness(sample, mark))
    rows, surplus = _rows(text, separator)
    if separator == "|":
        rows = [_without_borders(row) for row in rows if not _RULE.fullmatch("|".join(row))]
    return Sheet(rows, more_rows + surplus)


def _first_lines(octets: bytes) -> tuple[bytes, int]:
    """Cut a large file at the end of a line; with it comes the number of lines left out."""
    if len(octets) <= MAX_READ_BYTES:
        return octets, 0
    line_end = b"\n\x00" if octets.startswith(_BOMS_16[0]) else b"\x00\n" if octets[:2] in _BOMS_16 else b"\n"
    cut = octets.rfind(line_end, 0, MAX_READ_BYTES) + len(line_end)
    if cut < len(line_end):
        return octets[:MAX_READ_BYTES], 0
    return octets[:cut], octets.count(line_end, cut) + (not octets.endswith(line_end))


def _rows(text: str, separator: str) -> tuple[list[list[str]], int]:
    """Rows of cells and the number of filled rows past the cap."""
    try:
        return _bounded(csv.reader(io.StringIO(text, newline=""), delimiter=separator), quoted=True)
    except csv.Error:
        lines = (line.split(separator) for line in text.split("\n"))
        return _bounded(lines, quoted=False)


def _bounded(reader: object, *, quoted: bool) -> tuple[list[list[str]], int]:
    rows: list[list[str]] = []
    surplus = 0
    for row in reader:  # type: ignore[attr-defined]  # csv's reader has no public type to name here
        if quoted and any(cell.count("\n") > _MAX_CELL_LINES for cell in row):
            raise csv.Error("a quote is never closed")
        if len(rows) < MAX_ROWS:
            rows.append([_cell(cell) for cell in row[:MAX_COLUMNS]])
        elif any(row):
            surplus += 1
    return rows, surplus


def _cell(written: str) -> str:
    text = " ".join(written.split())[:MAX_CELL_CHARS]
    unwrapped = _QUOTED_FORMULA.fullmatch(text)
    return unwrapped[1] if unwrapped else text


def _evenness(lines: list[str], mark: str) -> float:
    """Rate a separator: the share of lines that have it as often as most lines do."""
    counts = Counter(line.count(mark) for line in lines if mark in line)
    if not counts:
        return 0.0
    count, agreeing = counts.most_common(1)[0]
    return agreeing / len(lines) + min(count, 100) / 1_000


def _without_borders(row: list[str]) -> list[str]:
    """Take the frame off a row like `| a | b |`."""
    start = 1 if row and not row[0] else 0
    end = len(row) - 1 if len(row) > 1 and not row[-1] else len(row)
    return row[start:end]
