"""The 107 raw mails of tests/fixtures/mime: none raises, no letter is lost, bodies as expected."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from intake.bodies import gather_letter
from intake.html_text import html_to_text
from intake.mime_tree import cut
from intake.read_mail import ReadOptions, read_mail

FIXTURES = Path(__file__).parent.parent / "fixtures" / "mime"
MAILS = sorted(FIXTURES.glob("*/*.eml"))

# Where the strict parser and a reader of letters differ; docs/quality.md gives the reasons.
BETTER_THAN_EXPECTED = {"malformed/019", "malformed/020", "malformed/021"}
# The expectation files a part without its end under attachments even where it is all there is to read.
NOTHING_BUT_A_CUT_OFF_PART = {"malformed/002", "malformed/003", "malformed/004", "malformed/006"}


def folded(text: str) -> str:
    """White space folded away, and NUL, which no store of text takes."""
    return re.sub(r"[\s\x00]+", "", text)


def expected_text(parts: list[dict[str, Any]], numbers: list[int]) -> str:
    bodies = [parts[number]["body"] for number in numbers]
    return folded("\n".join(body.get("Text") or html_to_text(body.get("Html", "")).text for body in bodies))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_the_set_is_whole() -> None:
    assert len(MAILS) == 107
    assert {name_of(path) for path in MAILS} >= BETTER_THAN_EXPECTED | NOTHING_BUT_A_CUT_OFF_PART


@pytest.mark.parametrize("path", MAILS, ids=name_of)
def test_mail_is_read_without_a_lost_letter(path: Path) -> None:
    mail = read_mail(path.read_bytes(), None, ReadOptions())
    shown = f"{mail.subject}{mail.text}{mail.quoted}{mail.signature}{mail.from_.name}"
    shown += "".join(attachment.name + attachment.text for attachment in mail.attachments)
    assert "\ufffd" not in shown
    assert "\x00" not in shown


@pytest.mark.parametrize(
    "path", [path for path in MAILS if name_of(path) not in BETTER_THAN_EXPECTED], ids=name_of
)
def test_body_is_what_the_authors_expect(path: Path) -> None:
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    actual = folded(gather_letter(cut(path.read_bytes()).root).text)
    choices = [expected_text(record["parts"], record[key]) for key in ("text_body", "html_body")]
    if name_of(path) in NOTHING_BUT_A_CUT_OFF_PART:
        assert not any(choices)
        choices = [expected_text(record["parts"], record["attachments"])]
    # The expectation has U+FFFD where it trusted a wrong label or decoded what is no base64: a letter
    # that was rescued there, or nothing, is better.
    patterns = [re.escape(choice).replace("\ufffd", ".?") for choice in choices]
    assert any(re.fullmatch(pattern, actual) for pattern in patterns), f"{actual!r}\ninstead of\n{choices!r}"


def test_a_lost_delimiter_does_not_spill_markup_into_the_letter() -> None:
    texts = [
        gather_letter(cut(FIXTURES.joinpath(f"malformed/{name}.eml").read_bytes()).root).text.strip()
        for name in ("020", "021")
    ]
    assert texts == ["Plain Text", "áóúäöüß"]
