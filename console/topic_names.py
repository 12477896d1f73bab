"""What topics are called: the desk's own names over the shipped ones, kept for some seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from models.store import Store
from models.store.policies import read_policy
from models.topic_policy import TOPICS, names_of
from models.topics import SLUGS

KEPT_S: Final = 5.0
Names = Mapping[str, Mapping[str, str]]  # topic -> language -> name


class TopicNames:
    """The names that a desk gave its topics; safe to share between threads."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._known: tuple[float, Names] | None = None

    def of(self, store: Store) -> Names:
        """Return the names, at most `kept_s` old."""
        known = self._known
        if known is None or time.monotonic() - known[0] > self._kept_s:
            with store.read() as db:
                body: dict[str, Any] = read_policy(db, TOPICS)
            known = (time.monotonic(), {slug: names_of(body, slug) for slug in SLUGS} if body else {})
            self._known = known
        return known[1]

    def forget(self) -> None:
        """Look anew when next asked: somebody changed them."""
        self._known = None
