"""A trained model in memory: documents in, predictions out. Plain NumPy, no scikit-learn.

A mail is a sparse row; the machine's scores are the sum of the rows of the weight matrix that its
tokens name, the network's the same with one hidden layer in between. Both matrices stand side by
side in one, so that a mail gathers its rows once. Both are linear in the tokens once it is known
which units the mail switches on, so the sums, taken apart, give the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import Calibration
from classifier.documents import Document
from classifier.evidence import Evidence, Scores
from classifier.explain import reasons_of
from classifier.network import LINEAR_SHARPNESS, Network, mixed
from classifier.reader import Reader
from classifier.space import Space, weigh
from classifier.tally import Readings
from classifier.thresholds import ThresholdSet
from classifier.verdicts import Answers, Verdict, verdict_of, verdicts_of
from models.records import Prediction, Reason
from models.topics import SLUGS, SPAM

EXPLAINED_TOPICS: Final = 3
BATCH: Final = 128  # mails that are read and scored together


@dataclass(frozen=True, slots=True)
class Scored:
    """Read documents with their weighted values and the scores of all topics, a row per mail."""

    documents: Sequence[Document]
    readings: Readings
    values: NDArray[np.float64]  # one for each column of the readings
    linear: NDArray[np.float64]  # scores of the machine alone
    scores: NDArray[np.float64]  # of both members together
    network: NDArray[np.float64]  # of the network alone; `linear` without one
    hidden: NDArray[np.float32]  # sums of the network's hidden layer; no columns without one

    def values_of(self, number: int) -> NDArray[np.float64]:
        """Return the weighted values of one mail."""
        return self.values[self.readings.starts[number] : self.readings.starts[number + 1]]


@dataclass(frozen=True)
class Model:
    """Weights, calibration and thresholds of one version."""

    space: Space
    topics: tuple[str, ...]
    weights: NDArray[np.float32]  # columns of the space x topics
    intercepts: NDArray[np.float64]
    calibration: Calibration
    thresholds: ThresholdSet
    reader: Reader
    network: Network | None = None
    network_share: float = 0.0
    name: str = ""

    def with_thresholds(self, thresholds: ThresholdSet) -> Model:
        """Return the same model with another threshold set in force."""
        return replace(self, thresholds=thresholds)

    def predict(self, documents: Sequence[Document], *, with_reasons: bool = True) -> list[Prediction]:
        """Predict the topics of mails, each on its own; reasons cost about as much as all the rest.

        For spam and phishing `threshold` is the bar of quarantine and `sure` compares it with
        `spam_probability`; for every other topic both are about `confidence`.
        """
        return [
            prediction
            for start in range(0, len(documents), BATCH)
            for prediction in self._predictions(
                self.score(documents[start : start + BATCH], with_places=with_reasons)
            )
        ]

    def score(self, documents: Sequence[Document], *, with_places: bool = False) -> Scored:
        """Return the scores of all topics, and what they were made from; reasons need the places."""
        readings = self.reader.read_all(documents, with_places=with_places)
        values = weigh(self.space, readings.starts, readings.columns, readings.counts)
        small, bounds = values.astype(np.float32), readings.starts.tolist()
        sums = np.empty((len(documents), self._side_by_side.shape[1]), dtype=np.float32)
        for number, (start, end) in enumerate(pairwise(bounds)):
            rows = self._side_by_side.take(readings.columns[start:end], axis=0)  # faster than an index
            np.dot(small[start:end], rows, out=sums[number])
        linear = sums[:, : len(self.topics)] + self.intercepts
        hidden = sums[:, len(self.topics) :]
        if self.network is None:
            return Scored(documents, readings, values, linear, linear, linear, hidden)
        hidden = hidden + self.network.inner_bias
        network = self.network.log_probabilities(hidden)
        scores = mixed(linear, network, self.network_share)
        return Scored(documents, readings, values, linear, scores, network, hidden)

    def pulls(self, scored: Scored, number: int, places: list[int]) -> NDArray[np.float64]:
        """Return what one unit of each of a mail's columns adds to some topics (columns x topics).

        With the values they sum up to the scores, but for what no token has part in: the intercepts,
        and the common sum that makes log-probabilities of scores.
        """
        columns, _ = scored.readings.row(number)
        linear = self.weights[columns][:, places].astype(np.float64)
        if self.network is None:
            return linear
        network = self.network.pulls(columns, scored.hidden[number], places)
        return (1 - self.network_share) * LINEAR_SHARPNESS * linear + self.network_share * network

    @cached_property
    def _side_by_side(self) -> NDArray[np.float32]:
        """The weights of both members, in single precision: half precision is for keeping only."""
        if self.network is None:
            return self.weights
        return np.hstack([self.weights, self.network.inner.astype(np.float32)])

    def _predictions(self, scored: Scored) -> Iterator[Prediction]:
        languages = tuple([document.analyser for document in scored.documents])
        unseen = scored.readings.unseen_shares
        verdicts = self._verdicts(scored, languages, unseen)
        for number, (verdict, language) in enumerate(zip(verdicts, languages, strict=True)):
            scores, confidence, spam, shares = verdict
            ranked = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
            topic = self.topics[ranked[0]]
            yield Prediction(
                topic=topic,
                confidence=confidence,
                sure=self.thresholds.is_sure(
                    language=language, topic=topic, confidence=confidence, spam_probability=spam
                ),
                threshold=min(self.thresholds.of(language, topic), 1.0),
                probabilities=dict.fromkeys(SLUGS, 0.0) | dict(zip(self.topics, shares, strict=True)),
                reasons=self._reasons(scored, number, ranked[:EXPLAINED_TOPICS]),
                also_topics=self._also(scores, ranked),
                spam_probability=spam,
                model=self.name,
                threshold_set=self.thresholds.name,
                unseen_share=float(unseen[number]),
            )

    def _verdicts(self, scored: Scored, languages: tuple[str, ...], unseen: Scores) -> Iterator[Verdict]:
        """Judge each mail by its scores."""
        members, words = (scored.scores, scored.linear, scored.network), scored.readings.words
        if len(languages) > 1:
            return verdicts_of(Evidence(*members, languages, words, unseen), self.calibration, self.topics)
        scores, linear, network = (member[0].tolist() for member in members)
        alone = Answers(scores, linear, network, languages[0], int(words[0]), float(unseen[0]))
        return iter([verdict_of(alone, self.calibration, self.topics)])

    def _reasons(self, scored: Scored, number: int, places: list[int]) -> tuple[Reason, ...]:
        if scored.readings.occurrences is None:
            return ()
        names = [self.topics[place] for place in places]
        reading = self.reader.reading(scored.readings, number, scored.documents[number])
        return reasons_of(reading, scored.values_of(number), self.pulls(scored, number, places), names)

    def _also(self, scores: Sequence[float], ranked: Sequence[int]) -> tuple[str, ...]:
        """Return the second topic when it clears its own bar; spam is never a second topic nor has one."""
        first, second = self.topics[ranked[0]], self.topics[ranked[1]]
        if SPAM in {first, second} or scores[ranked[1]] < self.calibration.also_bar:
            return ()
        return (second,)
