"""Logging of a process: structlog over the standard library, readable or one JSON object per line.

Every library's log line passes through the same processors. No personal text may stand in a
log: events carry ids, and what looks like an e-mail address or a secret is masked here as the
last resort (domain rules 4.2). Tracebacks are printed without local variables for the same reason.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_ADDRESS: Final = re.compile(r"([\w.+-])[\w.+-]{0,63}@([\w-]{1,63}\.[\w.-]{1,190})")
# The last resort for secrets, by shape alone: tokens, card numbers and what stands behind a word for one.
_SECRET: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{6,4000}(?:\.[A-Za-z0-9_-]{1,4000}){0,2}"
    r"|(?<![\w-])[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}(?![\w-])"
    r"|(?i:(?<=bearer )|(?<=basic )|(?<=password[:=])|(?<=password[:=] )|(?<=token[:=])|(?<=secret[:=])"
    r"|(?<=key[:=])|(?<=key: )|(?<=пароль: )|(?<=пароль ))[^\s\"',;&]{6,400}"
)
_NAMED_IDS: Final = ("raw_ids",)  # what rooms that log by the standard library name beside the text
_MAX_SCANNED_CHARS: Final = 20_000
# Celery tells of every single task at INFO; its own faults come at WARNING and above.
_CHATTY_LOGGERS: Final = (
    "celery.worker.strategy",
    "celery.worker.request",
    "celery.app.trace",
    "celery.redirected",
    "kombu",
    "alembic",
    "asyncio",
    "mail.log",
    "mailparser",
)


def configure_logging(level: str, *, json_lines: bool, part: str = "") -> None:
    """Send the log of this process to standard error; `part` names the process in JSON lines."""
    import structlog

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(allow=_NAMED_IDS),
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if json_lines
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        mask_addresses,
    ]
    last: list[Processor] = (
        [
            _PartName(part),
            structlog.processors.format_exc_info,
            mask_addresses,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if json_lines
        else [
            structlog.processors.format_exc_info,
            mask_addresses,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
                pad_event_to=0,
            ),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    quiet = logging.INFO if level.upper() == "DEBUG" else logging.WARNING
    for name in _CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(quiet)


def log_to_stderr() -> None:
    """Keep log lines of a short command off standard output, where its answer goes."""
    import structlog

    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            mask_addresses,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def mask_addresses(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave of each e-mail address in a log event its first character and domain, of a secret nothing."""
    return {key: _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if "@" in value:
        value = _ADDRESS.sub(r"\1***@\2", value[:_MAX_SCANNED_CHARS])
    return _SECRET.sub("***", value[:_MAX_SCANNED_CHARS])


class _PartName:
    """Processor that writes which process a line comes from."""

    def __init__(self, part: str) -> None:
        self._part = part

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if self._part:
            event.setdefault("part", self._part)
        return event
