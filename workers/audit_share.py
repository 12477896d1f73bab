"""Which routed mails are drawn for the audit share.

The draw is random and made after routing, so it never changes a decision: every sixth to seventh
mail that was routed without a person is also shown to one, without the prediction. What he says
gives the live precision without a bias (design 8). The draw follows from the number of the mail
and the secret key: a batch that is worked twice draws the same, and nobody outside can tell.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from models.decisions import Decision
from models.topics import Disposition

AUDIT_SHARE: Final = 0.15
_RANGE: Final = 2**32


def is_routed(decision: Decision) -> bool:
    """Tell whether the classifier alone chose the topic of a new ticket."""
    return decision.disposition is Disposition.OPENED and decision.decision == "route"


def is_audited(raw_id: int, key: bytes) -> bool:
    """Draw for one mail."""
    drawn = hmac.new(key, b"audit\0" + str(raw_id).encode(), hashlib.sha256).digest()
    return int.from_bytes(drawn[:4]) < AUDIT_SHARE * _RANGE
