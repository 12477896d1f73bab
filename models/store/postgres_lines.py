"""Connections to PostgreSQL that end when the other side is gone or silent, instead of waiting for ever.

A network that drops packets leaves a line half open: no end of it is ever seen. TCP is asked to look
(keepalives while an answer is awaited, a bound on what stays unacknowledged; tcp(7)), which finds that
within `LOST_LINE_S`. A server or proxy that acknowledges everything and answers nothing is beyond TCP;
whoever cannot wait names how long an answer may take, and the connection counts the time itself. In goes an
engine, its new connections have the bounds; out comes, at the worst, an error of the driver that names the
cause.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    import psycopg

CONNECT_S: Final = 10
_IDLE_S, _EVERY_S, _PROBES = 15, 5, 3
LOST_LINE_S: Final = _IDLE_S + _PROBES * _EVERY_S
_TCP_OPTIONS: Final = {
    "connect_timeout": CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": _IDLE_S,
    "keepalives_interval": _EVERY_S,
    "keepalives_count": _PROBES,
    "tcp_user_timeout": LOST_LINE_S * 1000,  # milliseconds
}


def bound_waiting(engine: Engine, answer_within_s: float | None) -> None:
    """Bound what new connections of an engine wait; None: an answer may take as long as it likes.

    What the address of the database says of these options counts more.
    """

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, given: list[Any], options: dict[str, Any]) -> psycopg.Connection:
        options = {**_TCP_OPTIONS, **options}
        if answer_within_s is None:
            import psycopg

            return psycopg.connect(*given, **options)
        return _impatient(answer_within_s).connect(*given, **options)


@cache
def _impatient(answer_within_s: float) -> type[psycopg.Connection]:
    """Make the kind of connection that gives up and closes when an answer takes longer."""
    import psycopg

    class ImpatientConnection(psycopg.Connection):
        """Waits for the server no longer than `answer_within_s`, whatever it waits for."""

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            """Wait as psycopg does; raises OperationalError when the time is over."""
            if timeout is not None:  # the driver's own, which it handles itself
                return super().wait(gen, interval, timeout)
            try:
                return super().wait(gen, interval, answer_within_s)
            except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 - psycopg asks its callers to convert it
                self.pgconn.finish()  # closed: the pool throws it away, and no clean-up waits on it again
                msg = f"PostgreSQL gave no answer within {answer_within_s:g} s: the connection was closed"
                raise psycopg.OperationalError(msg) from error

    return ImpatientConnection
