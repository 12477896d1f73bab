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

# Where the strict parser of the expectation and a reader of letters differ on purpose.
KEEPS_TEXT_OF_BROKEN_MULTIPARTS = {
    f"malformed/{number:03}" for number in (1, 2, 3, 4, 6, 8, 9, 11, 16, 19, 20, 21)
}
KEEPS_A_READABLE_LAST_PART = {"rfc/000", "thirdparty/002", "thirdparty/005"}
DROPS_NUL = {"thirdparty/000"}
EXPLAINED = KEEPS_TEXT_OF_BROKEN_MULTIPARTS | KEEPS_A_READABLE_LAST_PART | DROPS_NUL


def folded(text: str) -> str:
    return re.sub(r"\s+", "", text)


def expected_text(parts: list[dict[str, Any]], numbers: list[int]) -> str:
    bodies = [parts[number]["body"] for number in numbers]
    return folded("\n".join(body.get("Text") or html_to_text(body.get("Html", "")).text for body in bodies))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_the_set_is_whole() -> None:
    assert len(MAILS) == 107
    assert {name_of(path) for path in MAILS} >= EXPLAINED


@pytest.mark.parametrize("path", MAILS, ids=name_of)
def test_mail_is_read_without_a_lost_letter(path: Path) -> None:
    mail = read_mail(path.read_bytes(), None, ReadOptions())
    shown = f"{mail.subject}{mail.text}{mail.quoted}{mail.signature}{mail.from_.name}"
    shown += "".join(attachment.name + attachment.text for attachment in mail.attachments)
    assert "\ufffd" not in shown
    assert "\x00" not in shown


@pytest.mark.parametrize("path", [path for path in MAILS if name_of(path) not in EXPLAINED], ids=name_of)
def test_body_is_what_the_authors_expect(path: Path) -> None:
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    actual = folded(gather_letter(cut(path.read_bytes()).root).text)
    choices = [expected_text(record["parts"], record[key]) for key in ("text_body", "html_body")]
    # The expectation has U+FFFD where it trusted a wrong label; a letter that was rescued there is better.
    patterns = [re.escape(choice).replace("\ufffd", ".") for choice in choices]
    assert any(re.fullmatch(pattern, actual) for pattern in patterns), f"{actual!r}\ninstead of\n{choices!r}"
