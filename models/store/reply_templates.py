"""Versions of the operators' reply templates, kept as policy rows: the newest of a name is in force.

In go a topic and a language, out come `ReplyTemplate` records. Whether a text may be saved (its
variables, what it promises) is decided before, by `workers.template_acts`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from models.reply_template import ANY_TOPIC, TEMPLATE_LANGUAGES, ReplyTemplate, shipped_templates
from models.store.schema import POLICY

SHIPPED_BY: Final = "razbor"
_PREFIX: Final = "reply_template"
_EVERY_TOPIC: Final = "*"


def reply_templates(db: Connection, topic: str, language: str) -> tuple[ReplyTemplate, ...]:
    """Return the active templates for a ticket: its topic's own first, then those of every topic.

    A language without templates (a letter whose language is not known) gets those of all languages.
    """
    languages = (language,) if language in TEMPLATE_LANGUAGES else TEMPLATE_LANGUAGES
    topics = (topic, ANY_TOPIC) if topic else (ANY_TOPIC,)
    prefixes = [_key(of, said, "") for of in topics for said in languages]
    found = [template for prefix in prefixes for template in _newest(db, prefix)]
    return tuple(template for template in found if template.active)


def every_reply_template(db: Connection) -> tuple[ReplyTemplate, ...]:
    """Return the newest version of every template, also of those taken out of the list."""
    return _newest(db, f"{_PREFIX}/")


def reply_template_versions(
    db: Connection, topic: str, language: str, name: str
) -> tuple[ReplyTemplate, ...]:
    """Return all versions of one template, newest first; empty for an unknown one."""
    rows = db.execute(
        select(POLICY).where(POLICY.c.name == _key(topic, language, name)).order_by(POLICY.c.version.desc())
    )
    return tuple(_template(row) for row in rows)


def save_reply_template(
    db: Connection, template: ReplyTemplate, *, author: str, now_utc: datetime
) -> ReplyTemplate:
    """Add a version of a template and return it as saved; saving what is in force adds none."""
    key = _key(template.topic, template.language, template.name)
    before = _newest(db, key, exact=True)
    if before and _body(before[0]) == _body(template):
        return before[0]
    row = {"name": key, "version": before[0].version + 1 if before else 1, "body": _body(template)}
    db.execute(insert(POLICY).values(**row, author=author, created_at_utc=now_utc))
    return _newest(db, key, exact=True)[0]


def seed_reply_templates(db: Connection, now_utc: datetime) -> None:
    """Write the shipped templates that the database does not have in any version."""
    have = set(
        db.scalars(select(POLICY.c.name).where(POLICY.c.name.startswith(f"{_PREFIX}/", autoescape=True)))
    )
    rows = [
        {"name": key, "version": 1, "body": _body(template), "author": SHIPPED_BY, "created_at_utc": now_utc}
        for template in shipped_templates()
        if (key := _key(template.topic, template.language, template.name)) not in have
    ]
    if rows:
        db.execute(insert(POLICY), rows)


def _key(topic: str, language: str, name: str) -> str:
    return f"{_PREFIX}/{topic or _EVERY_TOPIC}/{language}/{name}"


def _newest(db: Connection, key: str, *, exact: bool = False) -> tuple[ReplyTemplate, ...]:
    named = POLICY.c.name == key if exact else POLICY.c.name.startswith(key, autoescape=True)
    newest = (
        select(POLICY.c.name, func.max(POLICY.c.version).label("version"))
        .where(named)
        .group_by(POLICY.c.name)
        .subquery()
    )
    rows = db.execute(
        select(POLICY)
        .join(newest, (POLICY.c.name == newest.c.name) & (POLICY.c.version == newest.c.version))
        .order_by(POLICY.c.name)
    )
    return tuple(_template(row) for row in rows)


def _template(row: Any) -> ReplyTemplate:
    _, topic, language, name = row.name.split("/", 3)
    return ReplyTemplate(
        topic=ANY_TOPIC if topic == _EVERY_TOPIC else topic,
        language=language,
        name=name,
        title=row.body["title"],
        text=row.body["text"],
        active=bool(row.body["active"]),
        version=row.version,
        author=row.author,
        saved_at_utc=row.created_at_utc,
    )


def _body(template: ReplyTemplate) -> dict[str, Any]:
    return {"title": template.title, "text": template.text, "active": template.active}
