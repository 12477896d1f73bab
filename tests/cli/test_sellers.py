"""`razbor sellers import`: addresses are bound, faults name their line, nothing is half done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import pytest
from typer.testing import CliRunner

from cli.main import app
from models.store import Store
from models.store.sellers import Binding, all_bindings

GOOD = """\ufeffseller_id;addresses;marketplace;role
2457831;boss@shop.example;ozon;admin
2457831;anna@shop.example helper@shop.example;ozon;employee
1887342;@agency.example;wb;agency
"""


class Run(Protocol):
    """Imports a file of this text; answers the exit status and the output."""

    def __call__(self, text: str, *words: str) -> tuple[int, str]: ...


@pytest.fixture
def run(database_env: dict[str, str], store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    for name, value in database_env.items():
        monkeypatch.setenv(name, value)

    def import_file(text: str, *words: str) -> tuple[int, str]:
        path = tmp_path / "sellers.csv"
        path.write_text(text, encoding="utf-8")
        result = CliRunner().invoke(app, ["sellers", "import", str(path), *words])
        return result.exit_code, result.output + str(result.exception or "")

    return import_file


def test_import_binds_addresses_and_domains(run: Run, store: Store) -> None:
    code, output = run(GOOD, "--json")
    assert code == 0, output
    assert json.loads(output)["added"] == 4
    with store.read() as db:
        assert all_bindings(db) == [
            Binding(address="@agency.example", seller_id="1887342", marketplace="wb", role="agency"),
            Binding(address="anna@shop.example", seller_id="2457831", marketplace="ozon", role="employee"),
            Binding(address="boss@shop.example", seller_id="2457831", marketplace="ozon", role="admin"),
            Binding(address="helper@shop.example", seller_id="2457831", marketplace="ozon", role="employee"),
        ]
    assert "4 as they were" in run(GOOD)[1]


def test_a_cell_with_line_breaks_and_a_column_of_domains(run: Run, store: Store) -> None:
    text = 'seller_id,addresses,domains,role\n1,"a@b.example\r\nc@d.example",b.example @d.example,admin\n'
    assert run(text)[0] == 0
    with store.read() as db:
        bound = [(binding.address, binding.role) for binding in all_bindings(db, seller_id="1")]
    assert bound == [(name, "admin") for name in ("@b.example", "@d.example", "a@b.example", "c@d.example")]


def test_dry_run_writes_nothing(run: Run, store: Store) -> None:
    assert "4 added" in run(GOOD, "--dry-run")[1]
    with store.read() as db:
        assert all_bindings(db) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seller_id,role\n1,admin\n", "lacks the column addresses"),
        ("seller_id,addresses\n2457831,not-an-address\n", "line 2: 'not-an-address' is no address"),
        ("seller_id,addresses,role\n2457831,a@b.example,king\n", "role 'king' is unknown"),
        ("seller_id,addresses\n,a@b.example\n", "line 2: '' is no seller id"),
        (
            "seller_id,addresses\n1,a@b.example\n2,a@b.example\n",
            "line 3: a@b.example already stands with seller 1",
        ),
        (
            "seller_id,addresses,role\n1,a@b.example,employee\n1,a@b.example,admin\n",
            "line 3: a@b.example already stands with seller 1 (unknown, employee)",
        ),
        ('seller_id,addresses\n1,"a@b.example\n2,c@d.example\n', "line 3: '2' is no address"),
    ],
)
def test_faults_name_their_line(run: Run, store: Store, text: str, says: str) -> None:
    code, output = run(text)
    assert code != 0
    assert says in output
    with store.read() as db:
        assert all_bindings(db) == []


def test_a_seller_is_changed_only_on_demand(run: Run, store: Store) -> None:
    run(GOOD)
    moved = "seller_id,addresses\n999,boss@shop.example\n"
    assert "--replace" in run(moved)[1]
    assert run(moved, "--replace")[0] == 0
    with store.read() as db:
        assert [b.address for b in all_bindings(db, seller_id="999")] == ["boss@shop.example"]
