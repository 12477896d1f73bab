"""Numbers of rows as addresses and forms carry them: whole, and no larger than a database can hold."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path, Query

LARGEST: Final = 2**53 - 1  # larger numbers are refused before a database is asked
RowNumber = Annotated[int, Path(ge=0, le=LARGEST)]
AfterNumber = Annotated[int, Query(ge=0, le=LARGEST)]
Before = Annotated[int | None, Query(ge=0, le=LARGEST)]
