"""People who may log in to the console, and their sessions (rule R57).

Passwords and session tokens come in as hashes only; nothing here knows how they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.schema import CONSOLE_SESSION, PERSON

ROLES = ("viewer", "operator", "lead", "admin")
NO_HASH = "-"  # no password fits it


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCard:
    """A person without the password."""

    id: int
    login: str
    name: str
    role: str
    language: str
    timezone: str  # IANA name; "" is that of the desk
    theme: str  # light, dark; "" follows the system
    active: bool
    has_totp: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a login is checked against."""

    person_id: int
    login: str
    password_hash: str
    totp_secret: str
    totp_last_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """A session in force with its person."""

    person: PersonCard
    csrf_token: str
    seen_at_utc: datetime


def add_person(
    db: Connection, login: str, *, password_hash: str, role: str, name: str = "", language: str = "ru"
) -> int:
    """Add a person and return the number; raises StoreError for a taken login or an unknown role."""
    if role not in ROLES:
        msg = f"role {role!r} is unknown: roles are {', '.join(ROLES)}"
        raise StoreError(msg)
    if db.scalar(select(PERSON.c.id).where(PERSON.c.login == login)) is not None:
        msg = f"there is already a person {login!r}: `razbor users list` shows all"
        raise StoreError(msg)
    values = {"login": login, "password_hash": password_hash, "role": role, "name": name}
    return int(
        db.execute(
            insert(PERSON).values(**values, language=language, active=True).returning(PERSON.c.id)
        ).scalar_one()
    )


def change_person(db: Connection, login: str, **values: object) -> None:
    """Change columns of a person; raises StoreError for an unknown login."""
    if not db.execute(update(PERSON).where(PERSON.c.login == login).values(**values)).rowcount:
        msg = f"there is no person {login!r}: `razbor users list` shows all"
        raise StoreError(msg)


def people(db: Connection) -> list[PersonCard]:
    """List all people by login."""
    return [_card(row) for row in db.execute(select(PERSON).order_by(PERSON.c.login))]


def desk_logins(db: Connection) -> list[str]:
    """List the logins of those who can work on a ticket."""
    query = select(PERSON.c.login).where(PERSON.c.active, PERSON.c.role != "viewer")
    return list(db.scalars(query.order_by(PERSON.c.login)))


def is_last_admin(db: Connection, login: str) -> bool:
    """Tell whether nobody but this person could administer the desk."""
    admins = db.scalars(select(PERSON.c.login).where(PERSON.c.active, PERSON.c.role == "admin"))
    return list(admins) == [login]


def person_count(db: Connection) -> int:
    """Count people, disabled ones too: zero only before the first start."""
    return db.scalar(select(func.count()).select_from(PERSON)) or 0


def credentials_of(db: Connection, login: str) -> Credentials | None:
    """Return what a login is checked against; None for an unknown or disabled person."""
    row = db.execute(select(PERSON).where(PERSON.c.login == login, PERSON.c.active)).first()
    if row is None:
        return None
    return Credentials(
        person_id=row.id,
        login=row.login,
        password_hash=row.password_hash,
        totp_secret=row.totp_secret,
        totp_last_step=row.totp_last_step,
    )


def person_of_subject(
    db: Connection, subject: str, *, login: str, name: str, role: str, now_utc: datetime
) -> tuple[Credentials, bool]:
    """Return the person whom a provider knows as `subject`, with the role it says; True for a new one.

    Raises StoreError for a disabled person, and for a new one whose login somebody has already: a
    provider's name never takes a person of the desk over.
    """
    row = db.execute(select(PERSON).where(PERSON.c.oidc_subject == subject)).first()
    if row is None:
        add_person(db, login, password_hash=NO_HASH, role=role, name=name)
        change_person(db, login, oidc_subject=subject)
    elif not row.active:
        msg = f"{row.login} is disabled"
        raise StoreError(msg)
    elif row.role != role:
        change_person(db, row.login, role=role)
        _end(db, CONSOLE_SESSION.c.person_id == row.id, now_utc)
    known = credentials_of(db, login if row is None else row.login)
    if known is None:
        msg = f"{login} is disabled"
        raise StoreError(msg)
    return known, row is None


def open_session(
    db: Connection, person_id: int, *, token_hash: str, csrf_token: str, now_utc: datetime
) -> None:
    """Begin a session of a person."""
    db.execute(
        insert(CONSOLE_SESSION).values(
            token_hash=token_hash,
            person_id=person_id,
            csrf_token=csrf_token,
            created_at_utc=now_utc,
            seen_at_utc=now_utc,
        )
    )


def live_session(
    db: Connection, token_hash: str, *, now_utc: datetime, idle: timedelta, longest: timedelta
) -> LiveSession | None:
    """Return the session of a token; None when it ended, was idle too long, or its person is disabled."""
    row = db.execute(
        select(PERSON, CONSOLE_SESSION.c.csrf_token, CONSOLE_SESSION.c.seen_at_utc)
        .join(CONSOLE_SESSION, CONSOLE_SESSION.c.person_id == PERSON.c.id)
        .where(
            CONSOLE_SESSION.c.token_hash == token_hash,
            CONSOLE_SESSION.c.ended_at_utc.is_(None),
            CONSOLE_SESSION.c.seen_at_utc > now_utc - idle,
            CONSOLE_SESSION.c.created_at_utc > now_utc - longest,
            PERSON.c.active,
        )
    ).first()
    if row is None:
        return None
    return LiveSession(person=_card(row), csrf_token=row.csrf_token, seen_at_utc=row.seen_at_utc)


def touch_session(db: Connection, token_hash: str, now_utc: datetime) -> None:
    """Note that a session is in use."""
    db.execute(
        update(CONSOLE_SESSION).where(CONSOLE_SESSION.c.token_hash == token_hash).values(seen_at_utc=now_utc)
    )


def end_session(db: Connection, token_hash: str, now_utc: datetime) -> None:
    """End one session: a logout."""
    _end(db, CONSOLE_SESSION.c.token_hash == token_hash, now_utc)


def end_sessions_of(db: Connection, login: str, now_utc: datetime) -> None:
    """End every session of a person: a new password, another role, a disabled account."""
    person_id = select(PERSON.c.id).where(PERSON.c.login == login).scalar_subquery()
    _end(db, CONSOLE_SESSION.c.person_id == person_id, now_utc)


def _end(db: Connection, which: Any, now_utc: datetime) -> None:
    still = CONSOLE_SESSION.c.ended_at_utc.is_(None)
    db.execute(update(CONSOLE_SESSION).where(which, still).values(ended_at_utc=now_utc))


def _card(row: Any) -> PersonCard:
    return PersonCard(
        id=row.id,
        login=row.login,
        name=row.name,
        role=row.role,
        language=row.language,
        timezone=row.timezone,
        theme=row.theme,
        active=bool(row.active),
        has_totp=bool(row.totp_secret),
    )
