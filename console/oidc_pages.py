"""The two steps of a login through an OpenID Connect provider; without one configured they do not exist.

What the browser must bring back (state, nonce, PKCE verifier, where to go) waits in a signed cookie of
ten minutes. A person is known by issuer and subject; the role comes from the provider's groups at every
login. A login name that a person of this desk has already is not taken over.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import structlog
from fastapi import HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from console.context import Console, console_of
from console.guard import new_token
from console.login_pages import begin_session, login_form
from console.pages import own_path
from console.routes import page_router
from models.store import StoreError
from models.store.people import person_of_subject
from models.store.ticket_life import audit

if TYPE_CHECKING:
    from console.oidc import Identity, OidcProvider

COOKIE: Final = "razbor_oidc"
LASTS_S: Final = 600
_SEAL: Final = URLSafeTimedSerializer(new_token(), salt="oidc")  # of this process: a login takes seconds
router = page_router()
log = structlog.get_logger(__name__)
Given = Annotated[str, Query(max_length=4000)]


@router.get("/login/oidc", name="oidc_begin")
def begin(request: Request, to: Given = "/") -> Response:
    """Send the browser to the provider."""
    from console.oidc import OidcError

    console, provider = _provider(request)
    try:
        begun = provider.begin(_callback(request, console))
    except OidcError as error:
        return _failed(request, str(error))
    kept = asdict(begun) | {"to": own_path(to)}
    del kept["address"]
    response = RedirectResponse(begun.address, status_code=303)
    response.set_cookie(
        COOKIE,
        _SEAL.dumps(kept),
        max_age=LASTS_S,
        httponly=True,
        samesite="lax",
        secure=console.options.is_https,
        path="/login/oidc",
    )
    return response


@router.get("/login/oidc/callback", name="oidc_end")
def end(
    request: Request, code: Given = "", state: Given = "", iss: Given = "", error: Given = ""
) -> Response:
    """Check what the provider sent the browser back with, and begin a session."""
    from console.oidc import OidcError

    console, provider = _provider(request)
    try:
        kept = _SEAL.loads(request.cookies.get(COOKIE, ""), max_age=LASTS_S)
    except BadData:
        return _failed(request, "no login was begun in this browser")
    if not hmac.compare_digest(kept["state"].encode(), state.encode()):
        return _failed(request, "the state is another one")
    if error or not code:
        return _failed(request, f"the provider said {error[:100]!r}")
    try:
        identity = provider.finish(
            code,
            nonce=kept["nonce"],
            verifier=kept["verifier"],
            redirect_uri=_callback(request, console),
            issuer=iss,
        )
    except OidcError as fault:
        return _failed(request, str(fault))
    return _enter(request, console, identity, kept["to"])


def _enter(request: Request, console: Console, identity: Identity, to: str) -> Response:
    if not identity.role:
        return _failed(request, "no group of the person has a role here", status=403)
    now = console.desk.now()
    try:
        with console.store.write({"people"}) as db:
            known, is_new = person_of_subject(
                db,
                identity.subject,
                login=identity.login,
                name=identity.name,
                role=identity.role,
                now_utc=now,
            )
            if is_new:
                audit(db, "oidc", "add_person", f"person:{known.login}", now, role=identity.role)
    except StoreError as error:
        return _failed(request, str(error), status=403)
    response = begin_session(request, known, known.totp_last_step, own_path(to))
    response.delete_cookie(COOKIE, path="/login/oidc")
    return response


def _failed(request: Request, cause: str, *, status: int = 401) -> Response:
    """Show the login form with words that tell nothing to who tries; the cause goes to the log."""
    log.warning("login through the provider failed", cause=cause)
    fault = "login.oidc_no_role" if status == 403 else "login.oidc_failed"
    response = login_form(request, to="/", fault=fault, status=status)
    response.delete_cookie(COOKIE, path="/login/oidc")
    return response


def _provider(request: Request) -> tuple[Console, OidcProvider]:
    console = console_of(request)
    if console.oidc is None:
        raise HTTPException(404)
    return console, console.oidc


def _callback(request: Request, console: Console) -> str:
    """Return where the provider sends the browser: it must know this very address."""
    base = console.options.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/login/oidc/callback"
