"""The training child: what comes out is a usable model; what it cannot do it says."""

from __future__ import annotations

import hashlib

import pytest

from classifier.artifact import held_out_of, load
from classifier.dataset import Example
from classifier.documents import Document
from workers.training_child import TrainingError, train_apart

TEXTS = {"garden": "роза тюльпан клумба полив {}", "kitchen": "плита сковорода духовка чайник {}"}


def examples() -> list[Example]:
    return [
        Example(
            id=f"{topic}{n}",
            document=Document(text=text.format(f"слово{n}"), language="ru", attachment_kinds=("photo",)),
            topic=topic,
            group=f"{topic}{n}",
            also_topics=("garden",),
            author="anna",
        )
        for topic, text in TEXTS.items()
        for n in range(8)
    ]


def test_a_child_trains_what_it_is_given() -> None:
    told: list[float] = []
    trained = train_apart(examples(), target=0.97, progress=lambda share, _: told.append(share))
    model = load(trained.data, hashlib.sha256(trained.data).hexdigest())
    assert model.topics == ("garden", "kitchen")
    assert set(held_out_of(trained.data)) == {example.id for example in examples()}
    assert trained.thresholds["target"] == 0.97
    assert trained.metrics["profile"]["topics"] == {"garden": 8, "kitchen": 8}
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert not model.predict([Document(text="полив клумбы", language="ru")])[0].sure, "for review only"


def test_what_cannot_be_trained_is_said() -> None:
    with pytest.raises(TrainingError, match="two topics at least"):
        train_apart(examples()[:8], target=0.98)


def test_too_little_memory_ends_the_child_with_the_remedy() -> None:
    with pytest.raises(TrainingError, match="the champion goes on serving"):
        train_apart(examples(), target=0.98, memory_bytes=150 * 1024**2)
