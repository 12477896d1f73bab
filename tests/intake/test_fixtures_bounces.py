"""The 315 automatic mails of tests/fixtures/bounces: none of them is taken for a person."""

from collections import Counter
from pathlib import Path

from intake.read_mail import ReadOptions, read_mail
from models.records import Mail

FIXTURES = Path(__file__).parent.parent / "fixtures" / "bounces"
MAILS = {
    path.name: read_mail(path.read_bytes(), None, ReadOptions()) for path in sorted(FIXTURES.glob("*.eml"))
}


def of_group(prefix: str) -> dict[str, Mail]:
    return {name: mail for name, mail in MAILS.items() if name.startswith(prefix)}


def test_the_set_is_whole() -> None:
    assert len(MAILS) == 315


def test_nobody_is_taken_for_a_person() -> None:
    assert [name for name, mail in MAILS.items() if mail.kind == "person"] == []


def test_no_automatic_answer_may_go_to_any_of_them() -> None:
    assert [name for name, mail in MAILS.items() if not mail.suppress_replies] == []


def test_abuse_reports_and_automatic_replies_are_kept_apart_from_bounces() -> None:
    assert {mail.kind for mail in of_group("arf").values()} == {"auto_reply"}
    assert {mail.kind for mail in of_group("rfc3834").values()} <= {"auto_reply", "out_of_office"}


def test_bounces_say_whom_and_what_they_are_about() -> None:
    bounces = [mail.bounce for mail in MAILS.values() if mail.bounce is not None]
    found = Counter(
        field
        for bounce in bounces
        for field in ("recipient", "status", "original_message_id")
        if getattr(bounce, field)
    )
    assert len(bounces) >= 302
    assert found["recipient"] >= 301
    assert found["status"] >= 250
    assert found["original_message_id"] >= 260
