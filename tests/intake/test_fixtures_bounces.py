"""The 315 automatic mails of tests/fixtures/bounces: none of them is taken for a person."""

from collections import Counter
from pathlib import Path

import pytest

from intake.read_mail import ReadOptions, read_mail
from models.records import Mail

FIXTURES = Path(__file__).parent.parent / "fixtures" / "bounces"


@pytest.fixture(scope="module")
def mails() -> dict[str, Mail]:
    """All mails of the set, read once."""
    paths = sorted(FIXTURES.glob("*.eml"))
    return {
        path.name: read_mail(path.read_bytes(), None, ReadOptions(read_attachments=False)) for path in paths
    }


def kinds_of(mails: dict[str, Mail], prefix: str) -> set[str]:
    return {mail.kind for name, mail in mails.items() if name.startswith(prefix)}


def test_the_set_is_whole(mails: dict[str, Mail]) -> None:
    assert len(mails) == 315


def test_nobody_is_taken_for_a_person(mails: dict[str, Mail]) -> None:
    assert [name for name, mail in mails.items() if mail.kind == "person"] == []


def test_no_automatic_answer_may_go_to_any_of_them(mails: dict[str, Mail]) -> None:
    assert [name for name, mail in mails.items() if not mail.suppress_replies] == []


def test_abuse_reports_and_automatic_replies_are_kept_apart_from_bounces(mails: dict[str, Mail]) -> None:
    assert kinds_of(mails, "arf") == {"auto_reply"}
    assert kinds_of(mails, "rfc3834") <= {"auto_reply", "out_of_office"}


def test_bounces_say_whom_and_what_they_are_about(mails: dict[str, Mail]) -> None:
    bounces = [mail.bounce for mail in mails.values() if mail.bounce is not None]
    fields = ("recipient", "status", "original_message_id")
    found = Counter(field for bounce in bounces for field in fields if getattr(bounce, field))
    assert len(bounces) >= 302
    assert found["recipient"] >= 301
    assert found["status"] >= 250
    assert found["original_message_id"] >= 260
