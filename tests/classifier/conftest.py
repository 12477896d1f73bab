"""One small model for all tests of this room: every fourth mail of the train part, requests, some letters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifier.dataset import Example, letter_examples, load_corpus, phrase_examples
from classifier.train import TrainedModel, train
from tests.once_per_run import once_per_run

CORPUS = Path(__file__).parent.parent.parent / "classifier" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    return CORPUS


@pytest.fixture(scope="session")
def train_examples() -> list[Example]:
    return load_corpus([CORPUS / "train.jsonl"])


@pytest.fixture(scope="session")
def few_examples(train_examples: list[Example]) -> list[Example]:
    return train_examples[::4]


@pytest.fixture(scope="session")
def few_letters() -> list[Example]:
    return letter_examples()[::8]


@pytest.fixture(scope="session")
def trained(
    few_examples: list[Example], few_letters: list[Example], tmp_path_factory: pytest.TempPathFactory
) -> TrainedModel:
    """A small model, trained once per run."""

    def make() -> TrainedModel:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("classifier.network.EPOCHS", 3)  # enough for what is tested here, in less time
            patch.setattr("classifier.material.letter_examples", lambda: few_letters)
            return train(few_examples)

    return once_per_run(tmp_path_factory, "trained-on-few", make)


@pytest.fixture
def few_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out most phrases and all letters where a training is only about its course."""
    some = phrase_examples()[::10]
    monkeypatch.setattr("classifier.material.phrase_examples", lambda: some)
    monkeypatch.setattr("classifier.material.letter_examples", list)
    monkeypatch.setattr("classifier.network.EPOCHS", 1)


@pytest.fixture(scope="session")
def a_row() -> dict[str, object]:
    first: dict[str, object] = json.loads((CORPUS / "train.jsonl").open(encoding="utf-8").readline())
    return first
