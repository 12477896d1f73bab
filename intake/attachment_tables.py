"""Tables in attachments as text: one row per line, cells apart by a tab, the header first.

Octets and type of an attachment go in, a `Table` comes out. Spreadsheets are checked for
bombs here and read in a child process (`intake.table_process`); csv, tsv and the like are
read here, in any charset and with any of the usual separators. Titles above the header are
put below the rows, so that whoever reads the columns finds their names in the first line.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from typing import Final

from intake.charset import decode_text
from intake.file_types import ODS, XLS, XLSB, XLSX
from intake.table_process import MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS, Sheet, TableError, read_spreadsheet

SPREADSHEETS: Final = frozenset({XLSX, XLS, XLSB, ODS})
DELIMITED: Final = frozenset({"text/csv", "text/tab-separated-values", "application/csv"})
MAX_TABLE_BYTES: Final = 15_000_000
MAX_TEXT_CHARS: Final = 200_000
_MAX_INFLATED_BYTES: Final = 120_000_000
_MAX_RATIO: Final = 150  # honest sheets inflate 5 to 30 times
_MIN_BOMB_BYTES: Final = 5_000_000  # small parts compress to anything
_SEPARATORS: Final = "\t;,|"
_LONG_NUMBER: Final = re.compile(r"^\W*\d[\d\s.,-]{3,}$")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Table:
    """Text of a table and its number of rows under the header; `warning` is "" when all was read."""

    text: str = ""
    row_count: int | None = None
    warning: str = ""


def read_table(octets: bytes, content_type: str) -> Table:
    """Read a table; one that cannot be read gives a warning and no text. Never raises."""
    if len(octets) > MAX_TABLE_BYTES:
        return Table(warning=f"the table is larger than {MAX_TABLE_BYTES // 1_000_000} MB and was not read")
    try:
        if content_type in SPREADSHEETS:
            _refuse_bomb(octets)
            sheets = read_spreadsheet(octets)
        else:
            sheets = [_delimited(octets)]
    except TableError as error:
        return Table(warning=str(error))
    return _as_text(sheets)


def looks_delimited(text: str) -> bool:
    """Tell whether a text file holds a table: its first lines have one separator equally often."""
    lines = [line for line in text[:4_000].split("\n")[:12] if line.strip()]
    if len(lines) < 3:
        return False
    for separator in "\t;":
        counts = [line.count(separator) for line in lines[:-1]]
        if min(counts) > 0 and max(counts) == min(counts):
            return True
    return False


def _refuse_bomb(octets: bytes) -> None:
    """Compare the sizes that the zip directory promises, before anything is inflated."""
    if not octets.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise TableError("the table is broken: its archive cannot be read") from error
    inflated = sum(entry.file_size for entry in entries)
    if inflated > _MAX_INFLATED_BYTES or len(entries) > 2_000:
        raise TableError(f"the table inflates to {inflated // 1_000_000} MB and was not read")
    for entry in entries:
        if entry.file_size > _MIN_BOMB_BYTES and entry.file_size > _MAX_RATIO * max(1, entry.compress_size):
            raise TableError("the table is packed like a zip bomb and was not read")


def _delimited(octets: bytes) -> Sheet:
    text = decode_text(octets).text.replace("\x00", "")
    sample = "\n".join(text[:20_000].split("\n")[:20])
    first_line = sample.split("\n", 1)[0].strip().lower()
    if first_line.startswith("sep=") and len(first_line) == 5:
        separator, text = first_line[4], text.split("\n", 1)[-1]
    else:
        separator = max(_SEPARATORS, key=lambda mark: _evenness(sample, mark))
    rows: list[list[str]] = []
    try:
        rows.extend(
            [" ".join(cell.split())[:MAX_CELL_CHARS] for cell in row[:MAX_COLUMNS]]
            for row in csv.reader(io.StringIO(text), delimiter=separator)
        )
    except csv.Error:
        rows = [line.split(separator)[:MAX_COLUMNS] for line in text.split("\n")]
    return Sheet(rows, 0)


def _evenness(sample: str, mark: str) -> float:
    """Rate a separator: the number of lines that have it as often as the first line."""
    lines = [line for line in sample.split("\n") if line.strip()]
    if not lines or not lines[0].count(mark):
        return 0.0
    expected = lines[0].count(mark)
    return sum(line.count(mark) == expected for line in lines) / len(lines) + expected / 1_000


def _as_text(sheets: list[Sheet]) -> Table:
    pieces: list[str] = []
    count = 0
    cut = False
    for sheet in sheets:
        titles, body = _without_titles([row for row in sheet.rows if any(row)])
        count += len(body) + sheet.more_rows - (1 if body and _is_header(body[0]) else 0)
        lines = ["\t".join(row).rstrip("\t") for row in (*body[:MAX_ROWS], *titles)]
        pieces.append("\n".join(lines))
        cut = cut or len(body) > MAX_ROWS or sheet.more_rows > 0
    text = "\n\n".join(filter(None, pieces))
    if len(text) > MAX_TEXT_CHARS:
        text, cut = text[:MAX_TEXT_CHARS].rpartition("\n")[0], True
    return Table(text, count, f"only the first of its {count} rows were read" if cut else "")


def _without_titles(rows: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """Split off the lines above the header: one filled cell each, in a table of several columns."""
    widest = max((sum(map(bool, row)) for row in rows[:50]), default=0)
    start = 0
    while widest > 1 and start < min(8, len(rows) - 1) and sum(map(bool, rows[start])) == 1:
        start += 1
    return rows[:start], rows[start:]


def _is_header(row: list[str]) -> bool:
    """Tell column names from data: words, and no long numbers."""
    filled = [cell for cell in row if cell]
    return any(map(_LETTERS.search, filled)) and not any(map(_LONG_NUMBER.match, filled))
