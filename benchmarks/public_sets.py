"""The classifier on public sets: the product's own training, a plain pipeline, and published figures.

banking77 (English, 77 intents), clinc150 (English, 150 intents and out-of-scope), ruintents
(Russian, 68 intents): one label space each, topics with any names, none of the desk's typical
requests (they belong to topics that these sets do not have). Weights, the network's share,
confidence, thresholds and the bar of the scope detector come from the train part (of clinc150 and
its validation part), never from the test part. clinc150's out-of-scope rows are given the topic
`other`, as on the desk.

The sets are not part of the repository: RAZBOR_BENCHMARKS names their folder.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.dataset import Example
from classifier.documents import Document
from classifier.evaluate import Judged, score_topics
from classifier.train import train
from models.topics import OTHER

FOLDER: Final = Path(
    os.environ.get("RAZBOR_BENCHMARKS", Path(__file__).parent.parent.parent / "shared" / "benchmarks")
)
TARGET: Final = 0.98
_OUTSIDE: Final = "__oos__"


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A benchmark set, what must be reached on it, and what others published on the same split."""

    name: str
    goal: str
    published: str


SETS: Final = (
    PublicSet(
        "banking77",
        "accuracy 0.925",
        "tuned BERT .937, USE+ConveRT .934, frozen BERT .872 (Casanueva et al., 2020); "
        "fastText .858 measured for this project",
    ),
    PublicSet(
        "clinc150",
        "in scope 0.925, out-of-scope recall 0.65",
        "in scope / out-of-scope recall: BERT .962/.523, SVM .882/.180, fastText .886/.283 with a threshold; "
        "BERT .969/.403, SVM .910/.145 as a class (Larson et al., 2019)",
    ),
    PublicSet(
        "ruintents",
        "accuracy 0.78",
        "e5-large-instruct .82, LaBSE .79, rubert-tiny2 .76, mBERT .69, fastText .66 as frozen encoders "
        "(encodechka)",
    ),
)


def run(rounds: int) -> list[dict[str, Any]]:
    """Train and judge each set once; `rounds` is ignored, since nothing here is left to chance."""
    del rounds
    return [_judge(one) for one in SETS]


def read(name: str) -> tuple[list[Example], list[Example]]:
    """Return the train and test part of a set. Ends with the remedy when the file is not there."""
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        message = (
            f"{path} is missing: name the folder of the benchmark sets with "
            f"RAZBOR_BENCHMARKS=FOLDER make bench-classifier; each file holds one JSON object a line "
            "with text, label, lang, split (train, valid, test), gzipped"
        )
        raise SystemExit(message)
    parts: dict[str, list[Example]] = {"train": [], "valid": [], "test": []}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            row = json.loads(line)
            parts[row["split"]].append(
                Example(
                    id=f"{number:06d}",
                    document=Document(text=row["text"], language=row["lang"]),
                    topic=OTHER if row["label"] == _OUTSIDE else row["label"],
                    group=" ".join(row["text"].lower().split()),
                )
            )
    return parts["train"] + parts["valid"], parts["test"]


def _judge(one: PublicSet) -> dict[str, Any]:
    learnt, judged = read(one.name)
    began = time.process_time()
    trained = train(learnt, target=TARGET)
    fit_s = time.process_time() - began
    predictions = trained.model.predict([example.document for example in judged])
    found = [prediction.topic for prediction in predictions]
    inside = [place for place, example in enumerate(judged) if example.topic != OTHER]
    outside = [place for place, example in enumerate(judged) if example.topic == OTHER]
    figures = score_topics(
        [
            Judged(
                topic=judged[place].topic,
                language=judged[place].document.language,
                prediction=predictions[place],
            )
            for place in inside
        ],
        target=TARGET,
    )
    plain = plain_pipeline(learnt, judged)
    row: dict[str, Any] = {
        "case": one.name,
        "accuracy": _share(judged, found, inside),
        "macro_f1": figures["macro_f1"],
        "ece": figures["ece"],
        "routed_alone": figures["coverage_at_target"],
        "of those right": figures["precision_at_coverage"],
        "goal": one.goal,
        "network_share": trained.parameters["network_share"],
        "training cpu_s": round(fit_s, 1),
        "plain TF-IDF + LinearSVC": _share(judged, plain, inside),
    }
    if outside:
        row["out-of-scope recall"] = _share(judged, found, outside)
        row["plain: out-of-scope recall"] = _share(judged, plain, outside)
    return row | {"fastText here": fast_text(learnt, judged, inside), "published": one.published}


def _share(judged: Sequence[Example], found: Sequence[str], places: Sequence[int]) -> float:
    return round(sum(judged[place].topic == found[place] for place in places) / len(places), 4)


def plain_pipeline(learnt: Sequence[Example], judged: Sequence[Example]) -> list[str]:
    """Answer with the yardstick: words and pairs of words, TF-IDF, a linear support vector machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC(C=0.5))
    pipeline.fit([example.document.text for example in learnt], [example.topic for example in learnt])
    return [str(topic) for topic in pipeline.predict([example.document.text for example in judged])]


def fast_text(learnt: Sequence[Example], judged: Sequence[Example], inside: Sequence[int]) -> float | str:
    """Answer with fastText where its wheel is installed; in words where it is not."""
    try:
        import fasttext
    except ImportError:
        return "not installed (pip install fasttext-wheel measures it); see the published figures"
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(
            f"__label__{example.topic} {' '.join(example.document.text.lower().split())}\n"
            for example in learnt
        )
        file.flush()
        model = fasttext.train_supervised(
            file.name, epoch=25, lr=0.5, wordNgrams=2, minn=2, maxn=5, thread=1, verbose=0
        )
    texts = [" ".join(example.document.text.lower().split()) for example in judged]
    labels, _ = model.predict(texts)
    return _share(judged, [label[0].removeprefix("__label__") for label in labels], inside)
