"""Text as it comes: identifiers glued, wrapped, typed with wrong letters, pasted from tables and programs."""

from __future__ import annotations

from datetime import date

import pytest

from intake.extraction import MailFields, extract

# Language, text, what must be found in it.
CASES: list[tuple[str, str, list[str]]] = [
    ("ru", "заказ57195475-0050-3не пришёл", ["order_number=57195475-0050-3"]),
    ("ru", "SKU160249683шт закончился", ["sku=160249683"]),
    ("ru", "поставкаWB-GI-92937123не принята", ["supply_number=WB-GI-92937123"]),
    ("zh", "订单号33920143-1195-1显示已发货", ["order_number=33920143-1195-1"]),
    ("zh", "货号160249683缺货", ["sku=160249683"]),
    ("zh", "供货单2000061286750被拒", ["supply_number=2000061286750"]),
    ("zh", "运单YT2229521272164446没有更新", ["tracking_number=YT2229521272164446"]),
    ("ru", "ＳＫＵ １６０２４９６８３", ["sku=160249683"]),
    ("zh", "订单号：５７１９５４７５－００５０－３", ["order_number=57195475-0050-3"]),
    ("zh", "［ＲＺ－１０００４２］", ["ticket_id=RZ-100042"]),
    ("ru", "отправление 57195475–0050–3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление 57195475—0050—3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление 57195475−0050−3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление 57195475‑0050‑3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление 57195475 - 0050 - 3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление 57195475 0050 3", ["order_number=5719547500503"]),
    ("ru", "отправление 5719\u00ad5475-0050-3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление О124861120-0199-1", ["order_number=0124861120-0199-1"]),
    ("ru", "отправление 01248б1120-0199-1", ["order_number=0124861120-0199-1"]),
    ("ru", "SKU 16О249683", ["sku=160249683"]),
    ("ru", "SKU 1602496З3", ["sku=160249633"]),
    ("en", "SKU l60249683", ["sku=160249683"]),
    ("en", "posting O124861120-0199-1", ["order_number=0124861120-0199-1"]),
    ("ru", "трек RВ123456785RU", ["tracking_number=RB123456785RU"]),
    ("ru", "srid f884001е44е511edb8780242ac120002", ["order_number=f884001e44e511edb8780242ac120002"]),
    (
        "ru",
        "srid 11.rf9ef11fсe1684117b0nhj96222982382.3.0",
        ["order_number=11.rf9ef11fce1684117b0nhj96222982382.3.0"],
    ),
    ("ru", "поставка ВБ ГИ 92937123", ["supply_number=WB-GI-92937123"]),
    ("ru", "отправление 57195475-\n0050-3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление 57195475-0050-\n3", ["order_number=57195475-0050-3"]),
    ("ru", "SKU 160\n249683", []),
    ("ru", "SKU 160 249 683", ["sku=160249683"]),
    ("ru", "номер поставки 2000 0612 86750", ["supply_number=2000061286750"]),
    ("ru", "артикулы: 160249683, 180550365, 312314324", ["sku=160249683", "sku=180550365", "sku=312314324"]),
    (
        "ru",
        "Номера отправлений:\n57195475-0050-3\n57195476-0051-1\n57195477-0052-2",
        ["order_number=57195475-0050-3", "order_number=57195476-0051-1", "order_number=57195477-0052-2"],
    ),
    ("zh", "货号：160249683、180550365、312314324", ["sku=160249683", "sku=180550365", "sku=312314324"]),
    ("en", "SKUs: 160249683, 180550365 and 312314324", ["sku=160249683", "sku=180550365", "sku=312314324"]),
    ("en", "Barcodes\n2037031652319\n2038893425820", ["barcode=2037031652319", "barcode=2038893425820"]),
    ("ru", "SKU\tОстаток\n160249683\t5\n180550365\t7", ["sku=160249683", "sku=180550365"]),
    (
        "ru",
        "Номер заказа;Сумма\n57195475-0050-3;1250\n57195476-0051-1;990",
        ["order_number=57195475-0050-3", "order_number=57195476-0051-1"],
    ),
    ("zh", "货号\t数量\n160249683\t5\n180550365\t7", ["sku=160249683", "sku=180550365"]),
    (
        "en",
        "| SKU | Qty |\n|-----|-----|\n| 160249683 | 5 |\n| 180550365 | 7 |",
        ["sku=160249683", "sku=180550365"],
    ),
    (
        "en",
        '{"offer_id": "PH11042", "product_id": 476925391, "sku": 160249683}',
        ["article=PH11042", "sku=476925391", "sku=160249683"],
    ),
    (
        "ru",
        '{"posting_number":"57195475-0050-3","status":"awaiting_deliver"}',
        ["order_number=57195475-0050-3"],
    ),
    ("ru", '{"nmID":177974431,"vendorCode":"wb3ha2668w"}', ["sku=177974431", "article=wb3ha2668w"]),
    ("en", '{"advertId":10524818}', ["campaign_id=10524818"]),
    (
        "en",
        '{"supplyId":"WB-GI-92937123","orders":[13833711,2876979713]}',
        ["supply_number=WB-GI-92937123", "order_number=2876979713"],
    ),
    ("en", "SKU=3D160249683", ["sku=160249683"]),
    ("en", "posting =\n57195475-0050-3", ["order_number=57195475-0050-3"]),
    ("en", "posting 57195475-0=\n050-3", ["order_number=57195475-0050-3"]),
    ("ru", "отправление&nbsp;57195475-0050-3", ["order_number=57195475-0050-3"]),
    (
        "ru",
        "№№57195475-0050-3/57195476-0051-1",
        ["order_number=57195475-0050-3", "order_number=57195476-0051-1"],
    ),
    ("ru", "nm177974431 и nm206025152", ["sku=177974431", "sku=206025152"]),
    ("ru", "арт.160249683", ["sku=160249683"]),
    ("ru", "(SKU160249683)", ["sku=160249683"]),
    ("ru", "SKU:160249683.", ["sku=160249683"]),
    ("ru", "«160249683» — SKU", ["sku=160249683"]),
    ("ru", "*SKU* **160249683**", ["sku=160249683"]),
    ("ru", "\u200bSKU\u200b160249683\u200b", ["sku=160249683"]),
    ("ru", "SKU\u00a0160\u202f249\u2009683", ["sku=160249683"]),
    ("zh", "SKU：160249683。", ["sku=160249683"]),
    ("zh", "（160249683）这个SKU", ["sku=160249683"]),
    ("zh", "ИНН 7707083893和税号", ["tax_id=7707083893"]),
    ("ru", "otpravlenie 57195475-0050-3 ne prinyali", ["order_number=57195475-0050-3"]),
    ("ru", "поствка 28110467 возрат 1001736969", ["supply_number=28110467", "claim_number=1001736969"]),
    ("ru", "артикл 160249683", ["sku=160249683"]),
    (
        "ru",
        "артикулы: УТ-0001365; PH11042; JU-CAS2-57",
        ["article=УТ-0001365", "article=PH11042", "article=JU-CAS2-57"],
    ),
]


@pytest.mark.parametrize(("language", "text", "expected"), CASES, ids=[text[:40] for _, text, _ in CASES])
def test_an_identifier_is_found_however_it_came(language: str, text: str, expected: list[str]) -> None:
    fields = MailFields("", text, "", "")
    entities = extract(
        fields, mail_date=date(2026, 11, 15), language=language, marketplace="unknown"
    ).entities
    assert {f"{entity.type}={entity.value}" for entity in entities} >= set(expected)
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)


@pytest.mark.parametrize(
    "text",
    [
        "Модель 1602496ЗЗЗ",
        "заказ12-0050-3не пришёл",
        "цвет БОЛЬШОЙ О1, размер З3",
        "мы в 3-\n4 раза",
        "ООО «Зима-2000»",
        "l0O1lI не номер",
    ],
)
def test_mending_does_not_make_identifiers_of_words(text: str) -> None:
    fields = MailFields("", text, "", "")
    entities = extract(fields, mail_date=date(2026, 11, 15), language="ru", marketplace="unknown").entities
    assert [entity.type for entity in entities if entity.type != "article"] == []
