"""PDF, docx, zip and calendars: what is read from them, and what an operator is told when it is not."""

import pytest

from intake.calendar_parts import calendar_text
from intake.file_texts import FileText, read_file_text
from intake.file_types import sniff
from intake.read_mail import ReadOptions, read_mail
from intake.reader_process import ReadingBudget
from intake.zip_archives import member_name, open_zip
from models.records import Mail
from tests.intake.attachment_files import archive, docx, locked_archive, mail, pdf, workbook


def read_one(octets: bytes, name: str) -> FileText:
    return read_file_text(octets, name, sniff(octets, name).content_type, ReadingBudget())


def read_attached(octets: bytes, name: str) -> Mail:
    return read_mail(mail(("application/octet-stream", name, octets)), None, ReadOptions())


def test_numbers_in_a_pdf_become_identifiers_of_the_mail() -> None:
    read = read_attached(pdf("Акт о расхождении № 4471 по поставке 28817755", "Итого 12"), "scan0001.pdf")
    assert [(part.kind, part.text) for part in read.attachments] == [
        ("act", "Акт о расхождении № 4471 по поставке 28817755\nИтого 12")
    ]
    found = {(entity.type, entity.value, entity.where) for entity in read.entities}
    assert ("supply_number", "28817755", "attachment:scan0001.pdf") in found
    assert read.warnings == ()


def test_only_the_first_pages_of_a_pdf_are_read() -> None:
    read = read_one(pdf(*(f"page {number}" for number in range(25))), "long.pdf")
    assert read.text.split("\n")[-1] == "page 19"
    assert read.warnings == ("only the first 20 of its 25 pages were read",)


@pytest.mark.parametrize(
    ("octets", "warning"),
    [
        (pdf("secret", encrypted=True), "the PDF is encrypted, ask for it without a password"),
        (pdf("text")[:300], "the PDF is broken, ask for it again"),
        (b"%PDF-1.4\n%%EOF\n", "the PDF is broken, ask for it again"),
        (pdf(""), "has no text that could be read (a scan?), look at it yourself"),
    ],
    ids=["encrypted", "torn", "empty", "scan"],
)
def test_a_pdf_that_cannot_be_read_is_named_and_keeps_its_kind(octets: bytes, warning: str) -> None:
    read = read_attached(octets, "счёт_18.pdf")
    assert read.warnings == (f"attachment счёт_18.pdf: {warning}",)
    assert [part.kind for part in read.attachments] == ["invoice"]


def test_words_and_tables_of_a_docx_are_read() -> None:
    cells = (f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>" for text in ("SKU", "n"))
    table = f"<w:tbl><w:tr>{''.join(cells)}</w:tr></w:tbl>"
    octets = docx("Накладная № 123", "Поставка 28817755 &amp; &#1087;рочее", "</w:t></w:r></w:p>" + table)
    read = read_one(octets, "a.docx")
    assert read.text.split("\n")[:3] == ["Накладная № 123", "Поставка 28817755 & прочее", "SKU\tn"]
    assert read_attached(octets, "без имени.docx").attachments[0].kind == "waybill"


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (archive({"word/document.xml": "<w:t>" + "x" * 9_000_000}), "packed like a zip bomb"),
        (archive({"word/other.xml": "x"}), "it has no text"),
        (docx("x")[:-30], "the archive is broken"),
    ],
    ids=["bomb", "no text", "torn"],
)
def test_a_docx_that_cannot_be_read_is_named(octets: bytes, words: str) -> None:
    assert any(words in warning for warning in read_attached(octets, "a.docx").warnings)


def test_entities_in_a_docx_are_not_expanded() -> None:
    lines = ['<!ENTITY a "aaaaaaaaaa">'] + [f'<!ENTITY b{n} "&a;&a;&a;">' for n in range(9)]
    octets = archive({"word/document.xml": f"<!DOCTYPE l [{''.join(lines)}]><w:t>&b8; ok</w:t>"})
    assert read_one(octets, "a.docx").text == "&b8; ok"


def test_an_archive_lists_its_names_and_gives_its_tables_and_documents() -> None:
    octets = archive(
        {
            "list.xlsx": workbook(["SKU"], [148000000], [148000001]),
            "бумаги/акт.pdf": pdf("поставка 28817755"),
            "inner.zip": archive({"a.csv": "sku\n1\n"}),
            "__MACOSX/._list.xlsx": "x",
            "photo.jpg": b"\xff\xd8\xff",
        }
    )
    read = read_attached(octets, "docs.zip")
    assert [(part.name, part.kind, part.row_count) for part in read.attachments] == [
        ("docs.zip", "archive", None),
        ("docs.zip › list.xlsx", "table", 2),
        ("docs.zip › акт.pdf", "act", None),
    ]
    assert "inner.zip" in read.attachments[0].text
    found = {(entity.value, entity.where) for entity in read.entities}
    assert {
        ("148000001", "attachment:docs.zip › list.xlsx"),
        ("28817755", "attachment:docs.zip › акт.pdf"),
    } <= found


@pytest.mark.parametrize(
    ("octets", "warning"),
    [
        (locked_archive("list.csv"), "is locked with a password, ask for the files without it"),
        (archive({"Счёт.pdf.exe": b"MZ"}), "holds a program: Счёт.pdf.exe"),
        (
            archive({f"f{n}": b"" for n in range(4_100)}),
            "the archive holds more than 4000 files and was not opened",
        ),
        (archive({"a.txt": "x" * 100})[:-10], "the archive is broken"),
    ],
    ids=["locked", "program", "many", "torn"],
)
def test_an_archive_that_needs_care_is_named(octets: bytes, warning: str) -> None:
    assert f"attachment a.zip: {warning}" in read_attached(octets, "a.zip").warnings


def test_a_bomb_inside_an_archive_is_not_inflated() -> None:
    octets = archive({"big.csv": b"0" * 9_000_000, "small.csv": b"sku;n\n148000000;1\n148000001;1\n"})
    read = read_attached(octets, "a.zip")
    assert (
        "attachment a.zip › big.csv: too large to be read inside an archive, ask for it alone"
        in read.warnings
    )
    assert [part.name for part in read.attachments] == ["a.zip", "a.zip › small.csv"]


@pytest.mark.parametrize(
    ("name", "codec"), [("Счёт №5.pdf", "cp866"), ("差异单.xlsx", "gb18030"), ("Акт.pdf", "utf-8")]
)
def test_names_that_windows_wrote_without_their_charset(name: str, codec: str) -> None:
    octets = archive({"x" * len(name.encode(codec)): "y"}).replace(
        b"x" * len(name.encode(codec)), name.encode(codec)
    )
    with open_zip(octets) as opened:
        assert member_name(opened.infolist()[0]) == name


INVITATION = """BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VTIMEZONE
TZID:Europe/Moscow
BEGIN:STANDARD
DTSTART:16010101T000000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN="Отдел: поставки":mailto:buyer@shop.example
ATTENDEE;PARTSTAT=ACCEPTED;CN=Desk:mailto:desk@market.example
SUMMARY;LANGUAGE=ru:Созвон по поставке 28817755\\, склад
 \x20Коледино
DTSTART;TZID=Europe/Moscow:20261120T100000
DTEND:20261120T080000Z
LOCATION:Zoom
END:VEVENT
BEGIN:VEVENT
SUMMARY:second
END:VEVENT
END:VCALENDAR
"""


def invitation(method: str, text: str = "", declared: bool = True) -> bytes:
    calendar = INVITATION.format(method=method).encode()
    content_type = "text/calendar; charset=utf-8" + (f"; method={method}" if declared else "")
    return mail((content_type, "invite.ics", calendar), text=text)


def test_a_calendar_says_what_when_and_who() -> None:
    assert calendar_text(INVITATION.format(method="REQUEST").encode()).split("\n") == [
        "METHOD: REQUEST",
        "SUMMARY: Созвон по поставке 28817755, склад Коледино",
        "DTSTART: 2026-11-20 10:00 Europe/Moscow",
        "DTEND: 2026-11-20 08:00 UTC",
        "LOCATION: Zoom",
        "ORGANIZER: buyer@shop.example",
        "ATTENDEE: desk@market.example ACCEPTED",
    ]


@pytest.mark.parametrize(
    ("method", "text", "kind"),
    [
        ("REQUEST", "Давайте созвонимся.", "person"),
        ("REPLY", "", "auto_reply"),
        ("REPLY", "Accepted: call", "auto_reply"),
        ("REPLY", "Не могу. Когда разберут поставку 28817755?", "person"),
        ("CANCEL", "", "auto_reply"),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_an_answer_to_an_invitation_is_no_person_asking(
    method: str, text: str, kind: str, declared: bool
) -> None:
    read = read_mail(invitation(method, text, declared), None, ReadOptions())
    assert read.kind == kind
    assert bool(read.suppress_replies) == (kind != "person")
    assert [(part.content_type, part.kind) for part in read.attachments] == [("text/calendar", "other")]


def test_a_calendar_is_the_letter_only_when_there_is_nothing_else() -> None:
    alone = read_mail(invitation("REQUEST"), None, ReadOptions())
    assert "Созвон по поставке 28817755" in alone.text
    beside = read_mail(invitation("REQUEST", "Давайте созвонимся."), None, ReadOptions())
    assert beside.text == "Давайте созвонимся."
    assert "Созвон" in beside.attachments[0].text
