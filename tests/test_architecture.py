"""The layout says what it is: rooms, names, sizes, docstrings."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = set(PYPROJECT["tool"]["importlinter"]["root_packages"])
NO_ROOMS = {"tests", "docs", "benchmarks", "requirements", "var"}  # folders that are no rooms of the product
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
BANNED_NAMES = {"utils", "helpers", "manager", "base", "common", "misc"}
STDLIB_TRAPS = {"email", "queue", "calendar", "statistics", "types", "logging", "select"}


def test_every_top_level_folder_is_a_listed_room() -> None:
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and not path.name.endswith(".egg-info")
    }
    assert folders - NO_ROOMS - {"build", "dist"} == ROOMS
    packaged = {name.rstrip("*") for name in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert packaged == ROOMS
    assert set(PYPROJECT["tool"]["mypy"]["packages"]) == ROOMS


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a module docstring says what comes in and what goes out"
    assert path.stem not in BANNED_NAMES, "a module is named for its idea"
    assert path.stem not in STDLIB_TRAPS, "the name shadows a standard module"
    if "migrations" not in path.parts:
        lines = path.read_text().count("\n")
        assert lines <= 320, f"{lines} lines: two ideas in one room?"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 70, f"{node.name} has {length} lines: split it by idea"


def test_lock_files_name_no_host() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text, f"{lock.name} names a host"
        pinned = re.findall(r"^[a-z0-9_.-]+==", text, re.MULTILINE)
        assert len(pinned) > {"tracing.txt": 10, "compile.txt": 7}.get(lock.name, 20)
        assert text.count("--hash=sha256:") >= len(pinned)
