"""Each alert rule fires on what it is for and on nothing of a healthy desk.

The rules are held to Prometheus' own `promtool` where it is on the machine (Debian's package `prometheus`);
everywhere else to what can be looked at without it: names, labels, durations, and a situation for each rule.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.store.metrics import METRICS
from tests.test_docs import ROOT

FILE = ROOT / "docs" / "monitoring" / "alerts.yml"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]
}
HEALTHY = {
    'up{job="razbor"}': "1",
    "razbor_mails_accepted_total": "100",
    "razbor_balance_difference": "0",
    "razbor_mails_oldest_in_flight_seconds": "3",
    'razbor_mails_ended_total{disposition="held"}': "5",
    "razbor_replies_oldest_due_seconds": "20",
    'razbor_replies{state="uncertain"}': "0",
    "razbor_topic_work_oldest_due_seconds": "10",
    'razbor_tickets_breached{topic="quality"}': "2",
    'razbor_model_serving{version="m1"}': "1",
    "razbor_model_live_precision": "0.99",
    "razbor_model_audited_mails": "200",
    "razbor_incidents_open": "0",
}
# What is otherwise than in a healthy desk (None: no such series), and the labels which that gives the alert.
SITUATIONS: dict[str, tuple[dict[str, str | None], dict[str, str]]] = {
    "RazborDown": ({'up{job="razbor"}': "0"}, {"job": "razbor"}),
    "RazborBalanceBroken": ({"razbor_balance_difference": "-1"}, {}),
    "RazborMailsWait": ({"razbor_mails_oldest_in_flight_seconds": "700"}, {}),
    "RazborMailsHeld": ({'razbor_mails_ended_total{disposition="held"}': "0+1x200"}, {"disposition": "held"}),
    "RazborRepliesStuck": ({"razbor_replies_oldest_due_seconds": "2000"}, {}),
    "RazborRepliesUncertain": ({'razbor_replies{state="uncertain"}': "1"}, {"state": "uncertain"}),
    "RazborTopicWorkStuck": ({"razbor_topic_work_oldest_due_seconds": "1000"}, {}),
    "RazborTermsBreached": ({'razbor_tickets_breached{topic="quality"}': "21"}, {}),
    "RazborNoModel": ({'razbor_model_serving{version="m1"}': None}, {}),
    "RazborPrecisionLow": ({"razbor_model_live_precision": "0.9"}, {}),
    "RazborIncident": ({"razbor_incidents_open": "1"}, {}),
}


def case(name: str) -> dict[str, Any]:
    """Write a test of promtool: after two hours exactly this alert fires; "" is a healthy desk."""
    changed, labels = SITUATIONS.get(name, ({}, {}))
    series: dict[str, str | None] = {**HEALTHY, **changed}
    return {
        "name": name or "healthy",
        "interval": "1m",
        "input_series": [
            {"series": what, "values": value if "x" in value else f"{value}+0x200"}
            for what, value in series.items()
            if value is not None
        ],
        "alert_rule_test": [
            {
                "eval_time": "2h",
                "alertname": rule,
                "exp_alerts": [
                    {
                        "exp_labels": RULES[rule]["labels"] | labels,
                        "exp_annotations": RULES[rule]["annotations"],
                    }
                ]
                if rule == name
                else [],
            }
            for rule in RULES
        ],
    }


def test_every_rule_has_a_situation_and_says_what_to_do() -> None:
    assert set(SITUATIONS) == set(RULES)
    for name, rule in RULES.items():
        assert rule["labels"]["severity"] in {"page", "ticket"}, name
        assert rule["annotations"]["summary"], name
        assert rule["annotations"]["remedy"], name
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m")), name
        for metric, labels in re.findall(r"\b(razbor_\w+)(?:\{([^}]*)\})?", rule["expr"]):
            assert set(re.findall(r"(\w+)=", labels)) <= set(METRICS[metric].labels), name
        used = set(re.findall(r"\b(?:razbor_\w+|up)\b", rule["expr"]))
        assert used & {series.partition("{")[0] for series in SITUATIONS[name][0]}, f"{name}: its own figure"
    assert set(RULES) >= {"RazborDown", "RazborBalanceBroken", "RazborMailsWait", "RazborRepliesStuck"}


def test_promtool_agrees_where_it_is(tmp_path: Path) -> None:
    """The cases are written in any case; Prometheus' own tool reads them where it is installed."""
    cases = tmp_path / "cases.yml"
    tests = [case(name) for name in ("", *RULES)]
    cases.write_text(yaml.safe_dump({"rule_files": [str(FILE)], "evaluation_interval": "1m", "tests": tests}))
    assert len(yaml.safe_load(cases.read_text())["tests"]) == len(RULES) + 1
    promtool = shutil.which("promtool")
    if promtool is None:
        return
    for words in (["check", "rules", str(FILE)], ["test", "rules", str(cases)]):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            pytest.fail(done.stdout + done.stderr)
