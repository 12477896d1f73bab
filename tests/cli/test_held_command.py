"""`razbor held` on both engines: what is shown of a mail that nobody could read, and trying again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from intake.header_glance import GLANCE_BYTES, glance
from models.store import Store
from models.store.mails import hold_mail
from models.store.raw_mail import adopt_new_mail
from workers.service import utc_now

MAIL = (
    "From: Пётр <petr.ivanov@shop.example>\r\nSubject: пароль: Pchelka1954 не подходит\r\n\r\nPchelka1954\r\n"
)


@pytest.fixture
def held(store: Store, accept: Callable[..., int]) -> list[int]:
    """Three held mails, two for one cause; without a broker, as after a crash."""
    raw_ids = [accept(f"X: {number}\r\n{MAIL}".encode()) for number in range(3)]
    adopt_new_mail(store)
    with store.write() as db:
        for raw_id, cause in zip(raw_ids, ("reading it takes more than 1 s", "died", "died"), strict=True):
            hold_mail(db, raw_id, cause, utc_now())
    return raw_ids


@pytest.fixture
def razbor(monkeypatch: pytest.MonkeyPatch, database_env: dict[str, str]) -> Iterator[Callable[..., Result]]:
    for name, value in database_env.items():
        monkeypatch.setenv(name, value)
    yield lambda *words: CliRunner().invoke(app, ["held", *words])
    structlog.reset_defaults()


def test_the_list_shows_no_secret_and_retry_says_how_many(
    held: list[int], razbor: Callable[..., Result]
) -> None:
    listed = razbor("list")
    lines = listed.stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(raw_id) for raw_id in reversed(held)]
    assert "Pchelka1954" not in listed.stdout
    assert "petr" not in listed.stdout
    assert "p***@shop.example" in lines[0]
    assert "[СКРЫТО:пароль] не подходит" in lines[0]
    assert "reading it takes more than 1 s" in lines[-1]
    (row,) = [
        json.loads(line) for line in razbor("list", "--json", "--cause", "MORE THAN").stdout.splitlines()
    ]
    assert (row["raw_id"], row["attempts"], row["sender"]) == (held[0], 0, "p***@shop.example")
    shown = razbor("show", str(held[0])).stdout
    assert "just now" in shown
    assert "0 times" in shown
    assert razbor("retry", str(held[0])).stdout == "1 mail waits to be read again\n"
    assert razbor("show", str(held[0])).exit_code == 1
    again = json.loads(razbor("retry", "--json", str(held[0]), str(held[1])).stdout)
    assert again == {"retried": 1, "not_held": [held[0]], "raw_gone": []}
    assert razbor("retry", "--cause", "died").stdout == "1 mail waits to be read again\n"
    assert razbor("list").stdout == "Nothing is held.\n"
    assert razbor("retry", "--all").stdout == "0 mails wait to be read again\n"
    assert razbor("retry").exit_code == 1


def test_many_are_retried_in_portions(
    store: Store, accept: Callable[..., int], razbor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.held.AT_ONCE", 2)
    raw_ids = [accept(b"Subject: %d\r\n\r\nx" % number) for number in range(5)]
    adopt_new_mail(store)
    with store.write() as db:
        for raw_id in raw_ids:
            hold_mail(db, raw_id, "died", utc_now())
    assert len(razbor("list").stdout.splitlines()) == 5
    assert razbor("retry", "--all").stdout == "5 mails wait to be read again\n"


def test_a_header_of_any_octets_gives_a_glance() -> None:
    assert glance(b"").subject == ""
    assert glance(b"\xff\x00" * GLANCE_BYTES).sender == ""
    assert glance(b"From: a@b.example\r\nSubject: " + b"=?utf-8?q?=D0=9F?= " * 50_000).sender == "a@b.example"
