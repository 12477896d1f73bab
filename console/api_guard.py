"""The gate before every route of the JSON API: token, scope, rate; nothing of a request is read before.

`Authorization: Bearer rzb_...` (RFC 6750) is the only way in: no cookie counts, so no page of another
site can act through a browser.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

from console.api_faults import ApiError
from console.api_rate import TokenBuckets
from console.api_scopes import FREE, ROUTE_SCOPES
from console.context import Console, console_of
from models.store.api_tokens import TokenCard, find_token, touch_token

_TOUCH_EVERY: Final = timedelta(minutes=1)
MAX_BODY_BYTES: Final = 256 * 1024
_LONGEST_HEADER: Final = 200
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route whose caller is known before its parameters and body are looked at."""

    def get_route_handler(self) -> Handler:
        """Return the handler with the gate before it."""
        handle, name = super().get_route_handler(), self.name

        async def guarded(request: Request) -> Response:
            headers = await _admit(request, name)
            response = await handle(_bounded(request))
            response.headers.update(headers)
            return response

        return guarded


def _bounded(request: Request) -> Request:
    """Return the request with a body that ends with status 413 where it grows too large."""
    left = MAX_BODY_BYTES

    async def receive() -> Message:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return Request(request.scope, receive)


async def _admit(request: Request, name: str) -> dict[str, str]:
    """Let a request pass and return headers for its answer; raises ApiError. Sets `request.state.token`."""
    scope = ROUTE_SCOPES.get(name)
    if scope is None:
        msg = f"route {name!r} stands in no line of ROUTE_SCOPES"
        raise ApiError("no-scope", msg)
    if scope == FREE:
        return {}
    token = await run_in_threadpool(_token, console_of(request), request.headers.get("authorization", ""))
    if token is None:
        raise ApiError(
            "no-token",
            "send `Authorization: Bearer rzb_...`; `razbor tokens create` makes a token",
            {"WWW-Authenticate": 'Bearer realm="razbor", error="invalid_token"'},
        )
    buckets: TokenBuckets = request.app.state.buckets
    allowance = buckets.take(token.id)
    headers = buckets.headers(allowance)
    if not allowance.is_allowed:
        headers["Retry-After"] = str(allowance.wait_s)
        raise ApiError("too-many", f"wait {allowance.wait_s} s", headers)
    if scope not in token.scopes:
        told = f'Bearer realm="razbor", error="insufficient_scope", scope="{scope}"'
        raise ApiError("no-scope", f"the scope {scope} is needed", headers | {"WWW-Authenticate": told})
    request.state.token = token
    return headers


def _token(console: Console, header: str) -> TokenCard | None:
    kind, _, given = header[:_LONGEST_HEADER].partition(" ")
    if kind.lower() != "bearer":
        return None
    now = console.desk.now()
    with console.store.read() as db:
        token = find_token(db, given.strip())
    if token is None or not token.is_live(now):
        return None
    if token.used_at_utc is None or now - token.used_at_utc > _TOUCH_EVERY:
        with console.store.write() as db:
            touch_token(db, token.id, now)
    return token


def token_of(request: Request) -> TokenCard:
    """Return the token of a request that passed the gate."""
    found: TokenCard = request.state.token
    return found
