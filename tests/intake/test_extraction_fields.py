"""Tables, tickets, findings, marketplace, and dates that need the mail's own date."""

from __future__ import annotations

from datetime import date

import pytest

from intake.extraction import Extraction, MailFields, extract


def read(
    body: str = "",
    *,
    subject: str = "",
    language: str = "ru",
    mail_date: date | None = date(2026, 11, 15),
    marketplace: str = "unknown",
    attachments: tuple[tuple[str, str], ...] = (),
) -> Extraction:
    fields = MailFields(subject, body, "", "", attachments)
    return extract(fields, mail_date=mail_date, language=language, marketplace=marketplace)


def values(extraction: Extraction, kind: str) -> list[str]:
    return [entity.value for entity in extraction.entities if entity.type == kind]


@pytest.mark.parametrize(
    ("table", "kind", "expected"),
    [
        ("SKU\tЦена\n160249683.0\t100\n180550365\t200", "sku", ["160249683", "180550365"]),
        ("nmID\n177974431\n206025152", "sku", ["177974431", "206025152"]),
        ("货号\t数量\nSZ-CASE-15P\t5\nSZ-CASE-16\t7", "article", ["SZ-CASE-15P", "SZ-CASE-16"]),
        ("№\tНомер заказа\n1\t57195475-0050-3", "order_number", ["57195475-0050-3"]),
        ("Баркод\tКол-во\n2037031652319\t3", "barcode", ["2037031652319"]),
        ("Артикул\n160249683\nУТ-0001365", "article", ["УТ-0001365"]),
    ],
)
def test_a_column_head_types_its_cells(table: str, kind: str, expected: list[str]) -> None:
    extraction = read("список во вложении", attachments=(("список.xlsx", table),))
    assert values(extraction, kind) == expected
    assert all(entity.where == "attachment:список.xlsx" for entity in extraction.entities)


def test_a_table_gives_at_most_two_hundred_entities() -> None:
    rows = "\n".join(str(160000000 + number) for number in range(1000))
    assert len(values(read(attachments=(("a.csv", "SKU\n" + rows),)), "sku")) == 200


def test_an_attachment_without_a_head_is_read_as_text() -> None:
    extraction = read(attachments=(("письмо.txt", "Просим проверить отправление 57195475-0050-3"),))
    assert values(extraction, "order_number") == ["57195475-0050-3"]


def test_tickets_of_subject_and_body_are_told_apart() -> None:
    extraction = read("см. RZ-100043 и RZ-100043", subject="Re: [RZ-100042] возврат")
    assert extraction.subject_tickets == ("RZ-100042",)
    assert extraction.body_tickets == ("RZ-100043",)


@pytest.mark.parametrize("text", ["RZ-99", "RZ-012345", "XRZ-100042", "RZ-000000", "РК 100042"])
def test_other_numbers_are_no_tickets(text: str) -> None:
    assert read(text).body_tickets == ()


@pytest.mark.parametrize(
    ("mail_date", "text", "expected"),
    [
        (date(2026, 11, 15), "приняли 21.12", "2026-12-21"),
        (date(2026, 11, 15), "приняли 20.01", "2026-01-20"),
        (date(2027, 1, 10), "приняли 21.12", "2026-12-21"),
        (date(2026, 1, 5), "приняли 30 декабря", "2025-12-30"),
        (date(2026, 12, 20), "срок 10 января", "2027-01-10"),
        (date(2026, 11, 2), "пишу с 30-го", "2026-10-30"),
    ],
)
def test_a_date_without_a_year_means_the_near_one(mail_date: date, text: str, expected: str) -> None:
    assert values(read(text, mail_date=mail_date), "date") == [expected]


def test_without_a_mail_date_only_full_dates_are_read() -> None:
    assert values(read("с 21.12 и с 18.11.2026", mail_date=None), "date") == ["2026-11-18"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "供货，11.12 交的", "2026-11-12"),
        ("ru", "сдали 11.12 в 14:00", "2026-12-11"),
        ("zh", "11/03 收到订单", "2026-11-03"),
        ("en", "signed 11/09, order cancelled", "2026-11-09"),
    ],
)
def test_the_order_of_day_and_month_follows_the_language(language: str, text: str, expected: str) -> None:
    assert values(read(text, language=language), "date") == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "12 нояб. 2026 г., в 18:02, Поддержка <help@market.example> написал(а):",
        "On 18 Nov 2026 at 11:20, Seller Support wrote:",
        "> On 17.11.2026 09:14 Support wrote:",
        "在 2026年11月17日 写道：",
        "-----Original Message-----\nFrom: support\nSent: 16.11.2026 11:05",
    ],
)
def test_the_head_of_a_quoted_mail_is_no_event_date(line: str) -> None:
    assert values(read(f"Добрый день\n\n{line}\n> текст"), "date") == []


def test_findings_tell_what_a_decision_needs() -> None:
    text = (
        "СРОЧНО. Вчера сдали на Хоругвино, продажи стоят. Метод /v3/product/import. "
        "Решите до 20.11, ответьте на почту. https://www.ozon.ru/product/lampa-1698203357/"
    )
    found = {(finding.type, finding.value) for finding in read(text).findings}
    assert found >= {
        ("priority_stated", "high"),
        ("relative_date", "2026-11-14"),
        ("warehouse", "хоругвино"),
        ("business_risk", "продажи стоят"),
        ("method_or_screen", "/v3/product/import"),
        ("deadline", "2026-11-20"),
        ("preferred_channel", "email"),
        ("link", "www.ozon.ru sku:1698203357"),
    }


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Я заказала куртку, где мой заказ?", "buyer"),
        ("I am a buyer, where is my order", "buyer"),
        ("我是自提点老板，扫描枪坏了", "pvz_owner"),
        ("Хочу открыть ПВЗ в Калуге", "prospect"),
    ],
)
def test_the_sender_says_who_writes(text: str, role: str) -> None:
    assert role in {finding.value for finding in read(text).findings if finding.type == "sender_role"}


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("поставка WB-GI-92937123, nm 177974431", "ozon", "wb"),
        ("Озон не принял отправление 57195475-0050-3", "wb", "ozon"),
        ("помогите", "wb", "wb"),
        ("помогите", "unknown", "unknown"),
    ],
)
def test_the_words_of_the_mail_tell_the_marketplace(text: str, hint: str, expected: str) -> None:
    assert read(text, marketplace=hint).marketplace == expected


def test_a_weekday_is_the_last_one_unless_a_term_is_meant() -> None:
    days = [
        finding.value
        for finding in read("в среду сдали, ждём до пятницы").findings
        if finding.type == "relative_date"
    ]
    assert days == ["2026-11-11", "2026-11-20"]
