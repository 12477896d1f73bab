"""Which mail each typical request stands nearest to, so that no mail is judged by its own request.

The requests of `classifier/phrases` were written with the train part in view. A fold that judges a
mail by requests made after it measures memory, and thresholds proved on it promise too much. So a
request that is much like a mail of its topic (cosine of the weighted rows) goes with the mail that it
is most like: where that mail is judged, the request teaches nothing. Written letters were made without
sight of the mails that judge, and stand no nearer to them than unseen mails do (docs/quality.md), so of
them only near copies are kept away. In go the rows of a training, out comes a mail per request and letter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.material import Material
from classifier.space import block_numbers, family_weights

_MAILS_AT_ONCE: Final = 4_000
# Cosines. Of the requests about a third is that near to the train part; of mails that know nothing of each
# other, of one topic and language, one in a hundred.
LEAST_ALIKE: Final = 0.2
LEAST_ALIKE_LETTER: Final = 0.5
NOBODY: Final = -1


def nearest_mails(material: Material) -> NDArray[np.intp]:
    """Return per request the row of the nearest corpus mail of its topic, NOBODY where none is near.

    Labels of operators are no kin: no request was written after them.
    """
    from sklearn.preprocessing import normalize

    from classifier.pipeline import BlockWeighting

    mails = len(material.mails)
    weighting = BlockWeighting(block_numbers(material.tokens), family_weights(material.tokens))
    weighting.fit(material.counts)

    def unit_rows(rows: NDArray[np.intp]) -> Any:
        return normalize(weighting.transform(material.counts[rows]), copy=False)

    found = np.full(len(material.phrases), NOBODY, dtype=np.intp)
    is_letter = np.array([phrase.source == "letter" for phrase in material.phrases], dtype=bool)
    least = np.where(is_letter, LEAST_ALIKE_LETTER, LEAST_ALIKE)
    is_corpus = np.array([mail.source == "corpus" for mail in material.mails], dtype=bool)
    for topic in range(len(material.topics)):
        asked = np.flatnonzero(material.labels[mails:] == topic)
        known = np.flatnonzero((material.labels[:mails] == topic) & is_corpus)
        if len(asked) and len(known):
            places, likeness = _nearest(unit_rows, mails + asked, known)
            found[asked] = np.where(likeness >= least[asked], known[places], NOBODY)
    return found


def _nearest(
    unit_rows: Callable[[NDArray[np.intp]], Any], asked: NDArray[np.intp], known: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the places in `known` of the rows most like the asked ones, the first in doubt, and how like."""
    wanted = unit_rows(asked)
    best, likeness = np.zeros(len(asked), dtype=np.intp), np.full(len(asked), -1.0)
    for start in range(0, len(known), _MAILS_AT_ONCE):
        alike = (wanted @ unit_rows(known[start : start + _MAILS_AT_ONCE]).T).toarray()
        here = alike.argmax(axis=1)
        value = alike[np.arange(len(asked)), here]
        better = value > likeness
        best[better], likeness[better] = start + here[better], value[better]
    return best, likeness
