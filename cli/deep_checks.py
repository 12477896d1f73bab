"""`razbor doctor --deep`: reads everything that is stored, for faults that only reading finds.

Three questions: do the bytes of every raw mail have the checksum of their acceptance, is the file of
each SQLite database sound, and does the balance hold (accepted = in flight + dispositions)?
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cli.findings import CheckResult, failed, noted, passed

if TYPE_CHECKING:
    from models.store import Store
    from settings import Settings

MAX_NAMED: Final = 10
RESTORE: Final = "Restore a backup made before into a new folder (`razbor restore`), and look at the disk."


def deep_checks(settings: Settings, *, quiet: bool) -> list[CheckResult]:
    """Read the whole store; a fault of the store itself is one finding."""
    from cli.faults import KnownError
    from cli.opened_store import opened_store
    from models.store import DATABASE_ERRORS

    try:
        with opened_store(settings) as store:
            return [_files(store), _raw_mail(store, quiet=quiet), _balance(store)]
    except KnownError as error:
        return [noted("stored data", str(error))]
    except DATABASE_ERRORS as error:
        return [failed("stored data", str(error).splitlines()[0], RESTORE)]


def _files(store: Store) -> CheckResult:
    from models.store.soundness import file_faults

    if not store.is_sqlite:
        return passed("database files", "PostgreSQL keeps them; `pg_amcheck` looks into them")
    faults = file_faults(store)
    if faults:
        return failed("database files", "; ".join(faults[:MAX_NAMED]), RESTORE)
    return passed("database files", "sound")


def _raw_mail(store: Store, *, quiet: bool) -> CheckResult:
    from cli.counted_progress import counted_progress
    from models.store.raw_check import damaged_mails
    from models.store.raw_mail import count_accepted

    with store.read_raw() as db:
        total = count_accepted(db)
    with counted_progress("raw mails", total, quiet=quiet) as advance:
        damaged = list(damaged_mails(store, advance))
    if damaged:
        named = ", ".join(f"{raw_id} {fault}" for raw_id, fault in damaged[:MAX_NAMED])
        return failed("raw mail", f"{len(damaged)} of {total} damaged: {named}", RESTORE)
    return passed("raw mail", f"{total} mails have the checksum of their acceptance")


def _balance(store: Store) -> CheckResult:
    from models.store.overview import status

    counts = status(store, datetime.now(UTC), relay=True)
    ended = sum(counts["dispositions"].values())
    told = f"{counts['accepted']} accepted, {counts['in_flight']} in flight, {ended} ended"
    if counts["accepted"] != counts["in_flight"] + ended:
        return failed("balance", told, f"Mails are missing or doubled. {RESTORE}")
    return passed("balance", told)
