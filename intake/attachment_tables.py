"""Tables in attachments as text: one row per line, cells apart by a tab, the header first.

Octets and type of an attachment go in, a `Table` comes out. Spreadsheets are checked for
bombs here and read in a child process; csv, tsv and the like are read by
`intake.delimited_tables`. The header need not be the first row, and may be two rows of
which the upper one has merged cells: lines above it are put at the very end as one line, so
that whoever reads the columns finds their names in the first line. Sheets are apart by an
empty line, those with known columns first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intake.charset import decode_text
from intake.delimited_tables import Sheet, read_delimited
from intake.extraction.normalise import fold, lower
from intake.extraction.tables import column_roles
from intake.file_types import ODS, XLS, XLSB, XLSX
from intake.html_text import html_to_text
from intake.reader_process import ReadingBudget, read_in_child
from intake.spreadsheet_reader import MAX_ROWS, MAX_SHEETS
from intake.unreadable import UnreadableFileError
from intake.zip_archives import is_bomb, open_zip

SPREADSHEETS: Final = frozenset({XLSX, XLS, XLSB, ODS})
DELIMITED: Final = frozenset({"text/csv", "text/tab-separated-values", "application/csv"})
MAX_TABLE_BYTES: Final = 15_000_000
MAX_TEXT_CHARS: Final = 200_000
_MAX_INFLATED_BYTES: Final = 120_000_000
_MAX_TITLE_ROWS: Final = 15
_LONG_NUMBER: Final = re.compile(r"^\W*\d[\d\s.,-]{3,}$")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_SCIENTIFIC: Final = re.compile(r"(\d)(?:[.,](\d{1,16}))?[eE]\+?(\d{1,2})")
_FULL_MANTISSA: Final = 7
_LONG_EXPONENT: Final = 8  # numbers of goods and orders have nine digits and more


@dataclass(frozen=True, slots=True)
class Table:
    """Text of a table and its number of rows under the header; `warning` is "" when all was read."""

    text: str = ""
    row_count: int | None = None
    warning: str = ""


def read_table(
    octets: bytes, content_type: str, budget: ReadingBudget | None = None, charset: str = ""
) -> Table:
    """Read a table; one that cannot be read gives a warning and no text. Never raises."""
    if len(octets) > MAX_TABLE_BYTES:
        return Table(warning=f"the table is larger than {MAX_TABLE_BYTES // 1_000_000} MB and was not read")
    try:
        if content_type in SPREADSHEETS:
            sheets, more_sheets = _spreadsheet(octets, budget or ReadingBudget())
        elif content_type == "text/html":
            sheets, more_sheets = [_from_html(octets, charset)], 0
        else:
            sheets, more_sheets = [read_delimited(octets, charset)], 0
    except UnreadableFileError as error:
        return Table(warning=str(error))
    return _as_text(sheets, more_sheets)


def looks_delimited(text: str) -> bool:
    """Tell whether a text file holds a table: its first lines have one separator equally often."""
    lines = [line for line in text[:4_000].split("\n")[:12] if line.strip()]
    if len(lines) < 3:
        return False
    for separator in "\t;|":
        counts = [line.count(separator) for line in lines[:-1]]
        if min(counts) > 0 and max(counts) == min(counts):
            return True
    return False


def _spreadsheet(octets: bytes, budget: ReadingBudget) -> tuple[list[Sheet], int]:
    _refuse_bomb(octets)
    found = read_in_child("spreadsheet", octets, budget).found
    sheets = [Sheet(rows, more_rows) for rows, more_rows in found["sheets"]]
    return sheets, int(found["more_sheets"])


def _from_html(octets: bytes, charset: str) -> Sheet:
    """Read the web page that many programs save under the name of a spreadsheet."""
    text = html_to_text(decode_text(octets[: MAX_TEXT_CHARS * 8], charset).text).text
    rows = [[cell.strip() for cell in line.split("\t")] for line in text.split("\n")]
    return Sheet(rows[:MAX_ROWS], max(0, len(rows) - MAX_ROWS))


def _refuse_bomb(octets: bytes) -> None:
    """Compare the sizes that the zip directory promises, before anything is inflated."""
    if not octets.startswith(b"PK"):
        return
    with open_zip(octets) as archive:
        entries = archive.infolist()
    inflated = sum(entry.file_size for entry in entries)
    if inflated > _MAX_INFLATED_BYTES:
        raise UnreadableFileError(f"the table inflates to {inflated // 1_000_000} MB and was not read")
    if any(map(is_bomb, entries)):
        raise UnreadableFileError("the table is packed like a zip bomb and was not read")


def _as_text(sheets: list[Sheet], more_sheets: int) -> Table:
    blocks: list[tuple[int, str]] = []
    above: list[str] = []
    count = 0
    cut = shortened = False
    for sheet in sheets:
        head, body, titles = _laid_out([row for row in sheet.rows if any(row)])
        count += len(body) + sheet.more_rows
        cut = cut or sheet.more_rows > 0
        rows = [[_whole_number(cell) for cell in row] for row in body]
        shortened = shortened or any(map(_is_shortened, (cell for row in rows for cell in row)))
        lines = ["\t".join(row).rstrip("\t") for row in ([head] if head else []) + rows]
        above += [" ".join(filter(None, row)) for row in titles]
        blocks.append((-_typed_columns(head), "\n".join(lines)))
    blocks.sort(key=lambda block: block[0])
    text = "\n\n".join(filter(None, (*(block for _, block in blocks), " · ".join(above))))
    if len(text) > MAX_TEXT_CHARS:
        text, cut = text[:MAX_TEXT_CHARS].rpartition("\n")[0], True
    warnings = [
        f"only the first of its {count} rows were read" if cut else "",
        f"only its first {MAX_SHEETS} sheets were read" if more_sheets else "",
        "the program that saved it shortened long numbers (like 4.6E+12), ask for them as text"
        if shortened
        else "",
    ]
    return Table(text, count, "; ".join(filter(None, warnings)))


def _laid_out(rows: list[list[str]]) -> tuple[list[str], list[list[str]], list[list[str]]]:
    """Header, rows under it, and the lines above it; the header is empty when no row looks like one."""
    start = _after_titles(rows)
    candidates = rows[start : start + _MAX_TITLE_ROWS]
    typed = [_typed_columns(row) if is_header(row) else 0 for row in candidates]
    best = max(typed, default=0)
    at = start + (typed.index(best) if best else 0)
    if at >= len(rows) or not is_header(rows[at]):
        return [], rows[start:], rows[:start]
    head, first_row, first_title = rows[at], at + 1, at
    if at > 0 and _spans(rows[at - 1], head):
        head, first_title = _stacked(rows[at - 1], head), at - 1
    elif first_row < len(rows) and _spans(head, rows[first_row]):
        head, first_row = _stacked(head, rows[first_row]), first_row + 1
    return head, rows[first_row:], rows[:first_title]


def _after_titles(rows: list[list[str]]) -> int:
    """Count the lines above the table: one filled cell each, in a table of several columns."""
    widest = max((sum(bool(cell) for cell in row) for row in rows[:50]), default=0)
    start = 0
    while widest > 1 and start < min(_MAX_TITLE_ROWS, len(rows) - 1) and sum(map(bool, rows[start])) == 1:
        start += 1
    return start


def _spans(upper: list[str], below: list[str]) -> bool:
    """Tell an upper header with merged cells: it has gaps, and the words below fill all of them."""
    if sum(map(bool, upper)) < 2 or not is_header(upper) or not is_header(below):
        return False
    if any(sign.isdigit() for cell in below for sign in cell):
        return False
    gaps = [place for place, cell in enumerate(below) if cell and not (upper[place : place + 1] or [""])[0]]
    return bool(gaps) and gaps[0] > 0


def _stacked(upper: list[str], below: list[str]) -> list[str]:
    """Join two header rows; a merged cell stands for the columns up to the next one."""
    head: list[str] = []
    over = ""
    for place in range(max(len(upper), len(below))):
        own = upper[place] if place < len(upper) else ""
        over = own or over
        under = below[place] if place < len(below) else ""
        head.append(f"{over} {under}".strip() if under else own)
    return head


def is_header(row: list[str]) -> bool:
    """Tell column names from data: words, and no long numbers."""
    filled = [cell for cell in row if cell]
    return any(map(_LETTERS.search, filled)) and not any(map(_LONG_NUMBER.match, filled))


def _typed_columns(head: list[str]) -> int:
    """Count the columns whose name says which identifier stands in them."""
    return sum(bool(cell) and bool(column_roles(lower(fold(cell[:60])))) for cell in head)


def _whole_number(cell: str) -> str:
    """Write out 4.60702312345E+12 when no digit of it is lost."""
    found = _SCIENTIFIC.fullmatch(cell)
    if not found:
        return cell
    digits, exponent = found[2] or "", int(found[3])
    if exponent < _LONG_EXPONENT or not min(exponent, _FULL_MANTISSA) <= len(digits) <= exponent:
        return cell  # spreadsheet programs show five digits, printf six: the others were lost
    return f"{found[1]}{digits.ljust(exponent, '0')}"


def _is_shortened(cell: str) -> bool:
    found = _SCIENTIFIC.fullmatch(cell)
    return found is not None and int(found[3]) >= _LONG_EXPONENT
