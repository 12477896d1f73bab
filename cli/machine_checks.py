"""Checks of `razbor doctor` that need no other process: Python, disk, SQLite, names, zones, keys."""

from __future__ import annotations

import re
import shutil
import sqlite3
import ssl
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cli.built_from import reading_is_compiled
from cli.findings import CheckResult, failed, noted, passed

if TYPE_CHECKING:
    from settings import Settings

OLDEST_PYTHON: Final = (3, 11)
LEAST_FREE_BYTES: Final = 200 * 1024 * 1024
LOW_FREE_BYTES: Final = 2 * 1024 * 1024 * 1024
# From this version on SQLite keeps committed data although two connections write and checkpoint at once.
SAFE_SQLITE: Final = (3, 51, 3)
# RFC 5321 section 4.5.3.1: a local part has at most 64 octets, a domain 255.
_MAILBOX: Final = re.compile(r"(?:\*|[^\s@,<>]{1,64})@[a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?", re.IGNORECASE)
_LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def check_python(_settings: Settings) -> CheckResult:
    """Look whether this Python is one that the locked requirements are for."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST_PYTHON:
        return failed("python", found, "Install Python 3.11 and run `make setup PYTHON=python3.11`.")
    return passed("python", found)


def check_reading(_settings: Settings) -> CheckResult:
    """Tell whether the reading of mails is native code; both read the same, one in less time."""
    if reading_is_compiled():
        return passed("reading", "compiled")
    return passed("reading", "as written; compiled it takes less time, see docs/operations.md")


def check_data_dir(settings: Settings) -> CheckResult:
    """Look whether the data directory can be written, and has room."""
    place = settings.data_dir.resolve()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
        free_bytes = shutil.disk_usage(place).free
    except OSError as error:
        return failed(
            "data directory",
            f"{place}: {error.strerror}",
            "Make it writable for this user, or name another folder in RAZBOR_DATA_DIR.",
        )
    free = f"{place}, {free_bytes / 2**30:.1f} GiB free"
    if free_bytes < LEAST_FREE_BYTES:
        return failed("data directory", free, "Free some disk space: a full disk answers mail with 452.")
    if free_bytes < LOW_FREE_BYTES:
        return noted("data directory", free, "Disk space is getting low.")
    return passed("data directory", free)


def check_sqlite(settings: Settings) -> CheckResult:
    """Name the version of SQLite, and what it means here."""
    found = sqlite3.sqlite_version
    if not settings.is_sqlite:
        return passed("sqlite", f"{found}, not used: the database is PostgreSQL")
    if sqlite3.sqlite_version_info < SAFE_SQLITE:
        safe = ".".join(str(part) for part in SAFE_SQLITE)
        return noted(
            "sqlite",
            f"{found} (before {safe}): two connections that write and checkpoint at once could lose "
            "committed data; Razbor therefore writes under one file lock",
            "Leave the database files to Razbor: do not write to them with other programs while it runs.",
        )
    return passed("sqlite", found)


def check_mailboxes(settings: Settings) -> CheckResult:
    """Look whether every mailbox is an address or `*@domain`, and there is at least one."""
    if not settings.mailboxes:
        return failed("mailboxes", "none", "Name at least one address in RAZBOR_MAILBOXES.")
    wrong = [mailbox for mailbox in settings.mailboxes if not _MAILBOX.fullmatch(mailbox)]
    if wrong:
        return failed(
            "mailboxes",
            f"not an address: {', '.join(wrong)}",
            "Write RAZBOR_MAILBOXES as name@domain,name@domain; `*@domain` accepts every name.",
        )
    return passed("mailboxes", ", ".join(settings.mailboxes))


def check_timezone(settings: Settings) -> CheckResult:
    """Look whether the desk's time zone is known to this system."""
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return failed(
            "time zone",
            f"{settings.timezone!r} is unknown",
            "Set RAZBOR_TIMEZONE to a name such as Europe/Moscow (on a bare system install tzdata).",
        )
    return passed("time zone", settings.timezone)


def check_log_level(settings: Settings) -> CheckResult:
    """Look whether the log level is one that the logging library knows."""
    if settings.log_level.upper() not in _LOG_LEVELS:
        return failed(
            "log level", repr(settings.log_level), f"Set RAZBOR_LOG_LEVEL to one of {', '.join(_LOG_LEVELS)}."
        )
    return passed("log level", settings.log_level.upper())


def check_tls(settings: Settings) -> CheckResult:
    """Look whether certificate and key of STARTTLS belong together and can be read."""
    certificate, key = settings.smtp_tls_cert, settings.smtp_tls_key
    if certificate is None and key is None:
        return noted("starttls", "off", "Set RAZBOR_SMTP_TLS_CERT and RAZBOR_SMTP_TLS_KEY to offer it.")
    if certificate is None or key is None:
        return failed(
            "starttls", "only one of certificate and key is set", "Set both RAZBOR_SMTP_TLS_CERT and _KEY."
        )
    for path in (certificate, key):
        if not Path(path).is_file():
            return failed("starttls", f"{path} is missing", "Correct the path, or leave both settings empty.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        return failed(
            "starttls",
            f"{certificate} and {key}: {error}",
            "Both must be PEM, the key of this certificate, without a passphrase, readable for this user.",
        )
    return passed("starttls", str(certificate))
