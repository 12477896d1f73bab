"""Login, logout and one's own account: language, theme, time zone, password."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Form, Request
from fastapi.responses import Response

from console.context import LANGUAGE_COOKIE, Console, console_of, visitor_of, words_for
from console.guard import LOGIN_COOKIE, SESSION_COOKIE, new_token, token_hash
from console.pages import back_to, own_path, render
from console.passwords import WeakPasswordError, hash_password, is_password, totp_step
from console.routes import page_router
from console.wording import INTERFACE_LANGUAGES
from models.store.people import (
    Credentials,
    change_person,
    credentials_of,
    end_session,
    end_sessions_of,
    open_session,
)
from models.store.ticket_life import audit

router = page_router()
THEMES = ("", "light", "dark")
Text = Annotated[str, Form(max_length=500)]


@router.get("/login", name="login")
def login(request: Request, to: str = "/", lang: str = "") -> Response:
    """Show the login form; who is logged in goes on."""
    if getattr(request.state, "visitor", None) is not None:
        return back_to(own_path(to))
    response = login_form(request, to=own_path(to), lang=lang)
    if lang in INTERFACE_LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, lang, httponly=True, samesite="lax", max_age=31_536_000)
    return response


@router.post("/login", name="log_in")
def log_in(request: Request, login: Text, password: Text, code: Text = "", to: Text = "/") -> Response:
    """Check login, password and, for who has one, the code; begin a session under a new token."""
    console = console_of(request)
    login = login.strip().casefold()
    address = request.client.host if request.client else ""
    wait_s = console.throttle.wait_s(login, address)
    if wait_s:
        minutes = -(-wait_s // 60)
        return login_form(request, to=to, login=login, fault="login.throttled", minutes=minutes, status=429)
    with console.store.read() as db:
        known = credentials_of(db, login)
    is_right = is_password(password, known.password_hash if known else None)
    step = _code_step(console, known, code) if known and is_right else None
    if known is None or not is_right or step is None:
        console.throttle.note_failure(login, address)
        return login_form(request, to=to, login=login, fault="login.wrong", status=401)
    console.throttle.forget(login)
    return begin_session(request, known, step, own_path(to))


@router.post("/logout", name="log_out")
def log_out(request: Request) -> Response:
    """End the session."""
    console = console_of(request)
    with console.store.write() as db:
        end_session(db, token_hash(request.cookies[SESSION_COOKIE]), console.desk.now())
        audit(db, visitor_of(request).login, "logout", "console", console.desk.now())
    response = back_to("/login")
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.get("/account", name="account")
def account(request: Request) -> Response:
    """Show one's own settings."""
    return _account_page(request)


@router.post("/account", name="save_account")
def save_account(
    request: Request, language: Text, theme: Text = "", timezone: Text = "", back: Text = ""
) -> Response:
    """Save language, theme and time zone."""
    console, visitor = console_of(request), visitor_of(request)
    if language not in INTERFACE_LANGUAGES or theme not in THEMES:
        return _account_page(request, fault="account.unknown_choice", status=422)
    if timezone and timezone not in available_timezones():
        return _account_page(request, fault="account.unknown_zone", status=422)
    with console.store.write() as db:
        change_person(db, visitor.login, language=language, theme=theme, timezone=timezone)
    return back_to(own_path(back, "/account"), "saved")


@router.post("/account/password", name="change_password")
def change_password(request: Request, old: Text, new: Text) -> Response:
    """Change one's own password; every other session of the person ends."""
    console, visitor = console_of(request), visitor_of(request)
    with console.store.read() as db:
        known = credentials_of(db, visitor.login)
    address = request.client.host if request.client else ""
    if console.throttle.wait_s(visitor.login, address):
        return _account_page(request, fault="login.throttled_short", status=429)
    if known is None or not is_password(old, known.password_hash):
        console.throttle.note_failure(visitor.login, address)
        return _account_page(request, fault="account.wrong_password", status=403)
    try:
        hashed = hash_password(new)
    except WeakPasswordError:
        return _account_page(request, fault="account.weak_password", status=422)
    with console.store.write() as db:
        change_person(db, visitor.login, password_hash=hashed)
        end_sessions_of(db, visitor.login, console.desk.now())
        audit(db, visitor.login, "password", f"person:{visitor.login}", console.desk.now())
    return begin_session(request, known, known.totp_last_step, "/account?said=password_changed")


def _code_step(console: Console, known: Credentials, code: str) -> int | None:
    """Return the step to remember; None for a wrong code. Who has no generator needs no code."""
    if not known.totp_secret:
        return known.totp_last_step
    return totp_step(known.totp_secret, code, console.desk.now(), known.totp_last_step)


def begin_session(request: Request, known: Credentials, step: int, to: str) -> Response:
    """Begin a session of a person who proved who it is, under a new token, and go on to `to`."""
    console, token = console_of(request), new_token()
    now = console.desk.now()
    with console.store.write() as db:
        earlier = request.cookies.get(SESSION_COOKIE)
        if earlier:  # the token changes with every login (session fixation)
            end_session(db, token_hash(earlier), now)
        if step != known.totp_last_step:
            change_person(db, known.login, totp_last_step=step)
        open_session(db, known.person_id, token_hash=token_hash(token), csrf_token=new_token(), now_utc=now)
        audit(db, known.login, "login", "console", now)
    response = back_to(to)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        httponly=True,
        samesite="lax",
        secure=console.options.is_https,
        max_age=int(console.options.longest.total_seconds()),
    )
    response.delete_cookie(LOGIN_COOKIE)
    return response


def login_form(
    request: Request,
    *,
    to: str,
    login: str = "",
    lang: str = "",
    fault: str = "",
    minutes: int = 0,
    status: int = 200,
) -> Response:
    """Show the login form; `fault` is a key of the interface's words."""
    console = console_of(request)
    token = request.cookies.get(LOGIN_COOKIE) or new_token()
    words = words_for(request)
    if lang in INTERFACE_LANGUAGES:
        request.cookies[LANGUAGE_COOKIE] = lang
    if fault == "login.throttled":
        said = words("login.throttled", n=minutes)
    else:
        said = words(fault) if fault else ""
    response = render(
        request,
        "login.html",
        status_code=status,
        to=to,
        login=login,
        fault=said,
        login_token=token,
        has_oidc=console.oidc is not None,
    )
    response.set_cookie(
        LOGIN_COOKIE, token, httponly=True, samesite="lax", secure=console.options.is_https, max_age=3600
    )
    return response


def _account_page(request: Request, *, fault: str = "", status: int = 200) -> Response:
    words = words_for(request)
    return render(
        request,
        "account.html",
        page="account",
        status_code=status,
        fault=words(fault) if fault else "",
        zones=sorted(available_timezones()),
    )
