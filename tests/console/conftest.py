"""The console over a real store, with the acts of the workers, asked through HTTP without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cli.desk_acts import DeskActs
from console.app import create_app
from console.context import Console, ConsoleOptions
from console.counted import CountsShelf
from console.figures_shelf import FiguresShelf
from console.guard import SESSION_COOKIE, token_hash
from models.store import Store
from models.store.people import add_person, open_session, people
from tests.workers.canned_training import open_school
from tests.workers.conftest import Desk

ORIGIN = "http://testserver"


class Web:
    """A browser without a screen: who is logged in, and the token that forms carry."""

    def __init__(self, desk: Desk, **options: Any) -> None:
        self.desk = desk
        acts = DeskActs(desk.service)
        self.console = Console(
            store=desk.store,
            desk=acts,
            options=ConsoleOptions(**options),
            counts=CountsShelf(kept_s=0, stale_s=0),
            figures=FiguresShelf(stale_s=0),
        )
        self.app = create_app(self.console)
        self.client = TestClient(self.app, base_url=ORIGIN, follow_redirects=False)
        self.csrf, self.entered = "", 0

    def enter(self, role: str = "operator", login: str = "", language: str = "en") -> str:
        """Log a person of a role in without a password; return the session's token."""
        login = login or role
        self.entered += 1
        token, self.csrf = f"session-{self.entered}-of-{login}", f"csrf-of-{login}"
        with self.desk.store.write() as db:
            known = {person.login: person.id for person in people(db)}
            number = known.get(login) or add_person(
                db, login, password_hash="-", role=role, language=language
            )
            open_session(
                db,
                number,
                token_hash=token_hash(token),
                csrf_token=self.csrf,
                now_utc=self.desk.now,
            )
        self.client.cookies.clear()
        self.client.cookies.set(SESSION_COOKIE, token)
        return token

    def get(self, address: str, **headers: str) -> Any:
        return self.client.get(address, headers=headers)

    def post(self, address: str, fields: dict[str, Any] | None = None, **headers: str) -> Any:
        sent = {"csrf": self.csrf, **(fields or {})}
        return self.client.post(address, data=sent, headers={"Origin": ORIGIN, **headers})


@pytest.fixture
def desk(store: Store, accept: Callable[..., int]) -> Desk:
    return Desk(store, accept)


@pytest.fixture
def web(desk: Desk) -> Iterator[Web]:
    made = Web(desk)
    with made.client:
        yield made


@pytest.fixture
def school(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return open_school(monkeypatch)


def on_sqlite(test: Any) -> Any:
    """Run a test on SQLite only: what it looks at does not depend on the engine."""
    return pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)(test)
