"""Attachments that are tables: the header types the cells below it.

In goes the text of one attachment as TSV, header row first; out come claims for the cells of columns whose
header names an identifier (SKU, артикул, nmID, 货号, баркод, номер заказа, ...). Sentences are not looked
for in a table: quantities and prices there are no facts of the mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from intake.extraction.candidates import Candidate, match_shape
from intake.extraction.compete import MAX_PER_ATTACHMENT, Claim
from intake.extraction.pasted_tables import roles_of_head
from intake.extraction.regions import Region
from intake.extraction.shapes import fits

MAX_COLUMNS: Final = 60
_SCORE: Final = 8.0
_MAX_CODE: Final = 50
_CODE_ROLES: Final = ("article", "document_number", "marking_code", "feedback_id", "tracking_number")


def header_roles(region: Region, start: int = 0) -> list[list[tuple[str, float]]] | None:
    """Return per column what its head says of the cells; None when no column is typed.

    The header is the line at `start`: a table may have several sheets, apart by an empty line.
    """
    newline = region.text.find("\n", start)
    columns = region.text[start:newline].split("\t")
    if newline < 0 or len(columns) > MAX_COLUMNS:
        return None
    head = region.lower[start:newline]
    offset, roles = 0, []
    for column in columns:
        roles.append(column_roles(head[offset : offset + len(column)]))
        offset += len(column) + 1
    return roles if any(roles) else None


def column_roles(head: str) -> list[tuple[str, float]]:
    """Return (role, weight) of what a folded, lower-case column head says of its cells; empty for nothing."""
    found = roles_of_head(head)
    if found.get("none", 0.0) >= max(found.values(), default=0.0):
        return []
    return [(role, weight) for role, weight in found.items() if role != "none" and weight > 1.5]


def _cell_claim(region: Region, start: int, end: int, roles: list[tuple[str, float]]) -> Claim | None:
    written = region.folded[start:end]
    if written.endswith(".0") and written[:-2].isdigit():  # a spreadsheet's float
        end -= 2
        written = written[:-2]
    shaped = match_shape(region, start, end)
    role = _best_role(shaped, roles) if shaped is not None else ""
    if not role and len(written) <= _MAX_CODE:
        role = next((meant for meant, _ in roles if meant.startswith(_CODE_ROLES)), "")
    if not role:
        return None
    head, _, subtype = role.partition(".")
    value = shaped.value if shaped is not None else "".join(written.split())
    return Claim(
        region=region,
        start=start,
        end=end,
        type=head,
        value=value,
        score=_SCORE,
        subtype=subtype,
        reasons=("table column",),
    )


def _best_role(candidate: Candidate, roles: list[tuple[str, float]]) -> str:
    best, score = "", 0.0
    for role, prior in candidate.shape.roles.items():
        said = max((weight for meant, weight in roles if fits(role, meant)), default=0.0)
        if said and prior + said > score:
            best, score = role, prior + said
    return best


def table_claims(region: Region, roles: list[list[tuple[str, float]]]) -> Iterator[Claim]:
    """Yield up to 200 claims for the cells below typed heads."""
    given = 0
    offset = region.text.find("\n") + 1
    while 0 < offset < len(region.text) and given < MAX_PER_ATTACHMENT:
        newline = region.text.find("\n", offset)
        end_of_row = newline if newline >= 0 else len(region.text)
        if end_of_row == offset:  # the next sheet has a header of its own
            roles = header_roles(region, offset + 1) or []
            offset = region.text.find("\n", offset + 1) + 1
            continue
        for cell_roles, (start, end) in zip(roles, _cells(region.text, offset, end_of_row), strict=False):
            claim = _cell_claim(region, start, end, cell_roles) if cell_roles and start < end else None
            if claim is not None and given < MAX_PER_ATTACHMENT:
                given += 1
                yield claim
        offset = end_of_row + 1


def _cells(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span of every cell of a row without the blanks around it."""
    while start <= end:
        tab = text.find("\t", start, end)
        stop = tab if tab >= 0 else end
        cell = text[start:stop]
        lead = len(cell) - len(cell.lstrip())
        yield start + lead, start + max(lead, len(cell.rstrip()))
        start = stop + 1
