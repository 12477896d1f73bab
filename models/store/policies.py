"""Policy rows: what operators may change while the service runs.

Seeded at first start; the newest version of a name is in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.engine import Connection

from models.retention import RETENTION, Retention, parse_retention, shipped_retention
from models.store.engine import Store
from models.store.read_once import forget, read_once
from models.store.reply_templates import seed_reply_templates
from models.store.schema import MAILBOX, POLICY, TOPIC
from models.topics import TOPIC_NAMES

REPLIES = "replies"
REPLY_CHOICES = ("send", "draft", "off")
_IN_FORCE = (  # built once: it is asked for with every mail
    select(POLICY.c.body)
    .where(POLICY.c.name == bindparam("policy"))
    .order_by(POLICY.c.version.desc())
    .limit(1)
)


def seed_store(store: Store, mailboxes: Iterable[str], now_utc: datetime) -> None:
    """Seed in a transaction of its own, one at a time: at the first start every part of a desk does it."""
    with store.write(["seed"]) as db:
        seed(db, mailboxes, now_utc)


def seed(db: Connection, mailboxes: Iterable[str], now_utc: datetime) -> None:
    """Write the shipped topics, the configured mailboxes and the default policies where they are absent."""
    have_topics = set(db.scalars(select(TOPIC.c.slug)))
    for slug, (ru, zh, en) in TOPIC_NAMES.items():
        if slug not in have_topics:
            db.execute(insert(TOPIC).values(slug=slug, name_ru=ru, name_zh=zh, name_en=en, active=True))
    have_mailboxes = set(db.scalars(select(MAILBOX.c.address)))
    for address in mailboxes:
        if address not in have_mailboxes:
            db.execute(
                insert(MAILBOX).values(address=address, marketplace="unknown", topic_prior="", active=True)
            )
    if db.scalar(select(func.count()).select_from(POLICY).where(POLICY.c.name == REPLIES)) == 0:
        write_policy(db, REPLIES, {"default": "send"}, author="razbor", now_utc=now_utc)
    if not read_policy(db, RETENTION):
        body = shipped_retention().as_policy()
        write_policy(db, RETENTION, body, author="razbor", now_utc=now_utc)
    seed_reply_templates(db, now_utc)


def write_policy(db: Connection, name: str, body: dict[str, Any], *, author: str, now_utc: datetime) -> int:
    """Add a version of a policy and return its number; earlier versions stay."""
    newest = db.scalar(select(func.max(POLICY.c.version)).where(POLICY.c.name == name)) or 0
    db.execute(
        insert(POLICY).values(name=name, version=newest + 1, body=body, author=author, created_at_utc=now_utc)
    )
    forget(db)
    return newest + 1


def read_policy(db: Connection, name: str) -> dict[str, Any]:
    """Return the policy in force; empty when there is none."""
    body = read_once(db, ("policy", name), lambda: db.scalar(_IN_FORCE, {"policy": name}))
    return dict(body) if body else {}


def retention_policy(db: Connection) -> Retention:
    """Return how long each class of data is kept. Raises RetentionError for a policy that cannot be read."""
    return parse_retention(read_policy(db, RETENTION))


def reply_policy(db: Connection, topic: str, mailbox: str) -> str:
    """Return `send`, `draft` or `off`: the entry of topic and mailbox, topic, mailbox, or the default."""
    body = read_policy(db, REPLIES)
    for key in (f"{topic}@{mailbox}", topic, mailbox, "default"):
        choice = body.get(key)
        if choice in REPLY_CHOICES:
            return str(choice)
    return "send"
