"""Short letters of many languages and clients: what their writer said anew stays, and nothing else."""

import tomllib
from pathlib import Path

import pytest

from intake.quotes import split_quotes
from intake.signatures import split_signature

CASES = tomllib.loads((Path(__file__).parent / "reply_cases.toml").read_text(encoding="utf-8"))["case"]


def folded(text: str) -> str:
    """White space counts only between words."""
    return " ".join(text.split())


def test_there_are_enough_letters_and_no_name_twice() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_new_words_stay(case: dict[str, str]) -> None:
    signed = split_signature(split_quotes(case["text"].strip("\n")).new)
    assert folded(signed.text) == folded(case["stays"])
    if "signature" in case:
        assert folded(signed.signature) == folded(case["signature"])
