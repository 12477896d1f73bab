"""Conversations from the first mail to the close, played as they are written (rules R1-R66, A1-A20)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store import Store
from tests.conftest import Accept
from tests.scenarios.expectations import play
from tests.scenarios.stage import Stage
from tests.workers.conftest import FakeRelay

FOLDER = Path(__file__).parent / "conversations"
FILES = sorted(FOLDER.glob("*.toml"))


@pytest.fixture
def database_env(tmp_path: Path) -> dict[str, str]:
    """On SQLite only: what a conversation shows does not depend on the engine."""
    (tmp_path / "var").mkdir()
    return {"RAZBOR_DATA_DIR": str(tmp_path / "var")}


@pytest.fixture(scope="module")
def module_relay() -> Iterator[FakeRelay]:
    server = FakeRelay()
    yield server
    server.stop()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation(path: Path, store: Store, accept: Accept, module_relay: FakeRelay) -> None:
    scenario = tomllib.loads(path.read_text(encoding="utf-8"))
    module_relay.mails.clear()
    module_relay.answers.clear()
    module_relay.at_rcpt.clear()
    stage = Stage(store, accept, module_relay, options=scenario.get("options", {}))
    stage.prepare(scenario)
    for step in scenario["step"]:
        play(stage, step)


def test_every_rule_has_a_conversation() -> None:
    """R1-R66 of the seeds and A1-A20 of the automatic replies: a number that no file names is missing."""
    named = {rule for path in FILES for rule in tomllib.loads(path.read_text(encoding="utf-8"))["rules"]}
    wanted = [*(f"R{number}" for number in range(1, 67)), *(f"A{number}" for number in range(1, 21))]
    assert [rule for rule in wanted if rule not in named] == []
    assert named <= set(wanted), "a rule that does not exist"


def test_there_are_enough_conversations_in_three_languages() -> None:
    assert len(FILES) >= 60
    written = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    assert all(written.count(f'language = "{language}"') >= 5 for language in ("zh", "en"))


def test_titles_tell_the_conversations_apart() -> None:
    titles = [tomllib.loads(path.read_text(encoding="utf-8"))["title"] for path in FILES]
    assert len(set(titles)) == len(titles)
