"""Opening the store for a command that looks at it, with clear words when there is nothing to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.faults import ConfigError

if TYPE_CHECKING:
    from models.store import Store
    from settings import Settings


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Give the migrated store of these settings. Raises ConfigError when it is absent or behind."""
    from models.store import open_store
    from models.store.migrate import pending

    if settings.is_sqlite and not (settings.data_dir / "razbor.db").exists():
        raise ConfigError(
            f"There is no database in {settings.data_dir} yet: run `razbor serve` (or `razbor migrate`), "
            "or name the right folder with RAZBOR_DATA_DIR."
        )
    if settings.is_sqlite and not (settings.data_dir / "intake.db").exists():
        raise ConfigError(
            f"The raw mail, {settings.data_dir / 'intake.db'}, is missing: restore it from a backup, "
            "or run `razbor migrate` to begin an empty one."
        )
    store = open_store(settings.main_database_url, settings.intake_database_url, settings.keyring)
    try:
        behind = pending(store)
        if behind:
            raise ConfigError(
                f"The database is behind this version ({', '.join(behind)}): run `razbor migrate`."
            )
        yield store
    finally:
        store.close()
