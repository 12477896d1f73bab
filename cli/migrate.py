"""`razbor migrate`: brings the databases to the schema of this version and seeds the policy rows."""

from __future__ import annotations

from datetime import UTC, datetime

import typer


def migrate() -> None:
    """Create or upgrade the database; safe to run at any time, does nothing when up to date."""
    from models.store import open_store
    from models.store.migrate import migrate as upgrade
    from models.store.migrate import pending
    from models.store.policies import seed_store
    from settings import load_settings

    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.main_database_url, settings.intake_database_url)
    intake_exists = not settings.is_sqlite or (settings.data_dir / "intake.db").exists()
    done = upgrade(store, intake=not intake_exists or "intake" in pending(store))
    seed_store(store, settings.mailboxes, datetime.now(UTC))
    store.close()
    for line in done or ["nothing to do, the schema is up to date"]:
        typer.echo(f"migrate: {line}")
