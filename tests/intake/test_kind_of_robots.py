"""Reports and automatic answers of many mail systems in three languages, and people who only sound so."""

import tomllib
from pathlib import Path

import pytest

from intake.read_mail import ReadOptions, read_mail
from models.records import Mail

OPTIONS = ReadOptions(own_addresses=frozenset({"desk@market.example"}), read_attachments=False)
CASES = tomllib.loads(Path(__file__).with_name("kind_cases.toml").read_text(encoding="utf-8"))
COPIED = (
    "\n\n--- the header of your message ---\n\nFrom: desk@market.example\nMessage-ID: <rz9@market.example>\n"
)


def read(case: dict[str, str], more: str = "") -> Mail:
    raw = (
        f"From: {case.get('from', 'anna@x.example')}\nTo: desk@market.example\nSubject: {case['subject']}\n"
        f"Message-ID: <m1@x.example>\n{case.get('extra', '')}"
        f"Content-Type: text/plain; charset=utf-8\n\n{case['text']}{more}\n"
    )
    return read_mail(raw.encode(), None, OPTIONS)


def shown(case: dict[str, str]) -> str:
    return case.get("system") or f"{case['subject']} / {case['text'][:20]}"


@pytest.mark.parametrize("case", CASES["report"], ids=shown)
def test_a_report_of_a_mail_system_is_a_bounce_about_our_mail(case: dict[str, str]) -> None:
    mail = read(case, COPIED)
    assert mail.kind == read(case).kind == "bounce"
    assert mail.suppress_replies
    assert mail.bounce is not None
    assert (mail.bounce.recipient, mail.bounce.original_message_id) == (
        "anna@x.example",
        "rz9@market.example",
    )


def test_a_delay_is_no_permanent_failure() -> None:
    delays = ("sendmail delayed", "postfix without daemon", "delayed ru", "coremail delayed")
    reports = {case["system"]: read(case).bounce for case in CASES["report"]}
    assert [system for system, bounce in reports.items() if bounce and not bounce.permanent] == [
        system for system in reports if system in delays
    ]


@pytest.mark.parametrize("case", CASES["absent"], ids=shown)
def test_somebody_is_away(case: dict[str, str]) -> None:
    mail = read(case)
    assert mail.kind == "out_of_office"
    assert mail.suppress_replies


@pytest.mark.parametrize("case", CASES["automatic"], ids=shown)
def test_a_machine_answers(case: dict[str, str]) -> None:
    mail = read(case)
    assert mail.kind == "auto_reply"
    assert mail.suppress_replies


@pytest.mark.parametrize("case", CASES["person"], ids=shown)
def test_people_who_only_sound_like_machines(case: dict[str, str]) -> None:
    assert read(case).kind == "person"


def test_an_acknowledgement_in_the_quoted_history_makes_no_robot_of_the_writer() -> None:
    quoted = (
        "\n\nOn 17 Nov 2026 at 10:00, Desk <desk@market.example> wrote:\n> Ваше обращение зарегистрировано.\n"
    )
    case = {"subject": "Re: x", "text": "Вот номер поставки.", "extra": "In-Reply-To: <rz1@market.example>\n"}
    assert read(case, quoted).kind == "person"
