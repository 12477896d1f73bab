"""Refusals are told in the reader's language: every sentence of the rooms behind the console is known."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from console.refusal_words import refusal
from tests.console.conftest import on_sqlite

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("workers/acts.py", "workers/reply_acts.py", "workers/opening.py", "workers/template_acts.py"),
    *("workers/policy_acts.py", "workers/macros.py", "workers/webhooks.py", "workers/webhook_post.py"),
    *("workers/sla.py", "workers/replies/lint.py", "workers/reply_templates.py", "workers/business_time.py"),
    *("models/store/ticket_life.py", "models/store/saved_views.py", "models/store/webhooks.py"),
    *("models/store/api_tokens.py", "models/store/mailboxes.py", "models/store/splitting.py"),
    *("models/store/set_aside.py", "models/store/learning.py", "models/store/versions.py"),
    *("models/store/training_runs.py", "console/guard.py", "models/retention.py"),
)
NOT_SHOWN = ("route ", "there is no mail ")  # faults of ours, and answers to programs


def sentences(path: str) -> list[str]:
    """Return what a module may say: `msg = ...`, `refused = ...`, `said.append(...)`, with values put in."""
    found = []
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        value = None
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in {"msg", "refused"}:
            value = node.value
        is_append = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append"
        if is_append and getattr(node.func.value, "id", "") in {"said", "faults"}:
            value = node.args[0]
        if isinstance(value, ast.JoinedStr):
            said = "".join(p.value if isinstance(p, ast.Constant) else "7" for p in value.values)
            found.append(said)
        elif isinstance(value, ast.Constant) and isinstance(value.value, str):
            found.append(value.value)
    return [said for said in found if said and not said.startswith(NOT_SHOWN)]


@pytest.mark.parametrize("path", ROOMS)
def test_every_refusal_has_its_words(path) -> None:
    found = sentences(path)
    assert found
    for said in found:
        assert re.search("[а-яё]", refusal(said, "ru")), said
        assert re.search("[一-鿿]", refusal(said, "zh")), said
        assert refusal(said, "en") == said


def test_values_and_pieces_are_put_in() -> None:
    moved = "RZ-100042 cannot move from closed to waiting_seller: the legal moves are those of rule R20"
    assert "Закрыто" in refusal(moved, "ru") or "закрыт" in refusal(moved, "ru").lower()
    both = (
        "this reply names a phone or a call (rule R14): answer in writing; "
        "it promises an outcome (rule R60): say what is done, not what will come of it"
    )
    assert refusal(both, "zh") == (
        "此回复提到电话或通话（规则 R14）：请书面回复；承诺了结果（规则 R60）：请说明已做的事，而非结果"
    )
    assert refusal("x" * 100_000, "ru") == "x" * 100_000
    assert refusal("something new {braces}", "ru") == "something new {braces}"


@on_sqlite
@pytest.mark.parametrize(
    ("language", "said"), [("ru", "отвечайте письменно"), ("en", "answer in writing"), ("zh", "请书面回复")]
)
def test_a_refusal_is_shown_in_the_operators_language(web, language, said) -> None:
    web.desk.mail()
    web.desk.read()
    web.enter("operator", language=language)
    number = web.desk.tickets()[0].id
    answer = web.post(f"/tickets/{number}/reply", {"text": "Позвоните нам по телефону, и мы поможем."})
    assert answer.status_code == 409
    assert said in answer.text
    spoken = web.post(f"/tickets/{number}/merge", {"into": f"{number}"}, **{"X-Razbor": "1"})
    assert spoken.status_code == 409
    assert ("cannot be merged" in spoken.text) == (language == "en")
