"""One trace per mail over all parts, by OpenTelemetry's own SDK: numbers and closed lists, nothing else."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from models import traces
from tests.conftest import free_port
from tests.intake.smtp_harness import Client, RunningListener
from tests.workers.conftest import SUPPORT, letter

KEY = b"k" * 32
PERSONAL = "Анна Секретная"
on_sqlite = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    traces.wire("test", KEY).add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    traces.stop()


def accept_over_smtp(desk: Any, raw_store: Any, sender: str) -> None:
    words = f"Меня зовут {PERSONAL}. Поставку 2000061286750 склад принял не полностью."
    with RunningListener(raw_store, mailboxes=(SUPPORT,)) as running, Client(running.port) as client:
        client.hello().begin(SUPPORT, sender=sender)
        raw = letter(words, sender=sender, subject=f"Недостача от {PERSONAL}")
        assert client.ask(raw.replace(b"\n", b"\r\n") + b".\r\n").startswith("250")
    desk.now = desk.now.max.replace(year=2030, tzinfo=desk.now.tzinfo)  # after any moment of acceptance


@on_sqlite
def test_a_mail_is_one_trace_from_acceptance_to_the_reply(
    desk: Any, raw_store: Any, relay: Any, spans: InMemorySpanExporter
) -> None:
    accept_over_smtp(desk, raw_store, "anna@shop.example")
    desk.read()
    desk.work()
    assert desk.deliver(relay.port) == 1
    made = spans.get_finished_spans()
    names = [span.name for span in made]
    assert sorted(names) == ["accept", "classify", "decide", "deliver", "read", "topic"], names
    assert len({span.context.trace_id for span in made}) == 1
    root = made[names.index("accept")]
    assert root.parent is None
    assert {span.parent.span_id for span in made if span.parent} == {root.context.span_id}
    assert all(span.start_time <= span.end_time for span in made)
    number = desk.tickets()[0].id
    for name in ("decide", "topic", "deliver"):
        assert made[names.index(name)].attributes["razbor.ticket"] == number
    assert {span.attributes["razbor.mail"] for span in made} == {1}
    _assert_nothing_personal(made)


def _assert_nothing_personal(made: tuple[ReadableSpan, ...]) -> None:
    told = " ".join(span.to_json() for span in made)
    for word in (*PERSONAL.split(), "anna", "shop.example", "2000061286750", "Недостача"):
        assert word not in told
        assert word.encode("unicode_escape").decode() not in told


@on_sqlite
def test_two_mails_have_two_traces_and_another_key_has_others(desk: Any, spans: InMemorySpanExporter) -> None:
    for raw_id in (1, 2, 1):
        traces.note("read", raw_id, traces.now_ns())
    first, second, again = [span.context.trace_id for span in spans.get_finished_spans()]
    assert first == again != second
    traces.stop()
    other = InMemorySpanExporter()
    traces.wire("test", b"o" * 32).add_span_processor(SimpleSpanProcessor(other))
    traces.note("read", 1, traces.now_ns())
    assert other.get_finished_spans()[0].context.trace_id != first


def test_spans_reach_a_collector() -> None:
    received: list[bytes] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_unused: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        traces.start(f"http://127.0.0.1:{server.server_port}/v1/traces", "worker", KEY)
        traces.note("read", 7, traces.now_ns(), kind="person", ticket=None)
        traces.stop()
        server.shutdown()
    told = ExportTraceServiceRequest.FromString(received[0]).resource_spans[0]
    assert {item.key: item.value.string_value for item in told.resource.attributes} == {
        "service.name": "razbor",
        "service.instance.id": "worker",
    }
    span = told.scope_spans[0].spans[0]
    assert (span.name, {item.key for item in span.attributes}) == ("read", {"razbor.mail", "razbor.kind"})


def test_a_collector_that_is_away_holds_up_nothing() -> None:
    traces.start(f"http://127.0.0.1:{free_port()}/v1/traces", "worker", KEY)
    begun = time.monotonic()
    for raw_id in range(2500):  # more than the queue of the SDK takes
        traces.note("read", raw_id, traces.now_ns())
    assert time.monotonic() - begun < 5
    traces.stop()
    assert time.monotonic() - begun < 5 + traces.STOP_S


def test_off_means_that_nothing_is_imported() -> None:
    program = (
        "import sys; import cli.listen, workers.batch; from models import traces;"
        "traces.start('', 'worker', b''); traces.note('read', 1, traces.now_ns());"
        "print(traces.now_ns(), [name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 []"
