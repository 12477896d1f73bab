"""The one gate before every route: session, right, and that a change was sent from our own page.

Cross-site requests (OWASP CSRF cheat sheet): a request that changes something must come from our
own origin (`Sec-Fetch-Site`, else `Origin`) and carry the session's token, in the field `csrf` or
the header `X-CSRF-Token`. Before the login the token is the one of a cookie of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from console.access import ROUTE_RIGHTS, Right, allows
from console.context import Console, Visitor, console_of
from models.store.people import LiveSession, live_session, touch_session

SESSION_COOKIE: Final = "razbor_session"
LOGIN_COOKIE: Final = "razbor_login"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_TOUCH_EVERY: Final = timedelta(minutes=1)


class LoginNeededError(Exception):
    """Nobody is logged in, or the session ended."""


class ForbiddenError(Exception):
    """The person may not use this route, or the request was not sent from our own page."""


def token_hash(token: str) -> str:
    """Hash a session token for storing; it is random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


async def guard(request: Request) -> None:
    """Let a request pass; raises LoginNeededError or ForbiddenError. Sets `request.state.visitor`."""
    console = console_of(request)
    name = request.scope["route"].name
    right = ROUTE_RIGHTS.get(name)
    if right is None:
        msg = f"route {name!r} stands in no line of ROUTE_RIGHTS"
        raise ForbiddenError(msg)
    changes = request.method not in _SAFE_METHODS
    if changes and not is_same_origin(request, console.options.public_url):
        msg = "the form was not sent from a page of this console"
        raise ForbiddenError(msg)
    session = await run_in_threadpool(_session, console, request.cookies.get(SESSION_COOKIE, ""))
    if session is not None:
        request.state.visitor = Visitor(person=session.person, csrf_token=session.csrf_token)
    if right is Right.ANYONE:
        if changes and not await _carries(request, request.cookies.get(LOGIN_COOKIE, "")):
            msg = "the form is too old: open the page again"
            raise ForbiddenError(msg)
        return
    if session is None:
        raise LoginNeededError
    if not allows(session.person.role, name):
        msg = f"the role {session.person.role} may not do this"
        raise ForbiddenError(msg)
    if changes and not await _carries(request, session.csrf_token):
        msg = "the form is too old: open the page again"
        raise ForbiddenError(msg)


def is_same_origin(request: Request, public_url: str) -> bool:
    """Tell whether a request was sent from a page of this console."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return False
    hosts = {request.headers.get("host", ""), urlsplit(public_url).netloc} - {""}
    return urlsplit(origin).netloc in hosts


def new_token() -> str:
    """Make a token of 256 random bits."""
    return secrets.token_urlsafe(32)


async def _carries(request: Request, token: str) -> bool:
    """Tell whether a request holds the token that it should."""
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        field = (await request.form()).get(CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def _session(console: Console, token: str) -> LiveSession | None:
    if not token:
        return None
    now, options = console.desk.now(), console.options
    hashed = token_hash(token)
    with console.store.read() as db:
        session = live_session(db, hashed, now_utc=now, idle=options.idle, longest=options.longest)
    if session is not None and now - session.seen_at_utc > _TOUCH_EVERY:
        with console.store.write() as db:
            touch_session(db, hashed, now)
    return session
