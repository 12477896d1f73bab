"""One small model for all tests of this room: a part of the mails, requests and letters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from classifier.dataset import Example, load_corpus, phrase_examples
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
def few_letters(letters: list[Example]) -> list[Example]:
    return letters[::8]


@pytest.fixture(scope="session")
def small_material(few_letters: list[Example]) -> Callable[[pytest.MonkeyPatch], None]:
    """What `trained` learns beside its mails, to be put in place of the whole."""
    some = phrase_examples()[1::3]

    def put(patch: pytest.MonkeyPatch) -> None:
        patch.setattr("classifier.material.letter_examples", lambda: few_letters)
        patch.setattr("classifier.material.phrase_examples", lambda: some)

    return put


@pytest.fixture(scope="session")
def trained(
    few_examples: list[Example],
    small_material: Callable[[pytest.MonkeyPatch], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> TrainedModel:
    """A small model, trained once per run."""

    def make() -> TrainedModel:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("classifier.network.EPOCHS", 3)  # enough for what is tested here, in less time
            patch.setattr("classifier.train.FOLDS", 3)
            small_material(patch)
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
