"""Forms with more fields than a signature can name: the whole form, and one field of it as bounded text."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData

MOST_CHARS: Final = 20_000


async def given_form(request: Request) -> FormData:
    """Return the form of a request; the gate has read it already."""
    return await request.form()


GivenForm = Annotated[FormData, Depends(given_form)]


def field(form: FormData, name: str) -> str:
    """Return a field without the spaces around it, "" for none and for a file."""
    value = form.get(name, "")
    return value.strip()[:MOST_CHARS] if isinstance(value, str) else ""
