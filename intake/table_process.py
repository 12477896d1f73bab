"""Read a spreadsheet in a child process that cannot hurt its parent.

Octets of an xlsx, xls, xlsb or ods file go in, the rows of its sheets come out as text. The
parser (calamine) was measured to abort the whole process on a tiny crafted file (cells A1
and XFD1048576), so it never runs in the worker: the parent starts `python -m
intake.table_process`, writes the file to its stdin and reads one JSON object from its
stdout. The child limits its own memory, processor time and files before it touches a byte;
the parent limits the wall time. Everything a file can do wrong ends as `TableError`.
"""

from __future__ import annotations

import io
import json
import re
import resource
import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

MAX_ROWS: Final = 5_000  # kept per sheet; all rows are counted
MAX_COLUMNS: Final = 60
MAX_CELL_CHARS: Final = 200
MAX_SHEETS: Final = 10
MAX_CELLS: Final = 4_000_000  # of the rectangle that the parser would allocate
_MEMORY_BYTES: Final = 768 * 1024 * 1024
_CPU_S: Final = 6
_WALL_S: Final = 10.0
_CELL: Final = re.compile(rb'<(?:\w+:)?c\b[^>]{0,80}?\br="([A-Z]{1,3})(\d{1,7})"')


class TableError(ValueError):
    """The spreadsheet cannot be read; the message says why and is shown to the operator."""


class Sheet(NamedTuple):
    """The first rows of a sheet as text cells, and how many filled rows came after them."""

    rows: list[list[str]]
    more_rows: int


def read_spreadsheet(octets: bytes, *, wall_s: float = _WALL_S) -> list[Sheet]:
    """Rows of each sheet, read in a limited child process.

    Raises TableError when the file is broken, encrypted, too large, or too slow to read.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-m", "intake.table_process"],
            input=octets,
            capture_output=True,
            timeout=wall_s,
            cwd=Path(__file__).resolve().parent.parent,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TableError(f"reading the table took more than {wall_s:.0f} s") from error
    except OSError as error:
        raise TableError(f"the table reader could not be started: {error.strerror}") from error
    try:
        answer = json.loads(child.stdout)
    except ValueError as error:
        raise TableError(
            "the table needs more memory or time than is allowed, or the file is broken"
        ) from error
    if "error" in answer:
        raise TableError(str(answer["error"]))
    return [Sheet(rows, more_rows) for rows, more_rows in answer["sheets"]]


def main() -> None:
    """Run as the child: limit this process, read the file from stdin, print one JSON object."""
    limits = (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, value in limits:
        resource.setrlimit(limit, (value, value))
    try:
        answer: dict[str, Any] = {"sheets": _read(sys.stdin.buffer.read())}
    except MemoryError:
        answer = {"error": "the table needs more memory than is allowed"}
    except Exception as error:  # noqa: BLE001 - the process edge: calamine raises its own kinds, and any ends here
        answer = {"error": _reason(error)}
    sys.stdout.write(json.dumps(answer))


def _reason(error: Exception) -> str:
    text = str(error)
    if "assword" in text or "ncrypt" in text:
        return "the table is encrypted"
    return text[:200] if isinstance(error, TableError) else f"the table is broken ({type(error).__name__})"


def _read(octets: bytes) -> list[Sheet]:
    from python_calamine import CalamineWorkbook

    _check_extent(octets)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(octets))
    sheets = []
    for name in workbook.sheet_names[:MAX_SHEETS]:
        sheet = workbook.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=True)
        cells = [[_text(cell) for cell in row[:MAX_COLUMNS]] for row in rows[:MAX_ROWS]]
        sheets.append(Sheet(cells, sum(any(cell != "" for cell in row) for row in rows[MAX_ROWS:])))
    return sheets


def _check_extent(octets: bytes) -> None:
    """Refuse a sheet whose used rectangle is out of proportion: the parser allocates all of it."""
    if not octets.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        for entry in archive.infolist():
            if not entry.filename.startswith("xl/worksheets/"):
                continue
            columns = rows = 0
            for column, row in _CELL.findall(archive.read(entry)):
                columns, rows = max(columns, _column_number(column)), max(rows, int(row))
            if columns * rows > MAX_CELLS:
                raise TableError(f"the sheet claims {rows} rows and {columns} columns; delete its far cells")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _text(cell: object) -> str:
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


if __name__ == "__main__":
    main()
