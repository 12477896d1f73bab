"""Check of `razbor doctor` on the keys that seal raw mail: there, private, and enough for what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cli.findings import CheckResult, failed, noted, passed

if TYPE_CHECKING:
    from settings import Settings

NAME: Final = "keyring"
OTHERS: Final = 0o077


def check_keyring(settings: Settings) -> CheckResult:
    """Look whether the keyring can be read by us alone, and opens the newest mails."""
    from models.keyring import KeyringError, read_keyring

    path = settings.keyring
    held: set[str] = set()
    told = "off: raw mail is stored as received"
    if path is not None:
        try:
            content = read_keyring(path)
        except KeyringError as error:
            return failed(
                NAME, str(error), "Bring the file back from your copy; without its keys sealed mail is lost."
            )
        mode = path.stat().st_mode
        if mode & OTHERS:
            return failed(NAME, f"{path} can be used by others ({mode & 0o777:o})", f"chmod 600 {path}")
        if path.resolve().is_relative_to(settings.data_dir.resolve()):
            return noted(
                NAME,
                f"{path} lies beside the mail that it seals",
                "Whoever copies the data directory has both: name a file elsewhere in RAZBOR_KEYRING.",
            )
        held = {key.key_id for key in content.keys}
        told = f"{len(held)} keys, {content.writes or 'none'} writes"
    missing = _needed(settings) - held
    if missing:
        return failed(
            NAME,
            f"{told}; stored mail is sealed with {', '.join(sorted(missing))}, which is not there",
            "Name the keyring in RAZBOR_KEYRING, or bring the missing key back into it.",
        )
    return passed(NAME, told)


def _needed(settings: Settings) -> set[str]:
    """Name the keys of the newest mails; none without a store (another check tells of that)."""
    from cli.faults import KnownError
    from cli.opened_store import opened_store
    from models.keyring import KeyringError
    from models.store import DATABASE_ERRORS
    from models.store.resealing import newest_key_ids

    try:
        with opened_store(settings) as store:
            return newest_key_ids(store)
    except (KnownError, KeyringError, *DATABASE_ERRORS):
        return set()
