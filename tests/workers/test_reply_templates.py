"""Reply templates of the operators: filling in, refusing, versions (rules R6, R14, R54, R60, A13)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decisions import FactValue, TicketState
from models.reply_template import TEMPLATE_LANGUAGES, ReplyTemplate, shipped_templates
from models.store import Store
from models.store.policies import seed
from models.store.reply_templates import (
    every_reply_template,
    reply_template_versions,
    reply_templates,
    save_reply_template,
)
from models.topics import SLUGS, Status
from tests.workers.conftest import START, Desk
from workers.acts import ActError
from workers.reply_templates import TemplateValues, render, template_problems, template_values, variable_names
from workers.template_acts import preview_reply, save_template, templates_for

ORDERS = tuple(FactValue(field="order_ref", value=f"3392011{n}-1231-1") for n in range(7))
STATE = TicketState(
    number=100042,
    status=Status.IN_PROGRESS,
    topic="finance_documents",
    language="ru",
    marketplace="ozon",
    facts=(
        *ORDERS,
        FactValue(field="period", value="2026-11-01/2026-11-07", text="с 1 по 7 ноября"),
        FactValue(field="amount", value="1260 RUB", text="1 260 ₽"),
    ),
)
OWN = ReplyTemplate(topic="", language="en", name="thanks", title="Thanks", text="Thank you for {order}.")


def test_variables_are_filled_in_from_the_ticket() -> None:
    values = template_values(replace(STATE, sender_role="admin", bound_seller_id="2457831"))
    words = "{ticket} ({topic}), продавец {seller}: {period}, {amount}; заказы {order}; {cabinet}"
    assert render(words, values).text == (
        "RZ-100042 (Финансы, выплаты, документы), продавец 2457831: с 1 по 7 ноября, 1 260 ₽; заказы "
        + ", ".join(fact.value for fact in ORDERS[:5])
        + " и ещё 2; личный кабинет → Помощь → Обращения"
    )


def test_what_a_ticket_lacks_is_named_in_its_language() -> None:
    for language, wanted in (("ru", "ID продавца"), ("zh", "卖家ID"), ("en", "your seller ID")):
        state = replace(STATE, language=language, sender_role="admin")
        assert render("{missing}", template_values(state)).text == wanted


def test_a_variable_without_value_or_name_stops_the_reply() -> None:
    filled = render("{ticket}: {supply} {oder}", template_values(STATE))
    assert filled.text == "RZ-100042: {supply} {oder}"
    assert (filled.missing_variables, filled.unknown_variables) == (("supply",), ("oder",))
    assert not filled.is_ready
    said = "; ".join(filled.problems)
    assert "{oder}, which no variable is called" in said
    assert "needs {supply}, which the ticket does not have" in said


@pytest.mark.parametrize("role", ["employee", "agency", "unknown"])
def test_an_amount_is_for_the_administrator_alone(role: str) -> None:
    told = render("{amount}", template_values(replace(STATE, sender_role=role)))
    assert told.text == "{amount}"
    assert "rule R6" in told.problems[0]
    elsewhere = replace(STATE, sender_role=role, topic="orders_returns")
    assert render("{amount}", template_values(elsewhere)).text == "1 260 ₽"


@pytest.mark.parametrize(
    ("words", "names_a_sum"),
    [
        ("Выплата 52 300 ₽ придёт в среду.", True),
        ("Удержано 1250 руб.", True),
        ("Удержано 1\u00a0250,50 р. по отчёту", True),
        ("Мы выплатили RUB 4000.", True),
        ("The payout is 4,000 RUB.", True),
        ("已扣除1250卢布。", True),
        ("¥300 已退", True),
        ("Срок 5 рабочих дней, отчёт 5521, период 01.10.2026-15.10.2026.", False),
        ("Ждём 2 документа и 3 рубрики не нужны", False),
        ("По финансовым вопросам мы отвечаем администратору аккаунта.", False),
    ],
)
def test_r6_a_sum_written_out_by_hand_is_for_the_administrator_alone(words: str, names_a_sum: bool) -> None:
    told = render(words, template_values(replace(STATE, sender_role="unknown")))
    assert any("R6" in problem for problem in told.problems) is names_a_sum
    assert render(words, template_values(replace(STATE, sender_role="admin"))).is_ready
    elsewhere = replace(STATE, sender_role="unknown", topic="orders_returns")
    assert render(words, template_values(elsewhere)).is_ready


def test_other_braces_are_left_alone() -> None:
    values = template_values(STATE)
    for text in ('{"a": {"b": 1}}', "{}", "{1}", "{a.b}", "{0!r}", "{{"):
        assert render(text, values).text == text
    assert render("{{order}} is {ticket}", values).text == "{order} is RZ-100042"


@settings(max_examples=60)
@given(st.text(max_size=200), st.text(max_size=200))
def test_a_value_is_one_line_and_no_template(text: str, value: str) -> None:
    state = replace(STATE, facts=(FactValue(field="supply_ref", value=value + "{order}\r\nBcc: x{ticket}"),))
    shown = template_values(state).values["supply"]
    assert "\n" not in shown
    assert "\r" not in shown
    assert len(shown) <= 120
    assert render("{supply}", template_values(state)).text == shown
    render(text, template_values(state))


def test_shipped_templates_speak_by_the_rules_in_every_language() -> None:
    shipped = shipped_templates()
    assert {template.topic for template in shipped} == {"", *(s for s in SLUGS if s not in _NO_LETTERS)}
    names = {(t.topic, t.name) for t in shipped}
    assert len(shipped) == len(names) * len(TEMPLATE_LANGUAGES)
    everything = TemplateValues(values=dict.fromkeys(variable_names(), "…"))
    for template in shipped:
        assert not template_problems(template), template
        assert render(template, everything).is_ready
        assert json.dumps(template.text, ensure_ascii=False).count("\\n\\n") >= 2, (
            "greeting, words, signature"
        )


_NO_LETTERS = ("spam_phishing", "other")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"text": "Пришлите пароль от кабинета"}, "asks for a secret"),
        ({"text": "Звоните: +7 495 123-45-67"}, "names a phone"),
        ({"text": "Гарантируем решение"}, "promises an outcome"),
        ({"text": "{oder}"}, "which no variable is called"),
        ({"text": " "}, "needs a text"),
        ({"title": ""}, "needs a title"),
        ({"name": "Thanks!"}, "needs a name"),
        ({"topic": "a/b"}, "belongs to no topic"),
        ({"language": "de"}, "needs a language"),
    ],
)
def test_a_template_that_may_not_stand_is_refused(changes: dict[str, str], why: str) -> None:
    assert why in "; ".join(template_problems(replace(OWN, **changes)))  # type: ignore[arg-type]  # texts all


def test_versions_stay_and_the_newest_is_in_force(store: Store) -> None:
    with store.write() as db:
        seed(db, (), START)
        shipped = len(every_reply_template(db))
        assert shipped == len(shipped_templates())
        first = save_reply_template(db, OWN, author="lead", now_utc=START)
        assert save_reply_template(db, first, author="anna", now_utc=START) == first, "nothing changed"
        second = save_reply_template(db, replace(first, text="{order}"), author="anna", now_utc=START)
        assert (first.version, second.version, second.author) == (1, 2, "anna")
        listed = reply_templates(db, "orders_returns", "en")
        assert second in listed
        assert [t.topic for t in listed] == sorted((t.topic for t in listed), reverse=True), "own topic first"
        assert {t.language for t in reply_templates(db, "", "unknown")} == set(TEMPLATE_LANGUAGES)
        save_reply_template(db, replace(second, active=False), author="lead", now_utc=START)
        assert all(t.name != "thanks" for t in reply_templates(db, "orders_returns", "en"))
        assert [t.version for t in reply_template_versions(db, "", "en", "thanks")] == [3, 2, 1]
        seed(db, (), START)
        assert len(every_reply_template(db)) == shipped + 1, "what was taken out is not shipped again"


def test_a_preview_is_what_would_be_sent(desk: Desk) -> None:
    desk.mail("The supply 2000061286750 was not accepted in full.")
    desk.read()
    number = desk.tickets()[0].id
    seen = preview_reply(desk.service, number, "{ticket}: {supply}")
    assert seen.text == f"RZ-{number}: 2000061286750"
    assert seen.is_ready
    assert not desk.outbox()
    with pytest.raises(ActError, match=r"this template uses \{oder\}"):
        save_template(desk.service, "lead", replace(OWN, text="{oder}"))
    assert save_template(desk.service, "lead", OWN) in templates_for(desk.service, number)
