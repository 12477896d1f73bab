"""Settings of people: who may log in, with which role; a new password or code is shown once (R57)."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Form, HTTPException, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of, words_for
from console.pages import back_to, render
from console.passwords import hash_password, new_password, new_totp_secret, totp_address, totp_picture
from console.routes import page_router
from console.wording import INTERFACE_LANGUAGES
from models.store import StoreError
from models.store.engine import Db
from models.store.people import (
    ROLES,
    PersonCard,
    add_person,
    change_person,
    end_sessions_of,
    is_last_admin,
    people,
)
from models.store.people_seen import seen_at
from models.store.ticket_life import audit

router = page_router()
KEY: Final = "people"
ACTS: Final = ("password", "totp", "totp_off", "disable", "enable")
_LOGIN: Final = re.compile(r"[\w.@+-]{1,100}")
Text = Annotated[str, Form(max_length=200)]


@router.get("/settings/people", name="people")
def people_page(request: Request) -> Response:
    """Show everybody, disabled people too."""
    return _page(request)


@router.post("/settings/people", name="add_person")
def add(request: Request, login: Text, role: Text, name: Text = "", language: Text = "ru") -> Response:
    """Add a person; the password is made here and shown this once."""
    console, words, actor = console_of(request), words_for(request), visitor_of(request).login
    login = login.strip().casefold()
    if not _LOGIN.fullmatch(login) or not login.isprintable():
        return _page(request, fault=words("people.bad_login"), status=422)
    if role not in ROLES or language not in INTERFACE_LANGUAGES:
        raise HTTPException(422)
    password = new_password()
    hashed = hash_password(password)
    try:
        with console.store.write({KEY}) as db:
            add_person(db, login, password_hash=hashed, role=role, name=name.strip(), language=language)
            audit(db, actor, "add_person", f"person:{login}", console.desk.now(), role=role)
    except StoreError:
        return _page(request, fault=words("people.taken", login=login), status=409)
    return _page(request, told=(login, password))


@router.post("/settings/people/{login}", name="save_person")
def save(request: Request, login: str, role: Text, name: Text = "") -> Response:
    """Save name and role; with another role the sessions of the person end."""
    console, actor = console_of(request), visitor_of(request).login
    if role not in ROLES:
        raise HTTPException(422)
    with console.store.write({KEY}) as db:
        card = _card(db, login)
        if role != "admin" and is_last_admin(db, login):
            return _page(request, fault=words_for(request)("people.last_admin"), status=409)
        change_person(db, login, name=name.strip(), role=role)
        if role != card.role:
            end_sessions_of(db, login, console.desk.now())
            audit(db, actor, "role", f"person:{login}", console.desk.now(), role=role, before=card.role)
    return back_to("/settings/people", "saved")


@router.post("/settings/people/{login}/access", name="change_access")
def change_access(request: Request, login: str, act: Annotated[str, Form(max_length=20)]) -> Response:
    """Give a new password or code generator, or keep somebody out or let in; their sessions end."""
    if act not in ACTS:
        raise HTTPException(422)
    console, actor, words = console_of(request), visitor_of(request).login, words_for(request)
    secret = new_password() if act == "password" else new_totp_secret() if act == "totp" else ""
    hashed = hash_password(secret) if act == "password" else ""
    changes: dict[str, dict[str, object]] = {
        "password": {"password_hash": hashed},
        "totp": {"totp_secret": secret, "totp_last_step": 0},
        "totp_off": {"totp_secret": "", "totp_last_step": 0},
        "disable": {"active": False},
        "enable": {"active": True},
    }
    with console.store.write({KEY}) as db:
        _card(db, login)
        if act == "disable" and (is_last_admin(db, login) or login == actor):
            fault = "people.last_admin" if login != actor else "people.not_yourself"
            return _page(request, fault=words(fault), status=409)
        change_person(db, login, **changes[act])
        end_sessions_of(db, login, console.desk.now())
        audit(db, actor, act, f"person:{login}", console.desk.now())
    if act == "totp":
        return _page(request, told=(login, totp_address(secret, login)), has_picture=True)
    if secret:
        return _page(request, told=(login, secret))
    return back_to("/settings/people", "saved")


def _card(db: Db, login: str) -> PersonCard:
    card = next((person for person in people(db) if person.login == login), None)
    if card is None:
        raise HTTPException(404)
    return card


def _page(
    request: Request,
    *,
    fault: str = "",
    told: tuple[str, str] | None = None,
    has_picture: bool = False,
    status: int = 200,
) -> Response:
    """Show the page; `told` is a login and what is shown of it this once, as a QR code too if it has one."""
    words = words_for(request)
    with console_of(request).store.read() as db:
        everybody, seen = people(db), seen_at(db)
    return render(
        request,
        "people.html",
        page="settings",
        tab="people",
        status_code=status,
        everybody=everybody,
        seen=seen,
        roles=ROLES,
        fault=fault,
        told=told,
        picture=totp_picture(told[1], words("people.scan")) if told and has_picture else "",
    )
