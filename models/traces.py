"""Spans of OpenTelemetry over a mail's way: accept, read, classify, decide, topic, deliver.

Off unless `start` is called; then nothing of OpenTelemetry is imported and a call costs a comparison. All
processes put their spans into one trace without handing anything on: the number of the mail's row, which
every step has in its hands, gives the trace its id (HMAC under the installation's key), and the acceptance
is the root. A span carries numbers and names of closed lists, never an address or a word of a mail.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import SpanContext, Tracer

EXPORT_EVERY_MS: Final = 1000
EXPORT_TIMEOUT_S: Final = 5
STOP_S: Final = 2.0  # for the last spans of a process to leave
ROOT: Final = "accept"
REMEDY: Final = "pip install --require-hashes -r requirements/tracing.txt, or empty RAZBOR_TRACES_URL"

log = structlog.get_logger(__name__)


class _Wiring:
    """The tracer of this process, while there is one."""

    tracer: Tracer | None = None
    provider: TracerProvider | None = None
    key: bytes = b""


_root_ids: ContextVar[tuple[int, int] | None] = ContextVar("root_ids", default=None)


def now_ns() -> int:
    """Return the present moment in nanoseconds since 1970, 0 while tracing is off."""
    return time.time_ns() if _Wiring.tracer is not None else 0


def note(name: str, raw_id: int | None, begun_ns: int, **facts: int | str | bool | None) -> None:
    """Note a step of a mail that began at `begun_ns` and ends now; facts that are None are left out."""
    tracer = _Wiring.tracer
    if tracer is None or raw_id is None:
        return
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    trace_id, root_id = _ids(raw_id)
    is_root = name == ROOT
    parent = None if is_root else set_span_in_context(NonRecordingSpan(_root(trace_id, root_id)))
    token = _root_ids.set((trace_id, root_id) if is_root else None)
    try:
        span = tracer.start_span(
            name,
            context=parent,
            start_time=begun_ns,
            attributes={
                "razbor.mail": raw_id,
                **{f"razbor.{fact}": value for fact, value in facts.items() if value is not None},
            },
        )
        span.end()
    finally:
        _root_ids.reset(token)


def note_acceptance(raw_id: int, received_at_utc: datetime, size_bytes: int) -> None:
    """Note that a mail was stored: the root of its trace."""
    if _Wiring.tracer is not None:
        note(ROOT, raw_id, int(received_at_utc.timestamp() * 1e9), size_bytes=size_bytes)


def start(url: str, part: str, key: bytes) -> None:
    """Send spans of this process to an OTLP address over HTTP, if there is one; `part` names the process.

    Mail never waits for this: what cannot be sent is dropped, and without the packages it is only told.
    """
    if not url or _Wiring.tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("no traces: OpenTelemetry is not installed", remedy=REMEDY)
        return
    wire(part, key).add_span_processor(
        BatchSpanProcessor(
            OTLPSpanExporter(endpoint=url, timeout=EXPORT_TIMEOUT_S), schedule_delay_millis=EXPORT_EVERY_MS
        )
    )


def wire(part: str, key: bytes) -> TracerProvider:
    """Switch spans on and return the provider, whose processors say where they go."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    class RootIds(RandomIdGenerator):
        """Gives a root the ids that its mail has, so that others know them without being told."""

        def generate_trace_id(self) -> int:
            chosen = _root_ids.get()
            return chosen[0] if chosen else super().generate_trace_id()

        def generate_span_id(self) -> int:
            chosen = _root_ids.get()
            return chosen[1] if chosen else super().generate_span_id()

    # The limits of the environment variables stay; the resource names the part and nothing of the machine.
    resource = Resource({"service.name": "razbor", "service.instance.id": part})
    provider = TracerProvider(
        resource=resource, id_generator=RootIds(), sampler=ALWAYS_ON, shutdown_on_exit=False
    )
    _Wiring.provider, _Wiring.key = provider, key
    _Wiring.tracer = provider.get_tracer("razbor")
    return provider


def stop() -> None:
    """Send what waits and switch spans off."""
    provider, _Wiring.tracer, _Wiring.provider = _Wiring.provider, None, None
    if provider is not None:
        # Its own shutdown tries a collector that is away for a quarter of a minute; nobody waits for that.
        last_words = threading.Thread(target=provider.shutdown, daemon=True)
        last_words.start()
        last_words.join(STOP_S)


def _ids(raw_id: int) -> tuple[int, int]:
    """Return the ids of trace and root span of a mail (W3C Trace Context: 16 and 8 octets, not all zero)."""
    octets = hmac.digest(_Wiring.key, b"trace %d" % raw_id, hashlib.sha256)
    return int.from_bytes(octets[:16], "big") or 1, int.from_bytes(octets[16:24], "big") or 1


def _root(trace_id: int, root_id: int) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(trace_id, root_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
