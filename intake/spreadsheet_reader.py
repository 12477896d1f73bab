"""Read a spreadsheet: octets of an xlsx, xls, xlsb or ods file to rows of text cells.

Runs in the limited child process (`intake.reader_child`). Formulas are never evaluated: the
value that the writer's program stored beside a formula is taken. The parser allocates the
whole used rectangle of a sheet (tafia/calamine#693), so a sheet whose cells claim too large
a rectangle is refused before it is parsed.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from intake.unreadable import UnreadableFileError

MAX_ROWS: Final = 5_000  # kept per sheet; all rows are counted
MAX_COLUMNS: Final = 60
MAX_CELL_CHARS: Final = 200
MAX_SHEETS: Final = 10
MAX_CELLS: Final = 4_000_000  # of the rectangle that the parser would allocate
MAX_KEPT_CHARS: Final = 1_500_000  # of all sheets together
_CELL: Final = re.compile(rb"""<(?:\w+:)?c\b[^>]{0,80}?\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_REPEATED: Final = re.compile(rb"number-(rows|columns)-repeated=[\"'](\d{1,9})[\"']")


def read(octets: bytes) -> dict[str, Any]:
    """Rows of each sheet: `{"sheets": [[rows, more_rows], ...]}`.

    `more_rows` counts the filled rows that were not kept. Raises UnreadableFileError on a sheet
    that claims too much, and whatever the parser raises.
    """
    from python_calamine import CalamineWorkbook

    _check_extent(octets)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(octets))
    sheets = []
    kept_chars = 0
    for name in workbook.sheet_names[:MAX_SHEETS]:
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=True)
        kept: list[list[str]] = []
        for row in rows[:MAX_ROWS]:
            if kept_chars > MAX_KEPT_CHARS:
                break
            cells = [shown(cell) for cell in row[:MAX_COLUMNS]]
            kept_chars += sum(map(len, cells))
            kept.append(cells)
        more_rows = sum(any(cell != "" for cell in row) for row in rows[len(kept) :])
        sheets.append([kept, more_rows])
    return {"sheets": sheets, "more_sheets": max(0, len(workbook.sheet_names) - MAX_SHEETS)}


def _check_extent(octets: bytes) -> None:
    """Refuse a sheet whose used rectangle is out of proportion: the parser allocates all of it."""
    if not octets.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        for entry in archive.infolist():
            if entry.filename.startswith("xl/worksheets/"):
                columns = rows = 0
                for column, row in _CELL.findall(archive.read(entry)):
                    columns, rows = max(columns, _column_number(column)), max(rows, int(row))
                _refuse_rectangle(rows, columns)
            elif entry.filename == "content.xml":  # OpenDocument: a repeated filled cell costs no octet
                repeats = {b"rows": 0, b"columns": 0}
                for axis, count in _REPEATED.findall(archive.read(entry)):
                    repeats[axis] = max(repeats[axis], int(count))
                if repeats[b"columns"] > 16_384 or repeats[b"rows"] > 1_048_576:
                    _refuse_rectangle(repeats[b"rows"], repeats[b"columns"])


def _refuse_rectangle(rows: int, columns: int) -> None:
    if columns * rows > MAX_CELLS:
        raise UnreadableFileError(f"the sheet claims {rows} rows and {columns} columns; delete its far cells")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def shown(cell: object) -> str:
    """Show a cell as a person sees it: numbers of articles without `.0`, dates without midnight."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e17 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return " ".join(str(cell).split())[:MAX_CELL_CHARS]
