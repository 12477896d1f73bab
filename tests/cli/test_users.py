"""`razbor users`: somebody can always administer the console."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.main import app
from models.store import Store
from models.store.people import add_person, people
from tests.console.conftest import on_sqlite


@on_sqlite
def test_the_last_administrator_stays(
    database_env: dict[str, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in database_env.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["users", *words])
        return result.output + str(result.exception or "")

    with store.write() as db:
        add_person(db, "anna", password_hash="-", role="admin")
        add_person(db, "boris", password_hash="-", role="admin")
        add_person(db, "wei", password_hash="-", role="operator")
    assert "boris may no longer log in" in run("disable", "boris")
    assert "last administrator" in run("disable", "anna"), "boris is an administrator, but kept out"
    assert "last administrator" in run("role", "anna", "lead")
    assert "wei is admin now" in run("role", "wei", "admin")
    assert "anna is lead now" in run("role", "anna", "lead")
    assert "wei is admin now" in run("role", "wei", "admin"), "to stay what one is takes nothing away"
    assert "boris may log in again" in run("disable", "--undo", "boris")
    with store.read() as db:
        assert {one.login: (one.role, one.active) for one in people(db)} == {
            "anna": ("lead", True),
            "boris": ("admin", True),
            "wei": ("admin", True),
        }
