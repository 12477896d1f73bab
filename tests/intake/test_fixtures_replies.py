"""The 64 mail texts of tests/fixtures/replies: what must stay of each is what stays."""

import re
from pathlib import Path

import pytest

from intake.quotes import split_quotes
from intake.signatures import split_signature

FIXTURES = Path(__file__).parent.parent / "fixtures" / "replies"
TEXTS = sorted(path.name for path in (FIXTURES / "emails").glob("*.txt"))

# Words under or between quotes stay here; the expectation drops them, or keeps the quotes with them.
DIFFERENT_ON_PURPOSE = {
    "embedded_email_1.txt",  # a sentence after the quoted mail is the writer's, not a signature
    "embedded_email_7.txt",  # a quote with attribution in the middle goes to the quoted text
    "embedded_email_17.txt",  # as above
}
FLOOR = 61


def stays(name: str) -> str:
    text = (FIXTURES / "emails" / name).read_text(encoding="utf-8")
    return " ".join(split_signature(split_quotes(text).new).text.split())


def must_stay(name: str) -> str:
    return " ".join((FIXTURES / "trimmed" / name).read_text(encoding="utf-8").split())


def test_as_many_as_the_floor_are_trimmed_exactly() -> None:
    assert len(TEXTS) == 64
    assert sum(stays(name) == must_stay(name) for name in TEXTS) >= FLOOR


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in DIFFERENT_ON_PURPOSE])
def test_text_is_trimmed_exactly(name: str) -> None:
    assert stays(name) == must_stay(name)


@pytest.mark.parametrize("name", TEXTS)
def test_no_line_is_lost(name: str) -> None:
    text = (FIXTURES / "emails" / name).read_text(encoding="utf-8")
    split = split_quotes(text)
    signed = split_signature(split.new)
    marks = re.compile(r"[\s>\-_*#=~+|\u1427—]+")
    kept = marks.sub("", f"{signed.text}{signed.signature}{split.quoted}")
    assert sorted(kept) == sorted(marks.sub("", text))
