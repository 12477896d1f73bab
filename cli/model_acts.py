"""The console's acts on model versions (`console.model_desk.ModelDesk`), audited like every other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.desk import DeskRefusalError
from models.store import StoreError
from models.store.ticket_life import audit
from models.store.training_runs import KEY, order_training
from models.store.versions import pinned, promote_by_hand, rollback, set_pin
from workers.drift_watch import drift_of
from workers.service import Service

MATTER = "model"  # the key that every change of the champion takes


class ModelActs:
    """Acts on model versions; see `console.model_desk.ModelDesk` for what each one means."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def order_training(self, actor: str) -> None:
        """Order a training."""
        now = self._service.now()
        try:
            with self._service.store.write({KEY}) as db:
                number = order_training(db, actor, now)
                audit(db, actor, "train", f"training:{number}", now)
        except StoreError as error:
            raise DeskRefusalError(str(error)) from error

    def promote(self, name: str, actor: str) -> None:
        """Let a version serve."""
        now = self._service.now()
        try:
            with self._service.store.write({MATTER}) as db:
                promote_by_hand(db, name, now_utc=now)
                audit(db, actor, "promote", f"model:{name}", now)
        except StoreError as error:
            raise DeskRefusalError(str(error)) from error

    def roll_back(self, actor: str, reason: str) -> str:
        """Let the version before serve again."""
        now = self._service.now()
        try:
            with self._service.store.write({MATTER}) as db:
                name = rollback(db, reason or "by hand", now_utc=now)
                audit(db, actor, "rollback", f"model:{name}", now, reason=reason)
        except StoreError as error:
            raise DeskRefusalError(str(error)) from error
        return name

    def unpin(self, actor: str) -> None:
        """End the pin of a rollback; nothing happens where there is none."""
        now = self._service.now()
        with self._service.store.write({MATTER}) as db:
            name = pinned(db)
            if name:
                set_pin(db, "", now_utc=now)
                audit(db, actor, "unpin", f"model:{name}", now)

    def drift(self) -> Mapping[str, Any] | None:
        """Compare the mail of the week with the training mail."""
        return drift_of(self._service.store, self._service.now())
