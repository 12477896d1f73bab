"""Topic work: missing data, one question, status, thanks (R5, R6, R10, R18, R22, R31, R54, A8, A14, A18)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decisions import FactValue, TicketState
from models.topics import SLUGS, Status
from workers.topic_replies import says_nothing
from workers.topics import decide_topic, draft_reminder

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def fact(field: str, value: str = "1", raw_id: int = 1) -> FactValue:
    return FactValue(field=field, value=value, raw_id=raw_id)


def state(**changes: object) -> TicketState:
    values: dict[str, object] = {
        "number": 100042,
        "status": Status.NEW,
        "topic": "orders_returns",
        "language": "ru",
        "subject": "Возврат",
        "text": "Добрый день, покупатель вернул не тот товар, прошу разобраться с возвратом.",
        "now_utc": NOW,
        **changes,
    }
    return TicketState(**values)  # type: ignore[arg-type] # test table


def test_r31_incomplete_mail_gets_one_question_and_waits() -> None:
    decision = decide_topic(state(facts=(fact("seller_id"),)))
    assert decision.missing == decision.ask == ("order_ref|claim_ref",)
    assert decision.status is Status.WAITING_SELLER
    assert decision.reply is not None
    assert decision.reply.kind == "missing_data"
    assert decision.reply.asked == ("order_ref|claim_ref",)
    assert "номер заказа или отправления либо номер заявки на возврат" in decision.reply.text
    assert "RZ-100042" in decision.reply.text
    assert decision.reply.subject == "Re: [RZ-100042] Возврат"


def test_whole_sentence_only_when_everything_is_missing() -> None:
    everything = decide_topic(state()).reply
    partly = decide_topic(state(topic="logistics_acceptance", facts=(fact("supply_ref"),))).reply
    assert everything is not None
    assert partly is not None
    assert "Уточните, пожалуйста, ID продавца и номер заказа" in everything.text
    assert "– ID продавца;\n– дату сдачи или приёмки либо номер акта." in partly.text


def test_complete_mail_is_acknowledged_with_number_and_topic() -> None:
    decision = decide_topic(state(facts=(fact("seller_id"), fact("order_ref"))))
    assert (decision.missing, decision.status) == ((), None)
    assert decision.reply is not None
    assert decision.reply.kind == "acknowledgement"
    assert "RZ-100042" in decision.reply.text
    assert "«Заказы, отмены, возвраты»" in decision.reply.text


def test_r5_bound_seller_is_not_asked_for_the_id() -> None:
    assert decide_topic(state(bound_seller_id="393217")).missing == ("order_ref|claim_ref",)


def test_a8_no_second_question_even_when_something_else_is_missing_now() -> None:
    after = state(
        topic="cards_moderation",
        asked=frozenset({"order_ref|claim_ref"}),
        question_count=1,
        acknowledged=True,
    )
    decision = decide_topic(after)
    assert decision.missing == ("seller_id", "sku_ref")
    assert (decision.reply, decision.ask) == (None, ())


def test_question_after_a_neutral_acknowledgement_does_not_greet_with_the_number_again() -> None:
    reply = decide_topic(state(acknowledged=True)).reply
    assert reply is not None
    assert reply.kind == "missing_data"
    assert "Мы получили ваше письмо" not in reply.text
    assert "По обращению RZ-100042" in reply.text


def answered(**changes: object) -> TicketState:
    values: dict[str, object] = {
        "asked": frozenset({"seller_id", "order_ref|claim_ref"}),
        "question_count": 1,
        "acknowledged": True,
        "message_count": 2,
        "question_raw_id": 1,
        "missing_before": ("order_ref|claim_ref",),
        "facts": (fact("seller_id", raw_id=1), fact("order_ref", raw_id=2)),
        **changes,
    }
    return state(**values)


def test_r22_answer_that_completes_the_data_is_thanked_for_and_nothing_is_asked() -> None:
    decision = decide_topic(answered())
    assert decision.reply is not None
    assert decision.reply.kind == "completed"
    assert decision.reply.asked == ()


def test_r22_complete_ticket_that_still_waits_goes_back_to_the_operators() -> None:
    assert decide_topic(answered(status=Status.WAITING_SELLER)).status is Status.NEW


def test_r22_thanks_go_out_once() -> None:
    later = decide_topic(answered(missing_before=(), message_count=3))
    assert later.reply is None


def test_partial_answer_is_not_asked_again() -> None:
    decision = decide_topic(answered(facts=(fact("seller_id", raw_id=2),)))
    assert decision.missing == ("order_ref|claim_ref",)
    assert decision.reply is None


def test_how_to_letter_is_not_interrogated() -> None:
    asks = state(
        topic="marking_packaging",
        subject="вопрос про упаковку",
        text="Подскажите, для банок обязательно ли два слоя плёнки? Какие требования? Пока ничего не везём.",
    )
    decision = decide_topic(asks)
    assert decision.how_to
    assert decision.missing == ("seller_id", "sku_ref|supply_ref|order_ref", "barcode_or_mark")
    assert decision.reply is not None
    assert (decision.reply.kind, decision.status) == ("acknowledgement", None)


def test_operators_word_on_how_to_wins() -> None:
    reply = decide_topic(state(how_to=True)).reply
    assert reply is not None
    assert reply.kind == "acknowledgement"


@pytest.mark.parametrize(
    "changes",
    [
        {"suppress_replies": "A4"},
        {"policy": "off"},
        {"status": Status.CLOSED},
        {"topic": "spam_phishing"},
    ],
)
def test_nothing_goes_out_and_nothing_moves(changes: dict[str, object]) -> None:
    decision = decide_topic(state(**changes))
    assert (decision.reply, decision.status, decision.ask) == (None, None, ())


def test_draft_policy_leaves_the_status_to_the_operator() -> None:
    decision = decide_topic(state(policy="draft"))
    assert decision.reply is not None
    assert decision.status is None


def test_r6_unknown_sender_of_a_finance_letter_is_asked_with_the_administrator_line() -> None:
    decision = decide_topic(state(topic="finance_documents", text="Где выплата?", facts=(fact("seller_id"),)))
    assert decision.reply is not None
    assert decision.reply.kind == "missing_data"
    assert "только администратору аккаунта" in decision.reply.text


def test_r6_employee_or_agency_gets_no_details_in_finance_and_legal_matters() -> None:
    for topic, text in (
        ("finance_documents", "Где выплата?"),
        ("fines_appeals", "досудебная претензия, суд"),
    ):
        decision = decide_topic(state(topic=topic, text=text, sender_role="agency"))
        assert decision.reply is not None
        assert (decision.reply.kind, decision.status) == ("admin_only", Status.WAITING_SELLER)


def test_r6_administrator_is_not_lectured() -> None:
    reply = decide_topic(state(topic="finance_documents", sender_role="admin")).reply
    assert reply is not None
    assert "администратору" not in reply.text


def test_a18_no_amount_of_the_mail_appears_in_a_reply() -> None:
    letter = state(
        topic="finance_documents",
        text="Не пришла выплата 86 412,37 ₽ за 01.11–15.11, отчёт 448190233",
        facts=(fact("seller_id", "393217"), fact("period"), fact("amount", "86412.37 RUB")),
    )
    reply = decide_topic(letter).reply
    assert reply is not None
    assert not {"86 412", "86412", "448190233", "393217"} & set(reply.text.split())


def test_r10_urgent_mail_is_pointed_to_the_chat() -> None:
    gate = state(
        topic="logistics_acceptance",
        marketplace="ozon",
        subject="СРОЧНО",
        text="Водитель стоит у ворот, пропуск не найден, слот сегодня до 12:00, поставка стоит!",
        facts=(fact("seller_id"), fact("supply_ref"), fact("event_date")),
    )
    decision = decide_topic(gate)
    assert decision.priority in {"high", "urgent"}
    assert decision.reply is not None
    assert "Помощь → Обращения" in decision.reply.text


def test_r18_parcel_of_another_carrier() -> None:
    reply = decide_topic(
        state(topic="logistics_acceptance", language="zh", subject="CDEK", text="包裹走CDEK，轨迹不更新")
    ).reply
    assert reply is not None
    assert "凭运单号联系承运商" in reply.text


def test_r13_wildberries_acknowledgement_names_service_desk() -> None:
    reply = decide_topic(state(marketplace="wb", facts=(fact("seller_id"), fact("order_ref")))).reply
    assert reply is not None
    assert "Service Desk" in reply.text


def test_r15_open_pickup_point_hears_of_the_apps_chat() -> None:
    letter = state(
        topic="pickup_points", marketplace="ozon", text="На пункте смена не открывается, наш пункт стоит"
    )
    reply = decide_topic(letter).reply
    assert reply is not None
    assert "Турбо ПВЗ" in reply.text


def test_r54_secret_is_warned_about_in_the_question() -> None:
    reply = decide_topic(state(topic="api_technical", secrets=("api_key",))).reply
    assert reply is not None
    assert "Настройки → Seller API" in reply.text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "clarify"),
        ("在吗", "clarify"),
        ("??? ну и долго ещё", "clarify"),
        ("Спасибо огромное, всё получилось!", None),
        ("Just a short note to say thank you, everything works again", None),
        ("特来道谢，不必回复", None),
        ("Ищу работу оператором, резюме приложила", None),
        ("I ordered a kettle for my mother, where is it", "redirect"),
        ("Наша ассоциация приглашает вас выступить на выставке упаковки весной в Казани", "acknowledgement"),
    ],
)
def test_letters_of_topic_other(text: str, kind: str | None) -> None:
    decision = decide_topic(state(topic="other", subject="", text=text))
    assert (decision.reply.kind if decision.reply else None) == kind


def test_clarifying_question_is_asked_once() -> None:
    first = decide_topic(state(topic="other", subject="", text=""))
    assert first.reply is not None
    assert first.reply.asked == ("request",)
    assert (
        decide_topic(state(topic="other", text="", asked=frozenset({"request"}), acknowledged=True)).reply
        is None
    )


@pytest.mark.parametrize(
    ("text", "nothing"),
    [("", True), ("👍👍 12345", True), ("收到了，但是少了两箱，请核实一下供货单的数量", False)],
)
def test_too_few_words_to_be_a_question(text: str, nothing: bool) -> None:
    assert says_nothing(text) is nothing


def test_reminder_repeats_only_what_is_still_open() -> None:
    waiting = answered(status=Status.WAITING_SELLER, facts=(fact("seller_id"),))
    reminder = draft_reminder(waiting)
    assert reminder is not None
    assert (reminder.kind, reminder.asked) == ("reminder", ())
    assert "номер заказа или отправления" in reminder.text
    assert "ID продавца" not in reminder.text
    assert draft_reminder(answered(status=Status.WAITING_SELLER)) is None
    assert draft_reminder(answered(facts=())) is None  # nobody waits


def test_topic_of_an_operators_own_is_acknowledged() -> None:
    decision = decide_topic(state(topic="tenders"))
    assert decision.reply is not None
    assert (decision.missing, decision.reply.kind) == ((), "acknowledgement")


FIELDS = [
    "seller_id",
    "order_ref",
    "sku_ref",
    "supply_ref",
    "period",
    "event_date",
    "amount",
    "pvz_ref",
    "legal_id",
]
states = st.builds(
    state,
    topic=st.sampled_from([*SLUGS, "tenders"]),
    status=st.sampled_from(Status),
    language=st.sampled_from(["ru", "zh", "en", "unknown", "xx"]),
    text=st.text(max_size=120),
    facts=st.lists(st.builds(fact, st.sampled_from(FIELDS)), max_size=5).map(tuple),
    asked=st.frozensets(st.sampled_from([*FIELDS, "order_ref|claim_ref"]), max_size=4),
    question_count=st.integers(0, 2),
    acknowledged=st.booleans(),
    message_count=st.integers(1, 4),
    how_to=st.sampled_from([None, True, False]),
    sender_role=st.sampled_from(["admin", "employee", "agency", "unknown"]),
    policy=st.sampled_from(["send", "draft", "off"]),
    marketplace=st.sampled_from(["ozon", "wb", "unknown", "x"]),
    secrets=st.lists(st.text(max_size=8), max_size=2).map(tuple),
    suppress_replies=st.sampled_from(["", "A4"]),
)


@settings(max_examples=300, deadline=None)
@given(given_state=states)
def test_topic_work_is_total_and_never_asks_twice(given_state: TicketState) -> None:
    decision = decide_topic(given_state)
    before = {name for part in given_state.asked for name in part.split("|")}
    assert before.isdisjoint(name for part in decision.ask for name in part.split("|"))
    assert set(decision.ask) <= set(decision.missing)
    if decision.reply is not None:
        assert not given_state.suppress_replies
        assert "{" not in decision.reply.text
        assert decision.reply.subject.count("RZ-") == 1
        assert set(decision.reply.asked) <= {*decision.missing, "request", "administrator"}
        if given_state.question_count:
            assert decision.reply.kind != "missing_data"
