"""The index of words: which mails hold the tokens of `models.search_words`, newest first.

SQLite keeps it in an FTS5 table (`rowid` is the raw_id), PostgreSQL in a `tsvector` under a GIN
index, filled with finished tokens, so that no extension and no dictionary is needed (ADR 18).
A trigger of the database drops a mail's entry whenever its words change or go; whoever changes
words and leaves some calls `index_mails` afterwards. What is forgotten is then not found, never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select, text

from models.search_words import terms_of, tokens_of
from models.store.schema import FACT, MESSAGE, TICKET

MOST_FOUND: Final = 300
PORTION: Final = 300  # mails that are indexed anew at once
FORGET_WORDS: Final = (
    "INSERT INTO mail_words (mail_words) VALUES ('optimize')"  # SQLite: merges all parts anew
)
_PUT: Final = {
    "sqlite": "INSERT INTO mail_words (rowid, words) VALUES (:raw_id, :words)",
    "postgresql": "INSERT INTO mail_words (raw_id, words) "
    "VALUES (:raw_id, array_to_tsvector(CAST(:words AS text[])))",
}
_PUT_STATEMENT: Final = {dialect: text(words) for dialect, words in _PUT.items()}  # built once
_DROP: Final = {
    "sqlite": "DELETE FROM mail_words WHERE rowid = :raw_id",
    "postgresql": "DELETE FROM mail_words WHERE raw_id = :raw_id",
}
_MISSING: Final = {
    "sqlite": "SELECT raw_id FROM message WHERE raw_id > :last AND purged_at_utc IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM mail_words WHERE mail_words.rowid = message.raw_id) ORDER BY raw_id LIMIT :most",
    "postgresql": "SELECT raw_id FROM message WHERE raw_id > :last AND purged_at_utc IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM mail_words WHERE mail_words.raw_id = message.raw_id) ORDER BY raw_id LIMIT :most",
}
_FIND: Final = {
    "sqlite": "SELECT rowid FROM mail_words WHERE mail_words MATCH :wanted ORDER BY rowid DESC LIMIT :most",
    "postgresql": "SELECT raw_id FROM mail_words WHERE words @@ CAST(:wanted AS tsquery) "
    "ORDER BY raw_id DESC LIMIT :most",
}


def index_mail(db: Connection, raw_id: int, texts: Sequence[str]) -> None:
    """Put the words of a mail into the index; call it once for a new mail."""
    put_entries(db, [(raw_id, texts)])


def put_entries(db: Connection, mails: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Put the words of new mails into the index, each under its number."""
    name = db.dialect.name
    db.execute(_PUT_STATEMENT[name], [entry(name, raw_id, texts) for raw_id, texts in mails])


def entry(dialect: str, raw_id: int, texts: Sequence[str]) -> dict[str, Any]:
    """Return the values of one row of the index."""
    tokens = tokens_of(texts)
    return {"raw_id": raw_id, "words": " ".join(tokens) if dialect == "sqlite" else tokens}


def index_mails(db: Connection, raw_ids: Sequence[int]) -> None:
    """Index mails anew from what is stored of them, with the facts that operators added to their tickets."""
    name = db.dialect.name
    rows = db.execute(
        select(MESSAGE.c.raw_id, MESSAGE.c.ticket_id, MESSAGE.c.subject, MESSAGE.c.text, MESSAGE.c.entities)
        .where(MESSAGE.c.raw_id.in_(raw_ids))
        .order_by(MESSAGE.c.raw_id)
    ).all()
    for row in rows:
        said = db.scalars(
            select(FACT.c.value).where(
                FACT.c.ticket_id == row.ticket_id, FACT.c.source == "operator", FACT.c.active
            )
        ).all()
        db.execute(text(_DROP[name]), {"raw_id": row.raw_id})
        index_mail(db, row.raw_id, indexed_texts(row.subject, row.text, row.entities, said))


def index_missing(db: Connection) -> None:
    """Index every mail that has no entry: after a restore, and when the index is made."""
    missing = text(_MISSING[db.dialect.name])
    last = 0
    while raw_ids := db.scalars(missing, {"last": last, "most": PORTION}).all():
        index_mails(db, raw_ids)
        last = raw_ids[-1]


def index_openers(db: Connection, numbers: Sequence[int]) -> None:
    """Index anew the mails that opened tickets: what operators added to those is found under them."""
    opened_by = select(TICKET.c.opened_by_raw_id).where(
        TICKET.c.id.in_(numbers), TICKET.c.opened_by_raw_id.is_not(None)
    )
    index_mails(db, list(db.scalars(opened_by)))


def indexed_texts(
    subject: str, body: str, entities: Sequence[dict[str, Any]], facts: Sequence[str] = ()
) -> list[str]:
    """Return what a mail is found by: subject, new text, and values found anywhere in it."""
    values = [str(entity["value"]) for entity in entities if entity.get("value")]
    return [subject, " ".join([*facts, *values]), body]


def find_mails(db: Connection, wanted: str) -> list[int]:
    """Return the newest mails (raw_id) that hold everything that a query asks for."""
    terms = terms_of(wanted)
    if not terms:
        return []
    if db.dialect.name == "sqlite":
        query = " AND ".join(f'"{token}"{"*" if is_start else ""}' for token, is_start in terms)
    else:
        query = " & ".join(f"'{token}'{':*' if is_start else ''}" for token, is_start in terms)
    found = db.scalars(text(_FIND[db.dialect.name]), {"wanted": query, "most": MOST_FOUND})
    return [int(raw_id) for raw_id in found]
