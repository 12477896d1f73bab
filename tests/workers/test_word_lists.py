"""How entries of the word lists match."""

from __future__ import annotations

import re
import time
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import Attachment, Mail
from workers.facts import facts_of
from workers.how_to import is_how_to
from workers.mentions import mentions_of
from workers.priority import PriorityInput, priority_of
from workers.subkind import subkind_of
from workers.word_lists import fold, read_table, word_list


@pytest.mark.parametrize(
    ("entry", "text", "found"),
    [
        ("склад", "На СКЛАДЕ пусто", True),
        ("склад", "подсклад", False),
        ("акт$", "акт №5", True),
        ("акт$", "факт", False),
        ("акт$", "активен", False),
        ("прием", "Приём", True),
        ("склад .. отключ", "склад «Дом» в статусе отключён", True),
        ("склад .. отключ", "склад\nотключён", False),
        ("склад .. отключ", "склад " + "x" * 40 + " отключён", False),
        ("退货", "我的退货包裹", True),
        ("?", "как?", True),
        ("c++", "c++ и всё", True),
        ("sale$", "wholesale", False),
    ],
)
def test_entry(entry: str, text: str, found: bool) -> None:
    assert word_list([entry]).occurs(fold(text)) is found


def test_entries_are_found_once_each_in_their_order() -> None:
    assert word_list(["b", "a"]).found("a b a") == ("a", "b")
    assert word_list([]).found("anything") == ()


@given(entries=st.lists(st.text("abcабв退货 .+[(", min_size=1, max_size=8).filter(str.strip), max_size=6))
def test_any_list_compiles_and_finds_its_plain_words(entries: list[str]) -> None:
    words = [entry.strip() for entry in entries if " .. " not in entry]
    compiled = word_list(words)
    for word in words:
        assert compiled.occurs(fold(f" {word} "))


@pytest.mark.parametrize(
    "name",
    sorted(file.name for file in resources.files("workers").iterdir() if file.name.endswith(".toml")),
)
def test_every_table_of_the_room_parses(name: str) -> None:
    assert read_table(name)


def test_patterns_nest_no_unbounded_repetition() -> None:
    for row in read_table("mentions.toml")["pattern"]:
        regex = row["regex"]
        re.compile(regex)
        assert not re.search(r"(?<!\\)[*+]\)?[*+{]", regex), regex
        assert not re.search(r"(?<![\\\[])[*+](?!\?)", re.sub(r"\[[^\]]*\]", "", regex)), f"cap it: {regex}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "«Акция ",
        '"A',
        "Москва, Ленина ",
        "ул. Ленина ",
        "пишет «",
        "/api/v1/",
        "склад сам ",
        "从1月",
        "1",
    ],
)
def test_hostile_text_takes_bounded_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    mail = Mail(
        subject=text,
        text=text,
        quoted=text,
        attachments=(Attachment(name=text, content_type="", size_bytes=1, kind="table"),),
    )
    started = time.process_time()
    mentions_of(mail, 1)
    facts = facts_of(mail, 1)
    for topic in ("logistics_acceptance", "stock_accounting", "pickup_points"):
        subkind_of(topic, text, facts)
        is_how_to(topic, text, facts)
        priority_of(PriorityInput(topic=topic, text=text, facts=facts))
    assert time.process_time() - started < 3
