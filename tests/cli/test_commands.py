"""The command line itself: help is quick, settings are complete, known faults are one line."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click import Command, Group
from typer.main import get_command

from cli.faults import ConfigError, KnownError, describe_fault
from cli.log_setup import mask_addresses
from cli.main import app
from cli.show_settings import MASK, setting_rows
from cli.worker import queue_names
from models.topics import ALL_QUEUES
from settings import Settings
from tests.warm_command import warm_razbor

ROOT = Path(__file__).parents[2]
HELP_BUDGET_S = 0.5
HEAVY = ("sqlalchemy", "celery", "sklearn", "numpy", "pydantic", "structlog", "redis", "rich")


def razbor(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAZBOR_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=ROOT,
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def warm(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command as `razbor` does, without the cost of a start."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAZBOR_")}
    return warm_razbor(*words, env={**clean, **env})


def all_commands() -> list[tuple[str, ...]]:
    def walk(command: Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        below = command.commands.items() if hasattr(command, "commands") else ()
        return [path, *(found for name, child in below for found in walk(child, (*path, name)))]

    return walk(get_command(app), ())


def test_help_is_quick() -> None:
    spent_s = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert razbor("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Processor time: the other half of the suite runs beside this, so the clock says little.
        spent_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent_s) < HELP_BUDGET_S


def test_help_loads_nothing_heavy() -> None:
    source = f"import sys; import cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", all_commands(), ids=lambda path: " ".join(path) or "razbor")
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    command = get_command(app)
    for name in path:
        assert isinstance(command, Group) or hasattr(command, "commands")
        command = command.commands[name]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None) or parameter.name in {"help", "_version"}, parameter.name


def test_version() -> None:
    assert razbor("--version").stdout.startswith("razbor ")


def test_settings_lists_every_field_and_masks_secrets() -> None:
    done = warm(
        "settings",
        "--json",
        RAZBOR_SECRET_KEY="hush",
        RAZBOR_RELAY_URL="smtp://me:pa55@mx.example:587",
        RAZBOR_DATABASE_URL="postgresql://razbor:pa55word@db/razbor",
        RAZBOR_SMTP_PORT="2525",
    )
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == set(Settings.model_fields)
    assert all(row["meaning"] and row["env"] == f"RAZBOR_{name.upper()}" for name, row in rows.items())
    assert (rows["smtp_port"]["value"], rows["smtp_port"]["default"]) == ("2525", "8025")
    assert rows["secret_key"]["value"] == MASK
    assert rows["relay_url"]["value"] == f"smtp://me:{MASK}@mx.example:587"
    assert not {"hush", "pa55", "pa55word"} & set(done.stdout.replace('"', " ").replace(":", " ").split())
    assert "pa55" not in warm("settings", RAZBOR_BROKER_URL="redis://:pa55@h:1/0").stdout


def test_settings_rows_show_values_as_they_would_be_set() -> None:
    rows = {row.name: row.value for row in setting_rows(Settings(_env_file=None))}
    assert rows["log_json"] == "false"
    assert rows["smtp_tls_cert"] == ""
    assert rows["mailboxes"].split(",")[0] == "support@razbor.local"


@pytest.mark.parametrize(
    ("env", "words", "exit_code"),
    [
        ({"RAZBOR_SMTP_PORT": "many"}, "RAZBOR_SMTP_PORT", 78),
        ({"RAZBOR_LEASE_S": "1"}, "RAZBOR_LEASE_S", 78),
        ({"RAZBOR_DATABASE_URL": "mysql://x"}, "RAZBOR_DATABASE_URL", 78),
    ],
)
def test_a_bad_setting_is_one_line_with_its_name(env: dict[str, str], words: str, exit_code: int) -> None:
    done = warm("listen", **env)
    assert done.returncode == exit_code
    assert len(done.stderr.strip().splitlines()) == 1
    assert words in done.stderr


def test_worker_without_broker_names_the_remedy(tmp_path: Path) -> None:
    done = warm("worker", RAZBOR_DATA_DIR=str(tmp_path))
    assert done.returncode == 78
    assert "is `razbor serve` running" in done.stderr
    assert "Traceback" not in done.stderr


def test_unforeseen_errors_keep_their_traceback() -> None:
    assert describe_fault(RuntimeError("bug")) is None
    assert describe_fault(ValueError("bug")) is None
    assert describe_fault(KnownError("mend it")) == ("mend it", 1)
    assert describe_fault(ConfigError("set it")) == ("set it", 78)
    described = describe_fault(PermissionError(13, "Permission denied", "/x/y"))
    assert described is not None
    assert described[0].startswith("/x/y: Permission denied")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", list(ALL_QUEUES)),
        ("read", ["read"]),
        ("outbound, upkeep,outbound", ["outbound", "upkeep"]),
        ("topic.*", [name for name in ALL_QUEUES if name.startswith("topic.")]),
        ("topic.my_own", ["topic.my_own"]),
    ],
)
def test_queue_names(given: str, expected: list[str]) -> None:
    assert queue_names(given) == expected


def test_an_unknown_queue_is_refused() -> None:
    with pytest.raises(ConfigError, match="'raed'"):
        queue_names("raed")


def test_log_events_hide_addresses() -> None:
    event = {"event": "bounce of maria.l+x@lavka-uyut.example", "count": 3, "who": "no address"}
    assert mask_addresses(None, "info", event) == {
        "event": "bounce of m***@lavka-uyut.example",
        "count": 3,
        "who": "no address",
    }


@pytest.mark.parametrize("json_lines", [True, False])
def test_no_secret_of_an_exception_reaches_the_log(json_lines: bool) -> None:
    program = (
        "import structlog\n"
        "from cli.log_setup import configure_logging\n"
        f"configure_logging('INFO', json_lines={json_lines})\n"
        "log = structlog.get_logger('x')\n"
        "try:\n    int('password=Pchelka1954 of masha@shop.example')\n"
        "except ValueError:\n    log.exception('failed', note='card 4276 8535 3571 3227', n=7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert "ValueError" in done.stderr
    for secret in ("Pchelka1954", "masha@", "8535"):
        assert secret not in done.stderr
