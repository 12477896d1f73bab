"""What the command asks a broker directly: does it answer, and whose is it.

Addresses come in Celery's form; redis-py writes a unix socket as `unix://`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis import Redis

CONNECT_TIMEOUT_S = 2.0


def connect(broker_url: str) -> Redis:
    """Make a client for a broker address of Celery (`redis://`, `rediss://`, `redis+socket://`)."""
    from redis import Redis

    url = broker_url.replace("redis+socket://", "unix://", 1)
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=CONNECT_TIMEOUT_S,
        retry=None,
        decode_responses=True,
    )


def answers(broker_url: str) -> bool:
    """Tell whether a broker answers PING now."""
    from redis.exceptions import RedisError

    try:
        with connect(broker_url) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False


def directory_of(broker_url: str) -> Path | None:
    """Folder in which a live server keeps its data; None when no server answers."""
    from redis.exceptions import RedisError

    try:
        with connect(broker_url) as client:
            answer = client.config_get("dir")
    except (RedisError, OSError):
        return None
    return Path(str(answer["dir"])).resolve() if isinstance(answer, dict) and "dir" in answer else None
