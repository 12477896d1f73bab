"""Facts: one table from entities and findings to the fields of domain section 2.1."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from intake.extraction.findings import FINDING_TYPES
from models.records import Attachment, Entity, Finding, Mail
from workers.facts import FACTS_PER_FIELD, facts_of, fields_of_finding
from workers.word_lists import read_table

DAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CORPUS_TYPES = [
    "seller_id",
    "order_number",
    "sku",
    "article",
    "barcode",
    "marking_code",
    "supply_number",
    "tracking_number",
    "document_number",
    "claim_number",
    "campaign_id",
    "pickup_point_id",
    "feedback_id",
    "tax_id",
    "date",
    "period",
    "amount",
    "phone",
    "error_code",
]


def entity(kind: str, value: str, *, subtype: str = "", where: str = "body", start: int = 0) -> Entity:
    return Entity(
        type=kind, text=value, value=value, where=where, start=start, end=start + len(value), subtype=subtype
    )


def mail(text: str = "", *entities: Entity, **changes: object) -> Mail:
    return Mail(text=text, entities=entities, date_utc=DAY, **changes)  # type: ignore[arg-type] # test table


def fields(of: Mail) -> dict[str, str]:
    return {fact.field: fact.value for fact in facts_of(of, 7)}


@pytest.mark.parametrize("kind", CORPUS_TYPES)
def test_every_entity_type_of_the_corpus_fills_a_field(kind: str) -> None:
    assert facts_of(mail("x", entity(kind, "2026-11-01")), 7)


@pytest.mark.parametrize(
    ("kind", "subtype", "expected"),
    [
        ("order_number", "posting", {"order_ref"}),
        ("order_number", "srid", {"order_ref"}),
        ("barcode", "", {"sku_ref", "barcode_or_mark"}),
        ("document_number", "act", {"act_ref", "document_ref"}),
        ("document_number", "waybill", {"waybill", "document_ref"}),
        ("document_number", "upd", {"document_ref"}),
        ("document_number", "contract", {"legal_id"}),
        ("tax_id", "ogrn", {"legal_id"}),
        ("period", "", {"period", "event_date"}),
        ("secret", "", set()),
        ("ticket_id", "", set()),
    ],
)
def test_subtype_decides_the_field(kind: str, subtype: str, expected: set[str]) -> None:
    assert set(fields(mail("x", entity(kind, "77", subtype=subtype)))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("акт № 4471-РФЦ", {"act_ref", "document_ref"}),
        ("差异单№4471-РФЦ", {"act_ref", "document_ref"}),
        ("act 4471-РФЦ", {"act_ref", "document_ref"}),
        ("ТТН № 4471-РФЦ", {"waybill", "document_ref"}),
        ("накладная 4471-РФЦ", {"waybill", "document_ref"}),
        ("合同号 4471-РФЦ", {"legal_id"}),
        ("УПД 4471-РФЦ", {"document_ref"}),
        ("факт 4471-РФЦ", {"document_ref"}),  # "факт" is no act
    ],
)
def test_word_before_a_document_number_stands_in_for_a_missing_subtype(text: str, expected: set[str]) -> None:
    number = "4471-РФЦ"
    assert set(fields(mail(text, entity("document_number", number, start=text.index(number))))) == expected


def test_date_after_the_mail_is_a_plan_and_not_what_happened() -> None:
    assert fields(mail("x", entity("date", "2026-11-25"))) == {"planned_date": "2026-11-25"}
    assert fields(mail("x", entity("date", "2026-11-21"))) == {
        "event_date": "2026-11-21"
    }  # already there in the east


def test_date_in_the_header_of_a_quoted_letter_counts_for_nothing() -> None:
    quoted = "17.11.2026 13:20, поддержка:\n> приёмка была 09.11.2026"
    header = entity("date", "2026-11-17", where="quoted", start=0)
    inside = entity("date", "2026-11-09", where="quoted", start=quoted.index("09.11"))
    assert fields(mail("", header, inside, quoted=quoted)) == {"event_date": "2026-11-09"}


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [
        ("warehouse", "ХОРУГВИНО_РФЦ", "warehouse"),
        ("relative_date", "вчера", "event_date"),
        ("method_or_screen", "POST /v2/products/stocks", "error_ref"),
        ("method_or_screen", "Аналитика → Графики", "screen"),
        ("link", "https://www.ozon.ru/product/mug-160249683/", "sku_ref"),
        ("link", "https://seller.example/reviews/feedback/12", "feedback_ref"),
    ],
)
def test_findings_fill_fields(kind: str, value: str, field: str) -> None:
    finding = Finding(type=kind, text=value, value=value, where="body", start=0, end=len(value))
    assert field in fields(mail(findings=(finding,)))


def test_link_to_somewhere_else_is_no_fact() -> None:
    finding = Finding(
        type="link", text="https://t.me/x", value="https://t.me/x", where="body", start=0, end=14
    )
    assert fields(mail(findings=(finding,))) == {}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("пункт: г. Елец, ул. Пушкарская 14", "pvz_ref"),
        ("Адрес: Тверь, Симеоновская 41", "pvz_ref"),
        ("Our point in Gyumri, Shirakatsi 41, got no cargo", "pvz_ref"),
        ("喀山 пр. Победы 91 的点", "pvz_ref"),
        ("нас добавили в акцию «Дачный марафон»", "campaign_ref"),
        ("промокод NEWYEAR10 не работает", "campaign_ref"),
        ("POST /v3/product/list отдаёт пустой массив", "error_ref"),
        ("кнопка пишет «Что-то пошло не так»", "error_ref"),
        ("report for last week is empty", "period"),
        ("списывают с 5 ноября", "period"),
        ("从11/3起每天扣款", "period"),
        ("на складе «Гараж» ноль", "warehouse"),
        ("FBS仓“义乌-2号”里填了260件", "warehouse"),
        ("44 units in Khabarovsk warehouse", "warehouse"),
        ("у вас в Астрахани лежит 150 штук", "place"),
        ("叶卡捷琳堡仓，请核对", "place"),
    ],
)
def test_what_is_said_without_an_identifier_counts(text: str, field: str) -> None:
    assert field in fields(mail(text))


@pytest.mark.parametrize(
    "text",
    [
        "статус «не активна»",  # quoted, but no promotion's name
        "помещение 48 кв.м, потолок 2,9",
        "Monday, October 5, 2026",
        "цена стала 12 400",
        "上周一没到账",
    ],
)
def test_look_alikes_of_mentions_count_for_nothing(text: str) -> None:
    assert not {"campaign_ref", "pvz_ref", "period"} & set(fields(mail(text)))


@pytest.mark.parametrize(
    ("name", "kind", "text", "field"),
    [
        ("sku_list.csv", "table", "", "list_file"),
        ("137.xlsx", "table", "完整编号清单附后", "list_file"),
        ("orders_by_region.xlsx", "table", "list of everything", None),
        ("export.csv", "table", "", None),
        ("этикетка.jpg", "photo", "", "label_photo"),
        ("IMG_1.jpg", "photo", "наклейка не читается", "label_photo"),
        ("rain.jpg", "photo", "коробки мокрые", None),
        ("этикетка.pdf", "other", "", None),
    ],
)
def test_attached_lists_and_label_photos(name: str, kind: str, text: str, field: str | None) -> None:
    part = Attachment(name=name, content_type="x/y", size_bytes=1, kind=kind)
    found = {"list_file", "label_photo"} & set(fields(mail(text, attachments=(part,))))
    assert found == ({field} if field else set())


def test_same_value_counts_once_and_keeps_its_source() -> None:
    first = entity("order_number", "57195475-0050-3", where="attachment:list.xlsx")
    again = entity("order_number", "57195475-0050-3", where="quoted")
    (fact,) = facts_of(mail("", first, again), 12)
    assert (fact.source, fact.raw_id, fact.where) == ("attachment", 12, "attachment:list.xlsx")


def test_a_list_of_thousands_is_capped() -> None:
    many = [entity("sku", str(160_000_000 + n)) for n in range(2_000)]
    assert len(facts_of(mail("", *many), 1)) == FACTS_PER_FIELD


def test_bare_number_counts_only_where_it_can_be_one_thing() -> None:
    text = "编号 9284417 停不下来，扣了 12 600₽"
    assert fields(mail(text)) == {"loose_number": "9284417"}
    sku = entity("sku", "9284417", start=text.index("9284417"))
    assert "loose_number" not in fields(mail(text, sku))
    assert "loose_number" not in fields(mail("20.11.2026, 1 260 000 ₽, 10:20:30, 8-800-234-55-66"))


def test_every_entity_and_finding_type_is_mapped_or_listed_as_not_needed() -> None:
    table = read_table("fact_fields.toml")
    not_needed = table["not_needed"]
    assert sorted([*table["entity"], *not_needed["entities"]]) == sorted(
        [*CORPUS_TYPES, "secret", "ticket_id"]
    )
    assert sorted([*table["finding"], *not_needed["findings"]]) == sorted(FINDING_TYPES)


def _rows(table: dict[str, Any]) -> Iterator[str]:
    for row in table.values():
        yield from row["fields"]
        for kind in row.get("kinds", ()):
            yield from kind["fields"]


def reachable() -> set[str]:
    """Fields that some entity, finding, words of the mail or evidence can fill, and what they count as."""
    facts, mentions, rules = (
        read_table(f"{name}.toml") for name in ("fact_fields", "mentions", "required_data")
    )
    fields = {*_rows(facts["entity"]), *_rows(facts["finding"]), "loose_number", "list_file", "label_photo"}
    fields |= {"planned_date"}
    fields |= {name for pattern in mentions["pattern"] for name in pattern["fields"]}
    stand_ins = dict(rules["counts_as"])
    for topic in rules["topics"].values():
        for row in (topic, *topic.get("subkinds", {}).values()):
            stand_ins |= row.get("counts_as", {})
    return fields | {name for name, others in stand_ins.items() if fields.intersection(others)}


def test_every_required_field_can_be_filled() -> None:
    rules = read_table("required_data.toml")
    needed: set[str] = {name for others in rules["counts_as"].values() for name in others}
    for topic in rules["topics"].values():
        for row in (topic, *topic.get("subkinds", {}).values()):
            needed |= {name for part in row.get("required", ()) for name in part.split("|")}
            needed |= {name for others in row.get("counts_as", {}).values() for name in others}
    assert needed <= reachable()


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("relative_period", "2026-11-09/2026-11-15", {"period", "event_date"}),
        ("campaign_name", "Зимние скидки", {"campaign_ref"}),
        ("courier_address", "ул. Складочная, 14", {"address"}),
        ("time_slot", "10:00-12:00", {"time_slot"}),
        ("deadline", "2026-11-25", {"planned_date"}),
        ("warehouse", "хоругвино", {"warehouse"}),
        ("method_or_screen", "/v3/product/list", {"error_ref"}),
        ("method_or_screen", "Финансы", {"screen"}),
        ("sender_role", "buyer", set()),
        ("old_value", "160249683", set()),
    ],
)
def test_findings_fill_their_fields(kind: str, value: str, expected: set[str]) -> None:
    finding = Finding(type=kind, text=value, value=value, where="body", start=0, end=len(value))
    assert set(fields_of_finding(finding)) == expected


def test_a_link_to_a_review_counts_by_its_address() -> None:
    text = "https://seller.ozon.ru/app/reviews/0187310a"
    finding = Finding(type="link", text=text, value="seller.ozon.ru", where="body", start=0, end=len(text))
    assert fields_of_finding(finding) == ("feedback_ref",)


def test_a_resolved_period_replaces_its_words() -> None:
    text = "сверка за прошлую неделю"
    span = Finding(
        type="relative_period",
        text="прошлую неделю",
        value="2026-11-09/2026-11-15",
        where="body",
        start=10,
        end=24,
    )
    periods = [fact.value for fact in facts_of(mail(text, findings=(span,)), 7) if fact.field == "period"]
    assert periods == ["2026-11-09/2026-11-15"]
