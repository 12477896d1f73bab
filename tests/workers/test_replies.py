"""The wording: every kind in every language, lists and alternatives (A10, A12-A14, R17, R35)."""

from __future__ import annotations

import pytest

from models.topics import SLUGS, SPAM
from workers.replies import compose
from workers.replies.compose import BLOCK_RULE, ReplyContext, field_name
from workers.required_data import rules_of
from workers.word_lists import read_table


def context(language: str = "ru", **changes: object) -> ReplyContext:
    values: dict[str, object] = {"number": 100042, "language": language, "topic": "orders_returns", **changes}
    return ReplyContext(**values)  # type: ignore[arg-type] # test table


@pytest.mark.parametrize(
    ("part", "ru", "zh", "en"),
    [
        ("seller_id", "ID продавца", "卖家ID", "your seller ID"),
        (
            "order_ref|claim_ref",
            "номер заказа или отправления либо номер заявки на возврат",
            "订单号或货件编号，或退货申请号",
            "the order or posting number, or the return request number",
        ),
        (
            "amount|document_ref|order_ref",
            "сумму, номер документа либо номер заказа или отправления",
            "金额、单据编号，或订单号或货件编号",
            "the amount, the document number, or the order or posting number",
        ),
        (
            "event_date|act_ref",
            "дату события или номер акта",
            "发生日期或验收单（差异单）编号",
            "the date it happened or the act number",
        ),
        (
            "seller_id|legal_id",
            "ID продавца либо ИНН или ОГРН",
            "卖家ID，或公司税号或注册号",
            "your seller ID, or your tax or registration number",
        ),
    ],
)
def test_alternatives_read_as_one_phrase(part: str, ru: str, zh: str, en: str) -> None:
    assert field_name(part, "ru") == ru
    assert field_name(part, "zh") == zh
    assert field_name(part, "en") == en


@pytest.mark.parametrize(
    ("topic", "part", "ru", "zh", "en"),
    [
        (
            "logistics_acceptance",
            "event_date|act_ref",
            "дату сдачи или приёмки либо номер акта",
            "送仓或收货日期，或验收单（差异单）编号",
            "the date of hand-over or acceptance, or the act number",
        ),
        (
            "stock_accounting",
            "warehouse|supply_ref|event_date",
            "название склада, номер поставки или дату, когда появилось расхождение",
            "仓库名称、供货单号或发现差异的日期",
            "the name of the warehouse, the supply number or the date when you first saw the mismatch",
        ),
        (
            "fines_appeals",
            "event_date|amount",
            "дату или сумму штрафа",
            "罚款日期或罚款金额",
            "the date or the amount of the fine",
        ),
        (
            "api_technical",
            "event_date",
            "дату и время, когда появилась ошибка",
            "错误出现的日期和时间",
            "the date and time when the error appeared",
        ),
    ],
)
def test_a_date_is_asked_for_in_the_words_of_its_topic(
    topic: str, part: str, ru: str, zh: str, en: str
) -> None:
    assert field_name(part, "ru", topic) == ru
    assert field_name(part, "zh", topic) == zh
    assert field_name(part, "en", topic) == en


def test_one_item_is_a_sentence_and_several_are_a_list() -> None:
    one = compose.draft_question(context("en"), ("seller_id",), everything=False, acknowledged=False)
    two = compose.draft_question(
        context("en"), ("seller_id", "sku_ref"), everything=False, acknowledged=False
    )
    assert "To get started, we just need your seller ID." in one.text
    assert "- your seller ID;\n- the product SKU or article number." in two.text


def test_chinese_reply_uses_the_words_of_rule_r17() -> None:
    text = compose.draft_acknowledgement(
        context("zh", urgent=True, marketplace="ozon"), state="complete"
    ).text
    assert "工单号" in text
    assert "卖家后台" in text
    assert "如需补充，请直接回复本邮件，不要修改主题。" in text


def test_a12_unknown_language_gets_russian_and_english() -> None:
    draft = compose.draft_received(context("unknown"))
    assert draft.language == "unknown"
    russian, english = draft.text.split(BLOCK_RULE)
    assert russian.startswith("Здравствуйте!")
    assert english.strip().startswith("Hello,")


def test_only_the_number_and_our_own_names_enter_the_text() -> None:
    evil = "{number} {topic} <script> 4000 0000 0000 0002"
    draft = compose.draft_acknowledgement(
        context(subject=evil, subkind=evil, marketplace=evil), state="complete"
    )
    assert "script" not in draft.text
    assert draft.text.count("RZ-100042") == 1


def test_r35_evidence_is_offered_once_and_never_demanded() -> None:
    bare = compose.draft_acknowledgement(context(), state="complete").text
    with_files = compose.draft_acknowledgement(context(has_evidence=True), state="complete").text
    assert "необязательно" in bare
    assert "необязательно" not in with_files


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("api_key", "выпустите новый"),
        ("wb_token", "выпустите новый"),
        ("password", "смените"),
        ("sms_code", "код подтверждения"),
        ("card_number", "карты"),
        ("passport", "личные данные"),
    ],
)
def test_r54_warning_fits_the_kind_of_secret(kind: str, words: str) -> None:
    draft = compose.draft_acknowledgement(context(secrets=(kind,)), state="complete")
    assert words in draft.text


def _questions(one: ReplyContext, required: tuple[str, ...]) -> list[compose.ReplyDraft]:
    variants = [(everything, known) for everything in (False, True) for known in (False, True)]
    drafts = [compose.draft_question(one, required, everything=e, acknowledged=a) for e, a in variants]
    return [*drafts, compose.draft_reminder(one, required)]


def _drafts(one: ReplyContext) -> list[compose.ReplyDraft]:
    required = rules_of(one.topic, one.subkind)["required"]
    return [
        *(compose.draft_acknowledgement(one, state=s) for s in ("complete", "how_to", "passed_on")),
        *(_questions(one, required) if required else []),
        compose.draft_received(one),
        compose.draft_completed(one),
        compose.draft_clarify(one),
        compose.draft_admin_only(one),
        compose.draft_redirect(one, "buyer"),
        compose.draft_redirect(one, "press"),
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["ru", "zh", "en", "unknown", "de"])
@pytest.mark.parametrize("topic", [slug for slug in SLUGS if slug != SPAM])
def test_every_kind_reads_whole_for_every_topic_and_subkind(topic: str, language: str) -> None:
    kinds = [kind["name"] for kind in read_table("subkinds.toml").get(topic, {}).get("kind", [])]
    for subkind in ("", *kinds):
        for draft in _drafts(context(language, topic=topic, subkind=subkind, urgent=True, admin_line=True)):
            assert not {"{", "}", "_"} & set(draft.text), draft.text
            assert draft.text.endswith("\n")
            assert "\n\n\n" not in draft.text
            assert ".." not in draft.text
            assert draft.subject == "Re: [RZ-100042]"


def test_whole_sentences_name_every_part_of_the_rule() -> None:
    words = {
        "seller_id": "ID продавца", "order_ref": "заказ", "claim_ref": "заявк", "sku_ref": "артикул",
        "supply_ref": "поставк", "event_date": "дат|время", "act_ref": "акт", "period": "период",
        "amount": "сумму", "document_ref": "документ", "campaign_ref": "кампании", "fine_ref": "штраф",
        "barcode_or_mark": "штрихкод", "pvz_ref": "пункта выдачи", "legal_id": "ИНН", "feedback_ref": "отзыв",
        "error_ref": "текст ошибки", "warehouse": "склад", "tracking_number": "трек-номер",
    }  # fmt: skip
    for topic in (slug for slug in SLUGS if rules_of(slug)["required"]):
        one = context("ru", topic=topic)
        required = rules_of(topic)["required"]
        said = compose.draft_question(one, required, everything=True, acknowledged=False).text
        for part in required:
            cues = [cue for name in part.split("|") for cue in words[name].split("|")]
            assert any(cue in said for cue in cues), (topic, part)
