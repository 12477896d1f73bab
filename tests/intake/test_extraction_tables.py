"""Examples and counter-examples of every entity type, in every position of a sentence."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from intake.extraction import Extraction, MailFields, extract

MAIL_DATE = date(2026, 11, 15)
FRAMES = {
    "ru": (
        "{}",
        "{}, проверьте пожалуйста.",
        "Здравствуйте, у нас {}, что делать дальше?",
        "Просим разобраться: {}.",
    ),
    "zh": ("{}", "{}，请核实。", "您好，我们的{}，请帮忙看一下。", "请帮忙处理：{}。"),
    "en": ("{}", "{}, please check.", "Hello, our {}, what should we do?", "Please look at this: {}."),
}
CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "extraction_cases.toml").read_text(encoding="utf-8")
)["case"]


def read(text: str, language: str) -> Extraction:
    return extract(
        MailFields("", text, "", ""), mail_date=MAIL_DATE, language=language, marketplace="unknown"
    )


@pytest.mark.parametrize("frame", range(4), ids=("bare", "start", "middle", "end"))
@pytest.mark.parametrize("case", [case for case in CASES if "found" in case], ids=lambda case: case["text"])
def test_every_example_is_found_in_every_position(case: dict[str, Any], frame: int) -> None:
    entities = read(FRAMES[case["lang"]][frame].format(case["text"]), case["lang"]).entities
    found = {f"{entity.type}={entity.value}" for entity in entities}
    assert set(case["found"]) <= found
    types = {name.partition("=")[0] for name in case["found"]}
    assert {name for name in found if name.partition("=")[0] in types} == set(case["found"])


@pytest.mark.parametrize("frame", range(4), ids=("bare", "start", "middle", "end"))
@pytest.mark.parametrize("case", [case for case in CASES if "never" in case], ids=lambda case: case["text"])
def test_confusable_negatives_are_never_the_named_type(case: dict[str, Any], frame: int) -> None:
    entities = read(FRAMES[case["lang"]][frame].format(case["text"]), case["lang"]).entities
    assert not {entity.type for entity in entities} & set(case["never"])


def test_same_shape_is_a_wildberries_order_in_a_wildberries_letter() -> None:
    entity = read("ВБ, заказ 21117866-0006 завис", "ru").entities[0]
    assert (entity.type, entity.subtype) == ("order_number", "wb_order")


@pytest.mark.parametrize(
    ("text", "subtype"),
    [
        ("акт № 295118843", "act"),
        ("накладная ТН-5518", "waybill"),
        ("УПД № 2211/К", "upd"),
        ("счёт БМ-20931", "invoice"),
        ("договор ИР-90441/25", "contract"),
        ("отчёт о реализации № 420118905", "report"),
        ("претензия № 77-18/2206", "claim_letter"),
        ("п/п № 884120", "other"),
        ("ИНН 7707083893", "inn"),
        ("ОГРН 1207704413432", "ogrn"),
        ("отправление 0124861120-0199-1", "posting"),
        ("сборочное задание 2876979713", "assembly"),
        ("поставка WB-GI-92937123", "wb_gi"),
        ("заявка на возврат 1001936412", "return"),
        ("отзыв 0187310a-97d9-7c11-9e02-5a4be8f3cc10", "review"),
        ("СДЭК 1106153417", "cdek"),
    ],
)
def test_subtypes_tell_required_data_apart(text: str, subtype: str) -> None:
    assert read(text, "ru").entities[0].subtype == subtype


def test_reasons_name_the_shape_and_the_word() -> None:
    (entity,) = read("Здравствуйте, номер поставки 28110467", "ru").entities
    assert entity.reasons == ("8 digits", "номер поставки")


def test_list_members_take_the_role_of_the_list_head() -> None:
    text = "Кабинеты: 1190822, 2604417 и 3055190. Артикулы продавца: svecha-lav, svecha-mint, svecha-peach"
    found = [(entity.type, entity.value) for entity in read(text, "ru").entities]
    assert found == [
        ("seller_id", "1190822"),
        ("seller_id", "2604417"),
        ("seller_id", "3055190"),
        ("article", "svecha-lav"),
        ("article", "svecha-mint"),
        ("article", "svecha-peach"),
    ]


def test_a_corrected_value_says_which_is_old_and_which_new() -> None:
    text = "货件 0117381009-0337-1 填成了 YT2943589542888014，应该是 YT2041510356494535"
    roles = {
        entity.value: entity.role for entity in read(text, "zh").entities if entity.type == "tracking_number"
    }
    assert roles == {"YT2943589542888014": "old", "YT2041510356494535": "new"}


def test_ids_inside_pasted_json_are_found() -> None:
    text = 'ошибка: {"nmID": 363908401, "vendorCode": "LUM-3x36-wh", "skus": ["2037144009185"]}'
    found = {(entity.type, entity.value) for entity in read(text, "ru").entities}
    assert found == {("sku", "363908401"), ("article", "LUM-3x36-wh"), ("barcode", "2037144009185")}
