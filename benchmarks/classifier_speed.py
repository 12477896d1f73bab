"""Serving: one mail, batches, the artefact's size and how quickly it loads.

The model is the one that ships (bundled corpus, both parts); texts are corpus mails (synthetic).
Processor time, best of the rounds: it changes less with the neighbours than wall time. Answers
as they are served (confidence, probabilities, reasons of three topics) are told apart from topics
with confidence alone, beside scikit-learn's pipeline of words and letter n-grams on the same mails.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from classifier.artifact import dump, load
from classifier.dataset import default_corpus_paths, load_corpus
from classifier.documents import Document
from classifier.train import train

MAIL_CHARS: Final = 800
BATCH: Final = 500


def run(rounds: int) -> list[dict[str, Any]]:
    """Train once, then measure in interleaved rounds."""
    examples = load_corpus(default_corpus_paths())
    data = dump(train(examples))
    digest = hashlib.sha256(data).hexdigest()
    load_s = min(_cpu_s(lambda: load(data, digest)) for _ in range(rounds))
    model = load(data, digest)
    mails = [example.document for example in examples[:BATCH]]
    long_mails = [_of_length(document) for document in mails[:100]]
    plain = _plain_pipeline([example.document.text for example in examples], [e.topic for e in examples])
    model.predict([*mails, *long_mails])
    scored, served, batched, yardstick = [], [], [], []
    for _ in range(rounds):
        scored.append(_median_ms(partial(model.predict, with_reasons=False), long_mails))
        served.append(_median_ms(model.predict, long_mails))
        batched.append(_cpu_s(lambda: model.predict(mails, with_reasons=False)))
        yardstick.append(_median_ms(lambda some: plain.predict([one.text for one in some]), long_mails))
    return [
        {
            "case": f"one mail of {MAIL_CHARS} characters",
            "scored_ms": round(min(scored), 2),
            "goal_ms": 1.0,
            "with reasons_ms": round(min(served), 2),
            "plain pipeline_ms": round(min(yardstick), 2),
        },
        {
            "case": f"batch of {BATCH} corpus mails",
            "mails_per_s": round(BATCH / min(batched)),
            "goal_per_s": 3000,
            "mean_chars": round(statistics.mean(len(one.subject + one.text) for one in mails)),
        },
        {"case": "artefact", "mb": round(len(data) / 1e6, 1), "goal_mb": 30, "load_s": round(load_s, 2)},
    ]


def _of_length(document: Document) -> Document:
    """Return a mail of MAIL_CHARS characters, made longer by its own words."""
    repeated = (document.text + "\n") * (MAIL_CHARS // max(len(document.text), 1) + 1)
    return replace(document, text=repeated[: MAIL_CHARS - len(document.subject)])


def _cpu_s(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def _median_ms(act: Callable[[Sequence[Document]], object], mails: Sequence[Document]) -> float:
    return statistics.median(_cpu_s(lambda mail=mail: act([mail])) for mail in mails) * 1000


def _plain_pipeline(texts: Sequence[str], topics: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    views = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    return make_pipeline(views, LinearSVC(C=0.5)).fit(texts, topics)
