"""What a transaction reads once is never older than the transaction, and never what was undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from models.store import Db, Store, savepoint
from models.store.mailboxes import set_marketplace
from models.store.policies import read_policy, seed, write_policy
from models.store.sellers import Binding, bind, bound_seller, known_marketplace, unbind

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
MAILBOX = "sellersup@desk.example"
SELLER = "anna@shop.example"


def _bound(db: Db, seller_id: str) -> None:
    bind(db, [Binding(address=SELLER, seller_id=seller_id, marketplace="ozon", role="admin")])


CHANGES: dict[str, tuple[Callable[[Db], object], Callable[[Db], None]]] = {
    "policy": (
        lambda db: read_policy(db, "replies").get("default"),
        lambda db: void(write_policy(db, "replies", {"default": "draft"}, author="anna", now_utc=NOW)),
    ),
    "binding": (lambda db: bound_seller(db, SELLER), lambda db: _bound(db, "775533")),
    "unbinding": (
        lambda db: bound_seller(db, "ivan@shop.example"),
        lambda db: void(unbind(db, "@shop.example")),
    ),
    "mailbox": (
        lambda db: known_marketplace(db, "", MAILBOX),
        lambda db: void(set_marketplace(db, MAILBOX, "wb")),
    ),
}


def void(_: object) -> None:
    """Drop what a change returns."""


class _UndoneError(Exception):
    pass


def _change_in_vain(db: Db, read: Callable[[Db], object], change: Callable[[Db], None]) -> None:
    with savepoint(db):
        change(db)
        read(db)
        raise _UndoneError


@pytest.fixture
def desk(store: Store) -> Store:
    with store.write() as db:
        seed(db, [MAILBOX], NOW)
        bind(db, [Binding(address="@shop.example", seller_id="100200", marketplace="ozon")])
    return store


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_by_the_transaction_that_makes_it_and_by_the_next(desk: Store, name: str) -> None:
    read, change = CHANGES[name]
    with desk.write() as db:
        before = read(db)
        change(db)
        after = read(db)
        assert after != before
    with desk.read() as db:
        assert read(db) == after


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_savepoint_undid_is_read_anew(desk: Store, name: str) -> None:
    read, change = CHANGES[name]
    with desk.write() as db:
        before = read(db)
        with pytest.raises(_UndoneError):
            _change_in_vain(db, read, change)
        assert read(db) == before


@pytest.mark.parametrize("name", CHANGES)
def test_a_connection_that_is_used_again_knows_nothing_of_before(desk: Store, name: str) -> None:
    read, change = CHANGES[name]
    with desk.main.connect() as first:
        with first.begin():
            before = read(first)
        with desk.write() as other:
            change(other)
        with first.begin():
            assert read(first) != before
