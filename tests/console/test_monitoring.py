"""What machines ask the console: health, readiness, and figures that add up and are documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from models.store.metrics import METRICS, Sample, exposition
from tests.console.conftest import Web, on_sqlite
from tests.workers.conftest import Desk

DOCS = Path(__file__).parents[2] / "docs"
LINE = re.compile(r'([a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)')


def _figures(words: str) -> dict[str, float]:
    found = {}
    for line in words.splitlines():
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            found[match[1] + (match[2] or "")] = float(match[3])
    return found


def test_the_figures_are_those_of_the_store(desk: Desk) -> None:
    desk.mail()
    desk.mail("casino", sender="win@casino.example")
    desk.read()
    desk.work()
    desk.mail("unsure, что-то не так", sender="other@shop.example")
    desk.pass_time(90)
    web = Web(desk, metrics_token="s3cret", relay=True)
    figures = _figures(web.get("/metrics", Authorization="Bearer s3cret").text)
    assert figures["razbor_mails_accepted_total"] == 3
    assert figures['razbor_mails_ended_total{disposition="opened"}'] == 1
    assert figures['razbor_mails_ended_total{disposition="quarantined"}'] == 1
    assert figures["razbor_mails_in_flight"] == 1
    assert figures["razbor_balance_difference"] == 0
    assert figures['razbor_tickets_open{topic="logistics_acceptance",status="waiting_seller"}'] == 1
    assert figures["razbor_replies_oldest_due_seconds"] == 90
    desk.read()
    assert _figures(web.get("/metrics", Authorization="Bearer s3cret").text)["razbor_review_waiting"] == 1


@on_sqlite
def test_only_the_token_or_this_machine_reads_figures(desk: Desk) -> None:
    with_token = Web(desk, metrics_token="s3cret")
    assert with_token.get("/metrics").status_code == 401
    assert with_token.get("/metrics", Authorization="Bearer s3cre").status_code == 401
    assert with_token.get("/metrics", Authorization="Bearer s3cret").status_code == 200
    without = Web(desk)
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 401), ("", 401)):
        client = TestClient(without.app, base_url="http://testserver", client=(address, 1))
        assert client.get("/metrics").status_code == status, address
        for header in ("X-Forwarded-For", "Forwarded"):
            assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401


@on_sqlite
def test_health_and_readiness_need_no_login(desk: Desk) -> None:
    web = Web(desk)
    assert web.get("/healthz").json() == {"alive": True}
    assert web.get("/readyz").json() == {"ready": True, "fault": ""}
    with desk.store.write() as db:
        db.execute(text("UPDATE alembic_version_main SET version_num = '0001'"))
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert "razbor migrate" in answer.json()["fault"]


@pytest.mark.parametrize("value", ["1", "12345678", "0.9821", "1234567.25"])
def test_no_figure_is_rounded_away(value: str) -> None:
    name = "razbor_mails_in_flight"
    (line,) = [
        row for row in exposition([Sample(name=name, value=float(value))]).splitlines() if "#" not in row
    ]
    assert float(line.split()[1]) == pytest.approx(float(value), rel=1e-6)


def test_labels_are_escaped() -> None:
    sample = Sample(name="razbor_model_serving", value=1, labels=(("version", 'a"b\\c\nd'),))
    assert 'version="a\\"b\\\\c\\nd"' in exposition([sample])


def test_the_documented_list_is_the_list() -> None:
    listed = re.findall(
        r"^\| `(razbor_\w+)(?:\{([a-z,]+)\})?` \| (\w+) \| (.+) \|$",
        (DOCS / "monitoring.md").read_text(),
        re.MULTILINE,
    )
    assert [
        (name, tuple(filter(None, labels.split(","))), kind, text) for name, labels, kind, text in listed
    ] == [(name, metric.labels, metric.kind, metric.help) for name, metric in METRICS.items()]


@pytest.mark.parametrize("name", ["monitoring/alerts.yml", "monitoring/grafana.json"])
def test_rules_and_dashboard_use_known_names(name: str) -> None:
    words = (DOCS / name).read_text()
    if name.endswith("json"):
        json.loads(words)
    used = set(re.findall(r"\brazbor_\w+", words))
    assert used
    assert used <= METRICS.keys()
