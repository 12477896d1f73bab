"""Refusals are told in the reader's language: every sentence of the rooms behind the console is known."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from console.refusal_words import refusal, stored_words
from console.wording import words_of
from tests.console.conftest import on_sqlite
from tests.workers.test_facts import reachable
from workers.word_lists import read_table

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


STORED = {  # module -> sentences it stores beside a ticket or a mail
    "models/store/tickets.py": ["mail received", "seller wrote again", "seller answered"],
    "models/store/topic_results.py": [
        "asked for seller_id, period|event_date",
        "data complete",
        "sender_not_admin",
    ],
    "models/store/splitting.py": ["split from RZ-7"],
    "models/store/outbox.py": ["an earlier reply to this address came back"],
    "workers/acts.py": ["reopened"],
    "workers/reply_acts.py": ["answered", "asked the seller"],
    "workers/disposing.py": ["our mail came back"],
    "workers/overdue.py": ["the term of first reaction is broken"],
    "workers/isolated_read.py": [
        "reading it took longer than 20 s",
        "reading it ends its process with signal 9",
    ],
    "workers/read_budget.py": ["more than 1 s of processor time", "more than 200 MB of memory"],
    "workers/disposition.py": [
        *("spam or phishing, 99% sure", "poses as the marketplace: lookalike sender, threat"),
        *("the same mail was delivered before", "an out-of-office reply, kept and not answered"),
    ],
}


@pytest.mark.parametrize("path", STORED)
def test_what_is_stored_in_english_has_its_words(path) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    for said in STORED[path]:
        begin = re.split(r"\d|seller_id|first reaction|lookalike", said)[0].strip()
        assert begin in source, "the sentence is another one by now"
        assert re.search("[а-яё]", stored_words(said, "ru")), said
        assert re.search("[一-鿿]", stored_words(said, "zh")), said
        assert not re.search("[a-z]_[a-z]", stored_words(said, "en")), "codes are told by their names"


def test_odd_senders_are_told_and_typed_reasons_stay() -> None:
    for warning in read_table("phishing.toml")["warnings"].values():
        assert re.search("[а-яё]", stored_words(f"sender: {warning}", "ru").partition(": ")[2]), warning
    asked = "asked for seller_id, period|event_date"
    assert stored_words(asked, "ru") == "запрошено: ID продавца, период / дата"
    assert stored_words(asked, "en") == "asked for seller ID, period / date"
    assert stored_words("закрыто по звонку", "en") == "закрыто по звонку"


def test_every_field_of_a_fact_has_a_name() -> None:
    assert reachable() | {"ticket_ref", "risk", "chronology"} <= set(words_of("en").section("field"))


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
