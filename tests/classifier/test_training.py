"""Training: deterministic, honest about its mails, and good enough on mails that it never saw."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from classifier.dataset import Example, load_corpus
from classifier.documents import Document
from classifier.evaluate import Judged, score_topics
from classifier.train import TrainedModel, train
from models.topics import SLUGS


def test_one_topic_cannot_be_trained() -> None:
    examples = [
        Example(id=str(i), document=Document(text=f"письмо {i}"), topic="other", group=str(i))
        for i in range(5)
    ]
    with pytest.raises(ValueError, match="two topics at least"):
        train(examples)


@pytest.mark.usefixtures("few_phrases")
def test_progress_rises_to_one(few_examples: list[Example]) -> None:
    told: list[tuple[float, str]] = []
    train(few_examples[::6], progress=lambda share, stage: told.append((share, stage)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert told[-1] == (1.0, "done")
    assert len({stage for _, stage in told}) >= 7


def test_two_topics_of_ones_own_are_enough() -> None:
    """A desk's own topics: no phrases, a handful of mails, never routed alone."""
    texts = {"garden": "роза тюльпан клумба полив {}", "kitchen": "плита сковорода духовка чайник {}"}
    examples = [
        Example(
            id=f"{topic}{i}",
            document=Document(text=text.format("очень " * i)),
            topic=topic,
            group=f"{topic}{i}",
        )
        for topic, text in texts.items()
        for i in range(8)
    ]
    model = train(examples).model
    prediction = model.predict([Document(text="полив клумбы с розами", language="ru")])[0]
    assert prediction.topic == "garden"
    assert not prediction.sure
    assert prediction.spam_probability == 0
    assert sum(prediction.probabilities.values()) == pytest.approx(1)
    assert set(prediction.probabilities) == set(SLUGS) | {"garden", "kitchen"}


def test_what_a_model_says_of_itself(trained: TrainedModel, few_examples: list[Example]) -> None:
    assert set(trained.metrics) >= {
        "accuracy",
        "macro_f1",
        "ece",
        "coverage_at_target",
        "per_language",
        "per_topic",
    }
    assert 0.8 < trained.metrics["accuracy"] < 0.97
    assert trained.parameters["mails"] == len(few_examples)
    assert trained.environment["scikit-learn"]
    assert trained.thresholds.target == 0.98


def judged(model_examples: Sequence[Example], trained: TrainedModel) -> list[Judged]:
    predictions = trained.model.predict([example.document for example in model_examples])
    return [
        Judged(topic=example.topic, language=example.document.language, prediction=prediction)
        for example, prediction in zip(model_examples, predictions, strict=True)
    ]


@pytest.mark.slow
def test_mails_never_seen(corpus: Path, trained_on_train: TrainedModel) -> None:
    """The floor for the dev part, with a model of the train part alone (docs/quality.md has the figures)."""
    figures = score_topics(judged(load_corpus([corpus / "dev.jsonl"]), trained_on_train), target=0.98)
    assert figures["accuracy"] >= 0.89
    assert figures["macro_f1"] >= 0.89
    assert all(part["accuracy"] >= 0.88 for part in figures["per_language"].values())
    assert figures["coverage_at_target"] >= 0.6
    assert figures["precision_at_coverage"] >= 0.96
    assert figures["ece"] <= 0.05


@pytest.mark.slow
def test_one_mail_is_scored_quickly(corpus: Path, trained_on_train: TrainedModel) -> None:
    examples = [e for e in load_corpus([corpus / "dev.jsonl"]) if 500 < len(e.document.text) < 1000]
    model = trained_on_train.model
    model.predict([example.document for example in examples])
    times_s = []
    for example in examples:
        began = time.process_time()
        model.predict([example.document])
        times_s.append(time.process_time() - began)
    assert statistics.median(times_s) < 0.01  # about 2 ms alone, with reasons
