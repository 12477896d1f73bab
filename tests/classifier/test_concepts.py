"""The same thing said in three languages is the same concept; denied, it is another."""

from __future__ import annotations

import pytest

from classifier.concepts import lexicon
from classifier.documents import Document
from classifier.reader import Reader


def concepts_of(text: str) -> set[str]:
    reader = Reader()
    reading = reader.read(Document(subject="", text=text))
    return {token[1:] for token in reader.spelling.tokens_of(reading.columns.tolist()) if token[0] == "+"}


@pytest.mark.parametrize(
    ("concept", "russian", "chinese", "english"),
    [
        ("pass_gate", "нет пропуска на машину", "系统里没有通行证", "the pass is not there"),
        ("disposal", "товар утилизировали", "货被你们销毁了", "my goods were disposed of"),
        ("reconciliation", "пришлите акт сверки", "请提供对账单", "please send the reconciliation"),
        ("counterfeit", "обвинили в контрафакте", "说我们卖假货", "accused of counterfeit"),
        ("webhook", "вебхуки не приходят", "收不到推送", "webhooks do not arrive"),
        ("pickup_point", "наш пункт выдачи", "我的自提点", "our pickup point"),
        ("messenger_contact", "пишите в телеграм", "加微信详谈", "write us on WhatsApp"),
    ],
)
def test_three_languages_one_concept(concept: str, russian: str, chinese: str, english: str) -> None:
    for text in (russian, chinese, english):
        assert {concept, f"!{concept}"} & concepts_of(text), text


@pytest.mark.parametrize("text", ["не участвую в акции", "没有参加促销", "I am not in any promo"])
def test_negation_makes_another_concept(text: str) -> None:
    found = concepts_of(text)
    assert "!promo" in found
    assert "promo" not in found


def test_negation_does_not_reach_the_next_clause() -> None:
    assert "promo" in concepts_of("Нет. Акция началась")


def test_every_concept_is_said_in_three_languages() -> None:
    table = lexicon()
    assert len(table.names) > 350
    assert len(set(table.names)) == len(table.names)
    spoken = {concept for concepts in table.han.values() for concept in concepts}
    assert len(spoken) > 0.97 * len(table.names)


def test_traditional_characters_are_read_as_simplified() -> None:
    assert concepts_of("倉庫") == concepts_of("仓库") != set()
