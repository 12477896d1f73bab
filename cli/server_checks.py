"""Checks of `razbor doctor` on the settings of PostgreSQL and Redis: what would lose or double work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cli.findings import CheckResult, failed, noted, passed

if TYPE_CHECKING:
    from settings import Settings

OLDEST_POSTGRES: Final = 130000  # as server_version_num counts
MAX_SKEW_S: Final = 5.0
CONNECTIONS_PER_PROCESS: Final = 8  # pool_size and max_overflow of models.store.engine
_TIMEOUT_S: Final = 5


def check_postgres(settings: Settings) -> CheckResult:
    """Look at the PostgreSQL settings that durability, text and leases rest on."""
    if settings.is_sqlite:
        return passed("postgresql", "not used")
    import psycopg

    dsn = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    try:
        with psycopg.connect(dsn, connect_timeout=_TIMEOUT_S) as db:
            row = db.execute(
                "SELECT current_setting('server_version_num')::int, current_setting('fsync'),"
                " current_setting('synchronous_commit'), current_setting('server_encoding'),"
                " current_setting('max_connections')::int, clock_timestamp(), pg_is_in_recovery()"
            ).fetchone()
    except psycopg.Error as error:
        return noted("postgresql", f"not looked at: {str(error).splitlines()[0]}")
    return _judged(row or (), (settings.worker_processes + 3) * CONNECTIONS_PER_PROCESS)


def _judged(row: tuple[Any, ...], needed: int) -> CheckResult:
    version, fsync, commit, encoding, connections, now, standby = row
    skew_s = abs((now - datetime.now(UTC)).total_seconds())
    faults = [
        (version < OLDEST_POSTGRES, f"version {version // 10000}", "Use PostgreSQL 13 or newer."),
        (standby, "a standby, which takes no writes", "Name the primary in RAZBOR_DATABASE_URL."),
        (fsync == "off", "fsync = off loses accepted mail", "Set fsync = on and restart the server."),
        (
            commit == "off",
            "synchronous_commit = off loses accepted mail",
            "Set synchronous_commit = on, for the server and for this user.",
        ),
        (
            encoding != "UTF8",
            f"the database's encoding is {encoding}",
            "Make it anew: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
        ),
        (
            skew_s > MAX_SKEW_S,
            f"its clock and ours are {skew_s:.0f} s apart",
            "Keep both right (NTP): leases and terms count on it.",
        ),
    ]
    for is_so, detail, remedy in faults:
        if is_so:
            return failed("postgresql", detail, remedy)
    if connections < needed:
        return noted(
            "postgresql",
            f"{connections} connections, ours may take {needed} at the most",
            "Raise max_connections, or lower RAZBOR_WORKER_PROCESSES.",
        )
    return passed("postgresql", f"version {version // 10000}, durable, {encoding}")


def check_redis_policy(settings: Settings) -> CheckResult:
    """Look whether Redis would throw queue messages away when its memory is full."""
    if not settings.broker_url:
        return passed("redis policy", "embedded")
    import redis

    try:
        with redis.Redis.from_url(settings.broker_url, socket_connect_timeout=_TIMEOUT_S) as client:
            policy = str(client.config_get("maxmemory-policy").get("maxmemory-policy", ""))
    except (redis.RedisError, ValueError) as error:
        return noted("redis policy", f"not looked at: {error}")
    if policy != "noeviction":
        return failed(
            "redis policy",
            f"maxmemory-policy is {policy}: nudges may vanish, and work waits for the sweeper",
            "Set maxmemory-policy noeviction, or give Razbor a Redis of its own.",
        )
    return passed("redis policy", policy)
