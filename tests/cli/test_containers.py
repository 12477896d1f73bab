"""Dockerfile and docker-compose.yml run what `razbor serve` runs: commands, queues, known settings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from cli.parts import console_part, listener_part, working_parts
from cli.worker import queue_names
from models.topics import ALL_QUEUES
from settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SERVERS = {"redis", "postgres"}
ONE_SHOTS = {"migrate", "model"}


def blocks(text: str, indent: int) -> dict[str, str]:
    """Split the mapping at an indentation into its keys; enough for the plain YAML of this one file."""
    pad = " " * indent
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if match := re.fullmatch(rf"{pad}([\w-]+):(.*)", line):
            name = match[1]
            found[name] = [match[2]]
        elif name and (not line.strip() or line.startswith(pad + " ")):
            found[name].append(line)
        elif line.strip():
            name = ""
    return {key: "\n".join(lines) for key, lines in found.items()}


SERVICES = blocks(blocks(COMPOSE, 0)["services"], 2)
TEMPLATES = blocks(COMPOSE, 0)


def command_of(service: str) -> list[str]:
    words: list[str] = json.loads(blocks(SERVICES[service], 4)["command"])
    return words


def test_the_reader_sees_all_services() -> None:
    assert {
        "listener",
        "worker-read",
        "worker-topics",
        "worker-outbound",
        "beat",
        "console",
    } | ONE_SHOTS | SERVERS == set(SERVICES)


@pytest.mark.parametrize("service", sorted(set(SERVICES) - SERVERS))
def test_commands_exist_with_their_options(service: str) -> None:
    name, *words = command_of(service)
    command = get_command(app).commands[name]
    command.make_parser(command.make_context(name, list(words), resilient_parsing=True)).parse_args(
        list(words)
    )


def test_serve_and_containers_run_the_same_parts(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    served = {part.argv[3] for part in [listener_part(settings), console_part(settings), *working_parts()]}
    contained = {command_of(service)[0] for service in set(SERVICES) - SERVERS - ONE_SHOTS}
    assert served == contained


def test_the_workers_together_consume_every_queue_once() -> None:
    workers = [command_of(service) for service in SERVICES if service.startswith("worker-")]
    consumed = [queue for words in workers for queue in queue_names(words[words.index("--queues") + 1])]
    assert sorted(consumed) == sorted(ALL_QUEUES)


@pytest.mark.parametrize("service", sorted(set(SERVICES) - ONE_SHOTS))
def test_services_that_stay_have_a_health_check_and_restart(service: str) -> None:
    block = SERVICES[service] + "".join(
        TEMPLATES[f"x-{name}"] for name in re.findall(r"^    <<: \*(\w+)", SERVICES[service], re.MULTILINE)
    )
    block += TEMPLATES["x-razbor"] if "<<: *razbor" in block else ""
    assert "healthcheck:" in block
    assert "restart: unless-stopped" in block


def test_one_shots_do_not_restart() -> None:
    assert all('restart: "no"' in SERVICES[service] for service in ONE_SHOTS)


def test_every_variable_is_a_setting() -> None:
    known = {f"RAZBOR_{name.upper()}" for name in Settings.model_fields} | {
        "RAZBOR_SMTP_PUBLISH",
        "RAZBOR_CONSOLE_PUBLISH",
        "RAZBOR_COMPILED",  # of the build, not of the program
    }
    assert set(re.findall(r"RAZBOR_[A-Z_]+", COMPOSE + DOCKERFILE)) - {"RAZBOR_"} <= known


def test_the_image_is_locked_and_unprivileged() -> None:
    assert "--require-hashes -r requirements/runtime.txt" in DOCKERFILE
    assert "--no-build-isolation" in DOCKERFILE
    assert re.search(r"^USER razbor$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*razbor.*alive", DOCKERFILE, re.MULTILINE)
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for copied in ("pyproject.toml", "requirements"):
        assert copied in kept
    packages = json.loads(
        "["
        + re.search(r"include = \[(.*?)\]", (ROOT / "pyproject.toml").read_text())[1].replace("*", "")  # type: ignore[index]  # the line is there
        + "]"
    )
    assert set(packages) <= kept
