"""The commands that print data keep their contracts (design 13): `--json` gives these keys, nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.corpus_mail import render
from models.topics import SLUGS
from tests.warm_command import warm_razbor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ROOT = Path(__file__).resolve().parents[2]
READ_KEYS = {
    "file",
    "message_id",
    "in_reply_to",
    "references",
    "date",
    "from",
    "reply_to",
    "to",
    "subject",
    "kind",
    "language",
    "text",
    "quoted",
    "signature",
    "attachments",
    "ticket_ids",
    "entities",
    "redacted",
    "authentication",
    "warnings",
}
TRIAGE_KEYS = READ_KEYS | {
    "topic",
    "confidence",
    "decision",
    "probabilities",
    "reasons",
    "missing",
    "how_to",
    "priority",
    "reply",
    "model",
}


@pytest.fixture(scope="module")
def desk_env(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A data folder with a champion and no mail."""
    folder = tmp_path_factory.mktemp("commands")
    shutil.copy(trained_folder / "razbor.db", folder / "razbor.db")
    env = {key: value for key, value in os.environ.items() if not key.startswith("RAZBOR_")}
    env |= {"RAZBOR_DATA_DIR": str(folder), "RAZBOR_SMTP_PORT": "0"}
    absent = razbor(env, "status")
    assert absent.returncode != 0
    assert "intake.db" in absent.stderr, "a missing file of raw mail is named"
    assert razbor(env, "migrate").returncode == 0
    return env


def razbor(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return warm_razbor(*words, env=env, timeout_s=200)


def cold_razbor(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Start an interpreter of its own for the command."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *words], env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )


def json_lines(done: subprocess.CompletedProcess[str]) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def dev_mails(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Every eighth mail of the dev part as a file: path -> corpus row."""
    folder = tmp_path_factory.mktemp("dev")
    mails = {}
    lines = (ROOT / "classifier" / "corpus" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines[::8]:
        row = json.loads(line)
        path = folder / f"{row['id']}.eml"
        path.write_bytes(render(row))
        mails[str(path)] = row
    return mails


def test_read_gives_the_contract_for_every_file_and_an_answer_for_one_that_cannot_be_opened(
    desk_env: dict[str, str], dev_mails: dict[str, dict]
) -> None:
    """Where all files can be opened it ends with 0: `test_secrets_stay_raw`."""
    done = razbor(desk_env, "read", "--json", "/nowhere/a.eml", *dev_mails)
    assert done.returncode == 1
    absent, *answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert absent["file"] == "/nowhere/a.eml"
    assert "error" in absent
    assert [answer["file"] for answer in answers] == list(dev_mails)
    for answer in answers:
        assert answer.keys() >= READ_KEYS
        row = dev_mails[answer["file"]]
        assert answer["subject"].split() == row["subject"].split()
        for entity in answer["entities"]:
            assert entity.keys() >= {"type", "text", "value", "where", "start", "end"}


def test_triage_answers_every_mail(desk_env: dict[str, str], dev_mails: dict[str, dict]) -> None:
    answers = json_lines(cold_razbor(desk_env, "triage", "--json", *dev_mails))
    assert [answer["file"] for answer in answers] == list(dev_mails)
    for answer in answers:
        assert answer.keys() >= TRIAGE_KEYS
        assert answer["topic"] in SLUGS
        assert answer["decision"] in {"route", "review", "auto", "quarantine", "hold"}
        assert set(answer["probabilities"]) == set(SLUGS)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        if answer["reply"] is not None:
            assert answer["reply"].keys() == {"language", "subject", "text"}
        if answer["decision"] == "route" and answer["language"] in {"ru", "zh", "en"} and answer["reply"]:
            assert answer["reply"]["language"] == answer["language"]


def test_status_journal_tickets_and_models_of_an_idle_desk(desk_env: dict[str, str]) -> None:
    (status,) = json_lines(razbor(desk_env, "status", "--json"))
    assert status.keys() >= {"accepted", "in_flight", "dispositions", "outbox", "model", "queues", "work_due"}
    assert status["queues"] is None, "no broker is running"
    assert status["accepted"] == 0
    assert json_lines(razbor(desk_env, "export", "journal", "--json")) == []
    assert json_lines(razbor(desk_env, "tickets", "list", "--json")) == []
    assert json_lines(razbor(desk_env, "held", "list", "--json")) == []
    (version,) = json_lines(razbor(desk_env, "models", "list", "--json"))
    assert version["state"] == "champion"
    assert version["name"] == status["model"]


def test_retraining_on_unchanged_data_says_so(desk_env: dict[str, str]) -> None:
    (answer,) = json_lines(razbor(desk_env, "train", "--json"))
    assert answer["result"] == "unchanged"


def test_evaluate_gives_the_contract(
    desk_env: dict[str, str], dev_mails: dict[str, dict], tmp_path: Path
) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in dev_mails.values()), encoding="utf-8"
    )
    (scores,) = json_lines(razbor(desk_env, "evaluate", "--json", "--champion", str(path)))
    assert scores["n"] == len(dev_mails)
    assert scores["topic"].keys() >= {
        "accuracy",
        "macro_f1",
        "ece",
        "coverage_at_target",
        "precision_at_coverage",
        "per_language",
        "per_topic",
        "confusion",
    }
    assert scores["entities"]["micro_f1"] > 0.85
    assert scores["missing"]["exact"] > 0.7


def test_commands_say_what_to_do_when_there_is_no_database(tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("RAZBOR_")}
    done = razbor(env | {"RAZBOR_DATA_DIR": str(tmp_path / "empty")}, "status", "--json")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "razbor serve" in done.stderr
