"""How much the network counts beside the machine."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.members import choose_share
from classifier.network import log_softmax

MAILS = 1_000


def _scores(wrong: int, first: int) -> np.ndarray:
    """Return scores of two topics in which `wrong` mails from `first` on are taken for the other one."""
    scores = np.tile([1.0, 0.0], (MAILS, 1))
    scores[first : first + wrong] = [0.0, 1.0]
    return scores


@pytest.mark.parametrize(
    ("machine_wrong", "network_wrong", "share"),
    [
        (50, 50, 0.0),  # the same mails: nothing is won
        (50, 48, 0.0),  # two mails in a thousand are chance
        (90, 40, 0.5),  # clearly better: the most even of the shares that follow it
        (40, 90, 0.0),
    ],
)
def test_a_share_is_only_given_for_a_clear_gain(machine_wrong: int, network_wrong: int, share: float) -> None:
    truth = np.zeros(MAILS, dtype=np.intp)
    linear, network = _scores(machine_wrong, 0), log_softmax(9 * _scores(network_wrong, 0))
    assert choose_share(linear, network, truth) == share
