"""The documentation names everything that it should name."""

from __future__ import annotations

import re
from pathlib import Path

from models.topics import ALL_QUEUES, Disposition, Status
from settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def test_every_setting_is_documented_with_its_default() -> None:
    rows = (ROOT / "docs" / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, f"{name} has no meaning"
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        shown = f"`{default}`" if default not in (None, "") else "empty"
        assert f"| `RAZBOR_{name.upper()}` | {shown} | {field.description} |" in rows, name


def test_architecture_names_every_queue_and_state() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    for word in (*Disposition, *Status):
        assert f"`{word}`" in text, word
    for queue in ALL_QUEUES:
        shown = "topic.<slug>" if queue.startswith("topic.") else queue
        assert f"`{shown}`" in text, queue


def test_every_decision_page_has_the_same_parts() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    assert pages
    for number, page in enumerate(pages, start=1):
        text = page.read_text()
        assert page.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert "**Decision.**" in text
        assert "**Why.**" in text


def test_every_line_of_the_smtp_conformance_names_a_test_that_exists() -> None:
    rows = [
        row
        for row in (ROOT / "docs" / "smtp-conformance.md").read_text().splitlines()
        if row.startswith("| ") and "| test |" not in row
    ]
    assert len(rows) > 40
    for row in rows:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)` \|$", row)
        assert len(named) == 1, row
        module, name = named[0]
        assert f"def {name}(" in (ROOT / "tests" / "intake" / module).read_text(), row


def test_every_fault_names_a_test_that_exists() -> None:
    rows = (ROOT / "tests" / "faults" / "README.md").read_text().splitlines()
    named = [re.findall(r"`(tests/\S+\.py)::(test_\w+)` \|$", row) for row in rows if row.startswith("| ")]
    shown = [found[0] for found in named if found]
    assert len(shown) == len(named) - 1 >= 25, "every row but the head of the table"
    for path, name in shown:
        assert f"def {name}(" in (ROOT / path).read_text(), name
