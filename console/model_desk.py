"""What the console asks of the models: train, promote, go back; every method is one audited transaction.

Built in `cli/model_acts.py` over `workers` and `models.store`; raises `DeskRefusalError` with words
for the operator when the rules do not allow the act.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class ModelDesk(Protocol):
    """Acts on model versions; `actor` is the login of the operator."""

    def order_training(self, actor: str) -> None:
        """Order a training; a worker begins within seconds. Refused while another one is under way."""

    def promote(self, name: str, actor: str) -> None:
        """Let a version serve; the pin of a rollback ends."""

    def roll_back(self, actor: str, reason: str) -> str:
        """Let the version before serve again and pin it; return its name."""

    def unpin(self, actor: str) -> None:
        """Let the next training that passes the gate serve again."""

    def drift(self) -> Mapping[str, Any] | None:
        """Return how far the mail of the week is from the training mail; None without a profile."""
