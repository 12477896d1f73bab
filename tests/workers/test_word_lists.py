"""How entries of the word lists match."""

from __future__ import annotations

import importlib
import random
import re
import time
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
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


PATTERNS = read_table("mentions.toml")["pattern"]
POOL = 'абвклмнопрстеиАБВ abcdefghijklmnopqrstuvwxyzABCDEFG 0123456789 年月路街号仓库 «»“”"\n.,:/-_@№'
PARSER = importlib.import_module("re._parser")


def made(tree: Any, chance: random.Random) -> str:
    """Write a text that the parse tree of an expression may match, its repetitions short."""
    text = ""
    for operation, given_ in tree:
        match str(operation):
            case "LITERAL":
                text += chr(given_)
            case "IN":
                named = [chr(value) for kind, value in given_ if str(kind) == "LITERAL"]
                text += chance.choice([char for char in (*named, *POOL) if is_in(given_, char)])
            case "BRANCH":
                text += made(chance.choice(given_[1]), chance)
            case "SUBPATTERN":
                text += made(given_[-1], chance)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = given_
                for _ in range(chance.randint(least, min(most, least + 2))):
                    text += made(inner, chance)
    return text


def is_in(members: Any, char: str) -> bool:
    kinds = {"SPACE": char.isspace(), "NOT_SPACE": not char.isspace(), "WORD": char.isalnum()}
    denies = str(members[0][0]) == "NEGATE"
    found = any(
        (name == "LITERAL" and char == chr(value))
        or (name == "RANGE" and value[0] <= ord(char) <= value[1])
        or (name == "CATEGORY" and kinds[str(value).removeprefix("CATEGORY_")])
        for name, value in ((str(kind), value) for kind, value in members)
    )
    return found is not denies


@pytest.mark.parametrize("row", PATTERNS, ids=[f"{n}-{row['name']}" for n, row in enumerate(PATTERNS)])
def test_what_a_pattern_needs_stands_in_whatever_it_matches(row: dict[str, Any]) -> None:
    regex, chance = re.compile(row["regex"], re.IGNORECASE | re.MULTILINE), random.Random(row["regex"])
    texts = [made(PARSER.parse(row["regex"]), chance) for _ in range(30)]
    found = [match.group(0) for text in texts if (match := regex.search(text))]
    assert len(found) > 3, "so few that nothing is shown"
    for text in found:
        assert not row.get("needs") or any(word in fold(text) for word in row["needs"]), text


@settings(max_examples=25)
@given(
    entries=st.lists(st.sampled_from(["склад", "склад .. отключ", "акт$", "а", "退货", ".. ", "x .. y$"])),
    text=st.text("складоткючат退货xy .", max_size=30),
)
def test_a_list_is_searched_wherever_it_would_find_something(entries: list[str], text: str) -> None:
    words = word_list(entries)
    assert words.occurs(text) is bool(words.pattern.search(text))


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
