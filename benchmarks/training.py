"""Nightly training on a hundred thousand labelled mails: time and memory of the training child.

The mails are generated from the bundled corpus (synthetic): sentences of two mails of the same topic
and language, shuffled, with new numbers. So the vocabulary is narrower than that of as many real
mails, and accuracy on them means nothing; time and memory are what is measured.
"""

from __future__ import annotations

import os
import random
import re
import resource
import time
from collections import defaultdict
from dataclasses import replace
from typing import Any, Final

from classifier.dataset import Example, default_corpus_paths, load_corpus
from workers.training_child import train_apart

MAILS: Final = int(os.environ.get("RAZBOR_BENCHMARK_MAILS", "100000"))
_SENTENCE: Final = re.compile(r"[^.!?。！？\n]{1,400}[.!?。！？\n]?")
_MOST_MINUTES: Final = 15
_MOST_GB: Final = 4


def run(rounds: int) -> list[dict[str, Any]]:
    """Train once; `rounds` is ignored."""
    del rounds
    mails = generated(MAILS)
    began = time.perf_counter()
    trained = train_apart(mails, target=0.98)
    wall_s = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [
        {
            "case": f"training on {len(mails):,} generated mails",
            "wall_min": round(wall_s / 60, 1),
            "cpu_min": round((used.ru_utime + used.ru_stime) / 60, 1),
            "goal_min": _MOST_MINUTES,
            "peak_gb": round(used.ru_maxrss / 1024**2, 2),
            "goal_gb": _MOST_GB,
            "columns": trained.parameters["columns"],
            "artefact_mb": round(len(trained.data) / 1e6, 1),
        }
    ]


def generated(count: int) -> list[Example]:
    """Return as many mails, made from the bundled corpus; the same ones every time."""
    chance = random.Random(20261116)
    corpus = load_corpus(default_corpus_paths())
    kinds: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in corpus:
        kinds[example.topic, example.document.language].append(example)
    mails = []
    for number in range(count):
        first = corpus[number % len(corpus)]
        second = chance.choice(kinds[first.topic, first.document.language])
        sentences = [s for one in (first, second) for s in _SENTENCE.findall(one.document.text)]
        chance.shuffle(sentences)
        text = re.sub(
            r"\d", lambda _: str(chance.randrange(10)), " ".join(sentences[: len(sentences) // 2 + 1])
        )
        mails.append(
            replace(
                first,
                id=f"generated-{number}",
                group=f"generated-{number}",
                document=replace(first.document, text=text),
            )
        )
    return mails
