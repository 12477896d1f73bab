"""The demo's mails and manifest: every promised case is there, every mail is what it claims to be."""

from __future__ import annotations

import email
import hashlib
import io
import re
from collections import Counter
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import openpyxl
import pytest

from cli.demo.desk import next_run, recipient_for
from cli.demo.manifest import MAILS, DemoMail, load_manifest, waves
from cli.demo.preparing import placeholders, prepare, tagged_sender
from cli.demo.verdict import differences
from models.store.outcomes import MailOutcome, ReplyMade
from models.topics import LANGUAGES, SLUGS, Disposition

MANIFEST = load_manifest()
BY_NAME = {mail.name: mail for mail in MANIFEST}
TICKETS = {mail.name: 100_000 + number for number, mail in enumerate(MANIFEST, start=1)}


def parsed(mail: DemoMail) -> Message:
    return email.message_from_bytes(mail.path.read_bytes())


def text_parts(mail: DemoMail) -> list[Message]:
    return [part for part in parsed(mail).walk() if part.get_content_maintype() == "text"]


def charsets(mail: DemoMail) -> set[str]:
    return {part.get_content_charset("") for part in text_parts(mail)}


def subject_of(mail: DemoMail) -> str:
    return str(make_header(decode_header(str(parsed(mail)["Subject"]))))


def test_manifest_and_folder_hold_the_same_mails() -> None:
    assert {mail.file for mail in MANIFEST} == {path.name for path in MAILS.glob("*.eml")}


def test_there_are_enough_mails_in_every_language() -> None:
    assert len(MANIFEST) >= 26
    per_language = Counter(mail.language for mail in MANIFEST)
    assert all(per_language[language] >= 8 for language in LANGUAGES), per_language


def test_every_disposition_but_held_and_every_topic_occurs() -> None:
    assert {mail.disposition for mail in MANIFEST} == {str(d) for d in Disposition} - {"held"}
    assert {mail.topic for mail in MANIFEST} == set(SLUGS)


def test_a_question_is_meant_to_be_asked_in_every_language() -> None:
    assert {mail.language for mail in MANIFEST if mail.expect_question} == set(LANGUAGES)


@pytest.mark.parametrize("mail", MANIFEST, ids=lambda mail: mail.name)
def test_mail_is_well_formed_and_synthetic(mail: DemoMail) -> None:
    raw = mail.path.read_bytes()
    message = parsed(mail)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.endswith(b"\r\n")
    assert message["Message-ID"]
    assert message["Date"]
    assert message["Message-ID"].rstrip().endswith(".example>")
    assert not [defect for part in message.walk() for defect in part.defects]
    assert mail.sender == "" or mail.sender.endswith(".example")
    assert mail.sender in str(message["From"])
    assert mail.recipient.endswith("@razbor.local")
    hosts = set(re.findall(rb"@([\w-]+(?:\.[\w-]+)+)", raw))
    assert all(host.endswith((b".example", b".local", b".eml")) for host in hosts), hosts


@pytest.mark.parametrize("mail", MANIFEST, ids=lambda mail: mail.name)
def test_placeholders_refer_to_the_mail_that_comes_before(mail: DemoMail) -> None:
    named = placeholders(mail.path.read_bytes())
    assert named <= {mail.after}
    assert bool(named) == bool(mail.link)
    filled = prepare(mail.path.read_bytes(), TICKETS, 1)
    assert b"RZ-TICKET" not in filled
    for name in named:
        assert f"RZ-{TICKETS[name]}".encode() in filled


def test_the_promised_cases_are_there() -> None:
    cases = {
        "answer with the number in the subject": any(
            mail.disposition == "appended"
            and BY_NAME[mail.after].expect_question
            and "[RZ-" in subject_of(mail)
            for mail in MANIFEST
            if mail.after
        ),
        "number inside an encoded word": any(
            re.search(rb"=\?[^?]+\?[QqBb]\?[^?]*RZ-TICKET", mail.path.read_bytes()) for mail in MANIFEST
        ),
        "delivered twice": len({mail.file for mail in MANIFEST}) < len(MANIFEST),
        "stranger": any(mail.link == "claims" for mail in MANIFEST),
        "number in the body": any(
            mail.link == "relates" and "RZ-" not in subject_of(mail) for mail in MANIFEST
        ),
        "bounce": any(parsed(mail).get_content_type() == "multipart/report" for mail in MANIFEST),
        "null reverse-path": any(mail.sender == "" for mail in MANIFEST),
        "out of office": any(
            str(parsed(mail)["Auto-Submitted"]).startswith("auto-")
            and parsed(mail).get_content_type() == "text/plain"
            for mail in MANIFEST
        ),
        "spam in several languages": len({m.language for m in MANIFEST if m.topic == "spam_phishing"}) == 3,
        "windows-1251 declared": any("windows-1251" in charsets(mail) for mail in MANIFEST),
        "koi8-r": any("koi8-r" in charsets(mail) for mail in MANIFEST),
        "HTML only": any(
            {part.get_content_type() for part in text_parts(mail)} == {"text/html"} for mail in MANIFEST
        ),
        "mail to another mailbox": len({mail.recipient for mail in MANIFEST}) > 1,
    }
    assert [case for case, there in cases.items() if not there] == []


def test_undeclared_windows_1251() -> None:
    message = parsed(BY_NAME["ru-supply-undeclared-cp1251"])
    assert message["Content-Type"] is None
    body = BY_NAME["ru-supply-undeclared-cp1251"].path.read_bytes().partition(b"\r\n\r\n")[2]
    assert "Поставку" in body.decode("cp1251")
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


def test_gb2312_label_over_gb18030_characters() -> None:
    part = text_parts(BY_NAME["zh-parcel-gb2312"])[0]
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert part.get_content_charset() == "gb2312"
    assert "货件" in payload.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        payload.decode("gb2312")


def test_the_list_of_skus_opens() -> None:
    parts = [
        part for part in parsed(BY_NAME["ru-cards-xlsx"]).walk() if "spreadsheet" in part.get_content_type()
    ]
    payload = parts[0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    rows = list(openpyxl.load_workbook(io.BytesIO(payload)).active.iter_rows(values_only=True))  # type: ignore[union-attr]  # a sheet is active
    assert rows[0][0] == "SKU"
    assert len(rows) > 5


def test_the_empty_mail_has_a_photo_and_no_word() -> None:
    mail = BY_NAME["empty-with-photo"]
    assert subject_of(mail).strip() == ""
    assert [part.get_content_maintype() for part in parsed(mail).walk()][-1] == "image"
    assert all(not str(part.get_payload()).strip() for part in text_parts(mail))


def test_waves_respect_what_comes_after() -> None:
    order = {mail.name: number for number, wave in enumerate(waves(MANIFEST)) for mail in wave}
    assert set(order) == set(BY_NAME)
    assert all(order[mail.name] > order[mail.after] for mail in MANIFEST if mail.after)


def test_a_manifest_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    entry = (
        '[[mail]]\nfile="a.eml"\nsender=""\nrecipient=""\nshows=""\nlanguage=""\ntopic=""\ndisposition=""\n'
    )
    (tmp_path / "twice.toml").write_text(entry * 2)
    with pytest.raises(ValueError, match="twice"):
        load_manifest(tmp_path / "twice.toml")
    (tmp_path / "after.toml").write_text(entry + 'after="b"\n')
    with pytest.raises(ValueError, match="comes after b"):
        load_manifest(tmp_path / "after.toml")


@pytest.mark.parametrize("mail", MANIFEST, ids=lambda mail: mail.name)
def test_a_second_run_is_no_redelivery(mail: DemoMail) -> None:
    raw = mail.path.read_bytes()
    first, second = prepare(raw, TICKETS, 1), prepare(raw, TICKETS, 2)
    before, after = email.message_from_bytes(first), email.message_from_bytes(second)
    assert before["Message-ID"] != after["Message-ID"]
    assert hashlib.sha256(first).digest() != hashlib.sha256(second).digest()
    assert tagged_sender(mail.sender, 2) in str(after["From"])
    assert str(before["Subject"]) == str(after["Subject"])
    assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2]


def test_tags_touch_only_the_sender() -> None:
    raw = (
        b"From: A <a.b@x.example>\nTo: c@y.example\nReply-To:\n z@x.example\nMessage-ID: <1@x.example>\n\n"
        b"mail d@e.example\n"
    )
    assert prepare(raw, {}, 3) == (
        b"From: A <a.b+run3@x.example>\r\nTo: c@y.example\r\nReply-To:\r\n z+run3@x.example\r\n"
        b"Message-ID: <1.run3@x.example>\r\n\r\nmail d@e.example\r\n"
    )
    assert tagged_sender("", 3) == ""
    assert prepare(b"From: MAILER-DAEMON@x.example\n\n", {}, 2).startswith(
        b"From: MAILER-DAEMON@x.example\r\n"
    )


def test_a_missing_ticket_number_is_told() -> None:
    with pytest.raises(KeyError, match="first"):
        prepare(b"Subject: [RZ-TICKET:first.eml]\n\n", {}, 1)


def test_runs_are_counted_per_data_directory(tmp_path: Path) -> None:
    assert [next_run(tmp_path) for _ in range(3)] == [1, 2, 3]
    (tmp_path / "demo.json").write_text("damaged")
    assert next_run(tmp_path) == 1


@pytest.mark.parametrize(
    ("mailboxes", "expected"),
    [
        (("a@x.example", "pvz@razbor.local"), "pvz@razbor.local"),
        (("a@x.example", "b@x.example"), "a@x.example"),
        (("a@x.example", "pvz@x.example"), "pvz@x.example"),
        (("*@razbor.local",), "pvz@razbor.local"),
        (("*@x.example",), "pvz@x.example"),
    ],
)
def test_recipients_fit_the_desk(mailboxes: tuple[str, ...], expected: str) -> None:
    assert recipient_for("pvz@razbor.local", mailboxes) == expected


def outcome(**changes: object) -> MailOutcome:
    question = ReplyMade(
        kind="missing_data",
        language="ru",
        rcpt_to="",
        subject="",
        text="",
        status="queued",
        asked=("period", "seller_id"),
    )
    values: dict[str, object] = {
        "raw_id": 1,
        "sha256": "x",
        "disposition": "opened",
        "ticket": 100001,
        "language": "ru",
        "topic": "finance_documents",
        "ticket_topic": "finance_documents",
        "replies": (question,),
        **changes,
    }
    return MailOutcome(**values)  # type: ignore[arg-type]  # values are spelt out above


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"disposition": "held", "cause": "broken"}, ["held", "broken"]),
        ({"disposition": None}, ["in flight"]),
        ({"language": "zh"}, ["language zh"]),
        ({"topic": "other"}, ["topic other"]),
        ({"replies": ()}, ["asked for nothing, not period, seller_id"]),
        ({"replies": (*outcome().replies, *outcome().replies)}, ["asked 2 times"]),
    ],
)
def test_differences_of_a_question(changes: dict[str, object], words: list[str]) -> None:
    found = differences(BY_NAME["ru-payout-question"], outcome(**changes), {})
    assert len(found) == bool(words), found
    assert all(word in found[0] for word in words)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("ru-payout-answer", {"disposition": "appended", "replies": ()}, ""),
        ("ru-payout-answer", {"disposition": "appended", "replies": (), "ticket": 100002}, "not on 100001"),
        ("ru-payout-answer", {"disposition": "appended"}, "asked for period, seller_id, not nothing"),
        ("ru-stranger-cites-ticket", {"ticket": 100001}, "one of its own"),
        ("ru-stranger-cites-ticket", {"ticket": 100002}, "claims None"),
        ("zh-return-mentions-ticket", {"ticket": 100002, "related": (100007,)}, "related to [100007]"),
    ],
)
def test_differences_of_links(name: str, changes: dict[str, object], words: str) -> None:
    mail = BY_NAME[name]
    found = differences(mail, outcome(**changes), {mail.after: outcome()})
    assert any(words in sentence for sentence in found) if words else found == []


def test_a_mail_that_never_arrived_is_a_difference() -> None:
    assert differences(MANIFEST[0], None, {}) == [f"{MANIFEST[0].name}: not accepted"]
