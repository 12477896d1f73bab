"""A damaged, foreign or changed artefact is refused with the remedy; a sound one serves the same."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.artifact import FORMAT, ArtifactError, dump, load
from classifier.dataset import Example
from classifier.documents import Document
from classifier.reader import Reader
from classifier.train import TrainedModel, train


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="session")
def artefact(trained: TrainedModel) -> bytes:
    return dump(trained)


def test_a_loaded_model_predicts_the_same(
    trained: TrainedModel, artefact: bytes, few_examples: list[Example]
) -> None:
    loaded = load(artefact, digest(artefact), name="m-1")
    documents = [example.document for example in few_examples[:40]]
    for before, after in zip(trained.model.predict(documents), loaded.predict(documents), strict=True):
        assert after.model == "m-1"
        assert after.topic == before.topic
        assert after.confidence == pytest.approx(before.confidence, abs=1e-9)
        assert after.threshold_set == before.threshold_set
        assert after.reasons == before.reasons


def test_words_of_the_training_need_no_stemmer(
    artefact: bytes, few_examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The artefact has their stems; without these each is stemmed when it comes, to the same answers."""
    loaded = load(artefact, digest(artefact))
    documents = [example.document for example in few_examples[:40]]
    stemming = replace(loaded, reader=Reader(list(loaded.space.vocabulary)))
    assert stemming.predict(documents) == loaded.predict(documents)

    def refuse(word: str) -> str:
        raise AssertionError(word)

    fresh = load(artefact, digest(artefact))
    monkeypatch.setattr("classifier.words.stem", refuse)
    assert len(fresh.reader.roots) > 1_000
    fresh.predict([Document(text=" ".join(list(fresh.reader.roots)[:800]))])
    with pytest.raises(AssertionError, match="тарабарщина"):
        fresh.predict([Document(text="тарабарщина")])


def test_it_is_small_and_quick(artefact: bytes) -> None:
    assert len(artefact) < 30_000_000
    began = time.perf_counter()
    load(artefact, digest(artefact))
    assert time.perf_counter() - began < 1.5  # 0.1 s on an idle machine


@pytest.mark.usefixtures("few_phrases")
def test_the_same_data_in_another_order_give_the_same_bytes(
    few_examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.train.FOLDS", 3)
    some = few_examples[::4]
    assert dump(train(some)) == dump(train(some[::-1]))


def refused(data: bytes, sha256: str, cause: str) -> None:
    with pytest.raises(ArtifactError, match=cause) as caught:
        load(data, sha256)
    assert "razbor train" in str(caught.value)


def test_a_wrong_checksum_is_refused(artefact: bytes) -> None:
    refused(artefact, digest(b"other"), "checksum")
    changed = bytearray(artefact)
    changed[len(changed) // 2] ^= 1
    refused(bytes(changed), digest(artefact), "checksum")


@pytest.mark.parametrize("size", [0, 1, 100, 20_000, -1])
def test_a_truncated_file_is_refused_even_with_its_own_checksum(artefact: bytes, size: int) -> None:
    part = artefact[:size]
    refused(part, digest(part), "cannot be read|is incomplete")


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_refused_not_run(data: bytes) -> None:
    refused(data, digest(data), "cannot be read")


def test_pickles_are_not_opened() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.array([{"format": FORMAT}], dtype=object))
    refused(buffer.getvalue(), digest(buffer.getvalue()), "cannot be read")


def changed(artefact: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    with np.load(io.BytesIO(artefact)) as arrays:
        parts = {key: arrays[key] for key in arrays.files}
    meta = json.loads(parts["meta"].tobytes())
    change(meta, parts)
    parts["meta"] = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **parts)  # what is stored counts, not how small
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda meta, _: meta.update(format=FORMAT + 1), "has format"),
        (lambda meta, _: meta.update(format=1), "has format"),
        (lambda meta, _: meta.pop("thresholds"), "incomplete"),
        (lambda meta, _: meta["topics"].pop(), "incomplete"),
        (lambda meta, _: meta.update(signals=["first"]), "incomplete"),
        (lambda meta, _: meta["calibration"].update(more=1), "incomplete"),
        (lambda meta, _: meta.update(thresholds=[1]), "incomplete"),
        (lambda _, parts: parts.update(weights=parts["weights"][1:]), "incomplete"),
        (lambda _, parts: parts.pop("rarity"), "incomplete"),
        (lambda _, parts: parts.update(weights=parts["weights"] * np.float32(1.01)), "reads text otherwise"),
        (lambda _, parts: parts.update(tokens=parts["tokens"][::-1]), "incomplete|otherwise"),
    ],
)
def test_a_foreign_or_changed_artefact_is_refused(
    artefact: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None], cause: str
) -> None:
    data = changed(artefact, change)
    refused(data, digest(data), cause)


def test_an_unchanged_copy_is_accepted(artefact: bytes) -> None:
    data = changed(artefact, lambda meta, parts: None)
    assert load(data, digest(data)).topics
