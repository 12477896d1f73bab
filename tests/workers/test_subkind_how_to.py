"""Subkinds (R62) and letters that only ask how things work (domain 2.4)."""

from __future__ import annotations

import pytest

from models.decisions import FactValue
from models.topics import SLUGS, SPAM
from workers.how_to import is_how_to
from workers.subkind import subkind_of
from workers.word_lists import read_table


def facts(*names: str) -> list[FactValue]:
    return [FactValue(field=name, value="1") for name in names]


@pytest.mark.parametrize(
    ("topic", "text", "known", "expected"),
    [
        ("logistics_acceptance", "Розыск поставки, паллета не найдена", ("supply_ref",), "search"),
        ("logistics_acceptance", "Не вижу слотов и окон на Казань", (), "slots"),
        ("logistics_acceptance", "司机堵在大门口，门卫不让进，通行证", ("supply_ref",), "gate"),
        ("logistics_acceptance", "parcel not moving, tracking stuck", ("tracking_number",), "parcel"),
        ("logistics_acceptance", "курьер не приехал, забор отправлений", (), "handover"),
        ("logistics_acceptance", "недостача", ("supply_ref",), "inbound"),
        ("stock_accounting", "FBS-склад сам отключился", (), "warehouse_off"),
        ("finance_documents", "сменили банк, новые реквизиты", (), "payout_details"),
        ("ads_promo_analytics", "Premium Plus交了钱，订阅没开通", (), "subscription"),
        ("ads_promo_analytics", "не могу выйти из акции", (), "promo"),
        ("marking_packaging", "declaration of conformity rejected", (), "certificate"),
        ("account_access", "нас взломали, пароль не подходит", (), "hijack"),
        ("account_access", "хочу продавать, регистрация", (), "onboarding"),
        ("pickup_points", "Хочу открыть пункт, помещение 40 кв.м", (), "prospect"),
        ("pickup_points", "Турбо не пускает, смена не открыта", ("pvz_ref",), "owner"),
        ("buyer_feedback", "чат с покупателем отключён", (), "chat_off"),
        ("buyer_feedback", "差评", (), "review"),
        ("api_technical", "429 на методе, токен новый", (), "api"),
        ("other", "спасибо большое", (), "thanks"),
        ("other", "", (), "unclear"),
        ("spam_phishing", "что угодно", (), ""),
        ("their_own", "что угодно", (), ""),
    ],
)
def test_r62_subkind(topic: str, text: str, known: tuple[str, ...], expected: str) -> None:
    assert subkind_of(topic, text, facts(*known)) == expected


def test_r62_every_topic_with_required_data_has_subkinds_and_a_default() -> None:
    table = read_table("subkinds.toml")
    assert set(table) == set(SLUGS) - {SPAM}
    for topic, row in table.items():
        names = [kind["name"] for kind in row["kind"]]
        assert len(names) == len(set(names)), topic
        assert row["default"] in {*names, "login", "balance", "unclear"}, topic


@pytest.mark.parametrize(
    ("topic", "text", "known", "expected"),
    [
        (
            "marking_packaging",
            "Подскажите, какие требования к упаковке стекла? Обязательно ли два слоя? Спрашиваю заранее",
            (),
            True,
        ),
        ("marking_packaging", "老师好，请教一下玻璃怎么包，气泡膜几层？我们是第一次发", (), True),
        (
            "pickup_points",
            "Хочу открыть пункт. Подойдёт ли 40 кв.м? Сколько стоит вывеска? Кто платит?",
            (),
            True,
        ),
        (
            "marking_packaging",
            "Этикетка не читается, отказ в приёмке, что делать?",
            ("supply_ref", "barcode_or_mark"),
            False,
        ),
        ("fines_appeals", "За что штраф? Подскажите, можно ли обжаловать?", ("amount",), False),
        ("orders_returns", "Почему отменили заказ? Верните деньги", ("order_ref",), False),
        ("cards_moderation", "", (), False),
    ],
)
def test_how_to(topic: str, text: str, known: tuple[str, ...], expected: bool) -> None:
    subkind = subkind_of(topic, text, facts(*known))
    assert is_how_to(topic, text, facts(*known), subkind=subkind) is expected


def test_how_to_files_of_evidence_speak_against_it() -> None:
    text = "Подскажите, какие требования к упаковке стекла?"
    known = facts("sku_ref", "event_date")
    assert is_how_to("marking_packaging", text, known, subkind="packaging")
    assert not is_how_to("marking_packaging", text, known, subkind="packaging", has_files=True)
