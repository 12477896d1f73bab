"""Every `razbor` command and every setting in docs/operations.md exists, and the runbook is complete."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from typer.main import get_command

from cli.main import app
from settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TYPED = sorted(
    {
        found[1]
        for block in BLOCKS
        for line in block.splitlines()
        if (
            found := re.match(r"^(?:RAZBOR_\w+=\S+ )*(?:sudo \S+ (?:-u razbor )?)?(?:\S+/)?razbor (.*)", line)
        )
    }
)


def test_the_page_is_read() -> None:
    assert len(TYPED) > 25
    assert {words.split()[0] for words in TYPED} >= {
        "doctor",
        "backup",
        "restore",
        "keys",
        "person",
        "retention",
    }


@pytest.mark.parametrize("words", TYPED)
def test_commands_of_the_page_exist(words: str) -> None:
    command: click.Command = get_command(app)
    left = shlex.split(words.partition(" | ")[0], comments=True)
    while isinstance(command, click.Group):
        name = left.pop(0)
        assert name in command.commands, f"no `razbor {words}`"
        command = command.commands[name]
    context = click.Context(command, info_name=words)
    command.parse_args(context, list(left))


def test_every_variable_of_the_page_is_a_setting() -> None:
    known = {f"RAZBOR_{name.upper()}" for name in Settings.model_fields}
    known.add("RAZBOR_COMPILED")  # of the build, not of the program
    assert set(re.findall(r"RAZBOR_[A-Z_]+[A-Z]", PAGE)) <= known


def test_what_a_runbook_needs_has_a_section() -> None:
    heads = {line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")}
    for wanted in ("Install", "Upgrade", "Scale", "incident", "keys", "Erasing a person", "Backup"):
        assert any(wanted.lower() in head.lower() for head in heads), wanted
