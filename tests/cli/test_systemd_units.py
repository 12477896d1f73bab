"""The systemd units run every part of `razbor serve`, with commands that exist; a release says what it is."""

from __future__ import annotations

import configparser
import os
import re
from pathlib import Path

import pytest
from typer.main import get_command

from cli import built_from
from cli.faults import ConfigError
from cli.inherited_socket import inherited_socket
from cli.main import app
from cli.parts import console_part, listener_part, working_parts
from settings import Settings

UNITS = Path(__file__).parents[2] / "docs" / "systemd"


def _service(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        (name, value)
        for line in lines
        if not line.startswith("#") and "=" in line
        for name, _, value in [line.partition("=")]
    ]


def test_every_part_has_a_unit_and_the_target_wants_it(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    parts = [listener_part(settings), console_part(settings), *working_parts()]
    names = {f"razbor-{part.argv[3]}.service" for part in parts}
    assert {path.name for path in UNITS.glob("*.service")} == names
    target = configparser.ConfigParser(interpolation=None)
    target.read(UNITS / "razbor.target")
    assert set(target["Unit"]["Wants"].split()) == names | {"razbor-listen.socket"}


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.service")), ids=lambda path: path.stem)
def test_commands_of_a_unit_exist(path: Path) -> None:
    lines = _service(path)
    commands = [value.split()[1:] for name, value in lines if name in {"ExecStart", "ExecStartPre"}]
    assert commands[0] == ["migrate"]
    for name, *words in commands:
        command = get_command(app).commands[name]
        command.make_parser(command.make_context(name, list(words), resilient_parsing=True)).parse_args(words)
    stop = int(dict(lines)["TimeoutStopSec"])
    grace = {
        part.argv[3]: part.stop_grace_s
        for part in [
            listener_part(Settings(_env_file=None)),
            *working_parts(),
            console_part(Settings(_env_file=None)),
        ]
    }
    assert stop >= grace[path.stem.removeprefix("razbor-")]


def test_the_version_names_the_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(?: \([0-9a-f]{12}(-dirty)?\))?", built_from.full_version())
    (tmp_path / "commit.txt").write_text("0123456789ab\n")
    monkeypatch.setattr(built_from, "COMMIT_FILE", tmp_path / "commit.txt")
    assert built_from.full_version().endswith(" (0123456789ab)")
    monkeypatch.setattr(built_from, "COMMIT_FILE", tmp_path / "nothing" / "commit.txt")
    assert re.fullmatch(r"\d+\.\d+\.\d+", built_from.full_version())


def test_only_one_listening_socket_for_this_process_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Descriptor 3 belongs to the test runner, so only what is refused before it is touched can be shown."""
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "2")
    with pytest.raises(ConfigError, match="one ListenStream="):
        inherited_socket()
    assert "LISTEN_PID" not in os.environ, "no child may take it for its own"
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert inherited_socket() is None
    assert inherited_socket() is None


def test_the_socket_unit_listens_where_the_listener_would() -> None:
    unit = dict(_service(UNITS / "razbor-listen.socket"))
    assert unit["ListenStream"].rpartition(":")[2] == str(Settings(_env_file=None).smtp_port)
    assert dict(_service(UNITS / "razbor-listen.service"))["Requires"] == "razbor-listen.socket"
