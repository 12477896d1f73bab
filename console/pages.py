"""Rendering: Jinja templates with the reader's words, moments and rights."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from console.context import (
    Visitor,
    console_of,
    moments_for,
    topic_words,
    visitor_of,
    words_for,
)
from console.masking import masked
from console.refusal_words import refusal, stored_words
from console.wording import INTERFACE_LANGUAGES, LANGUAGE_NAMES
from models.topics import TOPIC_NAMES

TOAST_PARAMETER: Final = "said"
_SAID_NAMES: Final = frozenset({TOAST_PARAMETER, "undo", "n", "number"})
_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["masked"] = masked
_ENVIRONMENT.filters["told"] = refusal
_ENVIRONMENT.filters["stored"] = stored_words


@cache
def static_address(name: str) -> str:
    """Return the address of a static file; it changes with its content, so browsers may keep it for ever."""
    content = resources.files("console").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def render(
    request: Request, template: str, *, page: str = "", status_code: int = 200, **values: Any
) -> HTMLResponse:
    """Fill a template in; `page` names the entry of the rail that is lit."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    words, moments = words_for(request), moments_for(request)
    if values.get("fault"):
        values["fault"] = refusal(values["fault"], words.language)
    text = _ENVIRONMENT.get_template(template).render(
        request=request,
        visitor=visitor,
        t=words,
        when=moments,
        counts=_LateCounts(request, moments.now_utc),
        page=page,
        static=static_address,
        topic=topic_words(request),
        topics=tuple(TOPIC_NAMES),
        languages=[(code, LANGUAGE_NAMES[code]) for code in INTERFACE_LANGUAGES],
        said=_said(request),
        here=lambda: here(request),
        **values,
    )
    return HTMLResponse(text, status_code=status_code)


class _LateCounts:
    """The counts of the rail, asked for when a template names the first: pieces of pages name none."""

    def __init__(self, request: Request, now_utc: datetime) -> None:
        self._request, self._now_utc = request, now_utc

    def __getattr__(self, name: str) -> Any:
        console = console_of(self._request)
        counts = console.counts.of(console.store, visitor_of(self._request).login, self._now_utc)
        vars(self).update((field.name, getattr(counts, field.name)) for field in fields(counts))
        return getattr(counts, name)


def back_to(address: str, said: str = "", **values: str | int) -> Response:
    """Answer a form: go to a page of ours and say there what happened (key of section `said`)."""
    if said:
        gap = "&" if "?" in address else "?"
        address += gap + urlencode({TOAST_PARAMETER: said, **values})
    return RedirectResponse(address, status_code=303)


def own_path(address: str, fallback: str = "/") -> str:
    """Return an address if it is a path of ours, else the fallback: no redirect leaves the console."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address
    return address if is_ours and address.isprintable() and len(address) < 1000 else fallback


def here(request: Request) -> str:
    """Return the address of this page without what the last act said."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in _SAID_NAMES]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


def _said(request: Request) -> tuple[str, dict[str, str]] | None:
    """Return what the last act left to say: a key and its values, taken from the address."""
    key = request.query_params.get(TOAST_PARAMETER, "")
    if not key.isidentifier():
        return None
    values = {name: value[:200] for name, value in request.query_params.items() if name in _SAID_NAMES}
    return key, values
