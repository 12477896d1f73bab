"""Attachments: types by content, safe names, evidence kinds, tables, and what a bad file does."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from intake.attachment_tables import read_table
from intake.evidence import KINDS, evidence_kind
from intake.file_names import safe_name
from intake.file_types import ODS, XLS, XLSX, by_name, sniff
from intake.read_mail import ReadOptions, read_mail
from intake.reader_process import ReadingBudget, read_in_child
from intake.unreadable import UnreadableFileError

MAILS = Path(__file__).parent.parent / "mails" / "attachments"


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def archive(**members: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("octets", "name", "content_type"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", "a.jpg", "image/png"),
        (b"\xff\xd8\xff\xe0", "x", "image/jpeg"),
        (b"%PDF-1.7", "a.doc", "application/pdf"),
        (b"MZ\x90\x00\x03", "invoice.pdf", "application/vnd.microsoft.portable-executable"),
        (b"MZ-12 and more words", "a.txt", "text/plain"),
        (b"BMW spare parts", "a.txt", "text/plain"),
        (b"\x00\x00\x00\x18ftypheic", "IMG_1.HEIC", "image/heic"),
        (b"\x00\x00\x00\x18ftypmp42", "x", "video/mp4"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8", "x", "image/webp"),
        (b"Rar!\x1a\x07\x00", "x.zip", "application/vnd.rar"),
        (b"\x78\x9f\x3e\x22\x00", "winmail.dat", "application/vnd.ms-tnef"),
        (b"<html><body>", "a.pdf", "text/html"),
        (b"a;b\n1;2\n", "a.csv", "text/csv"),
        (b'{"a": 1}', "x", "application/json"),
        (b"words", "", "text/plain"),
        (b"\x01\x02\x00\x03", "a.txt", "application/octet-stream"),
        (archive(**{"word/document.xml": ""}), "a.zip", by_name("a.docx")),
        (archive(**{"photo.jpg": ""}), "a.xlsx", "application/zip"),
        (workbook([1]), "a.zip", XLSX),
        (archive(mimetype=ODS), "x", ODS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "Workbook".encode("utf-16-le"), "x", XLS),
        (b"", "a.png", "image/png"),
    ],
)
def test_types_are_told_by_content(octets: bytes, name: str, content_type: str) -> None:
    assert sniff(octets, name).content_type == content_type


def test_encrypted_and_broken_files_are_named() -> None:
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    assert sniff(encrypted, "a.xlsx").trouble == "the document is encrypted"
    assert sniff(workbook([1])[:300], "a.xlsx").trouble == "the archive is broken"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\a\\Акт.pdf", "Акт.pdf"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("a\x00b\n.txt", "a_b_.txt"),
        ("...", ""),
        ("", ""),
        (" spaced name .pdf ", "spaced name .pdf"),
        ("ё" * 300 + ".xlsx", "ё" * 115 + ".xlsx"),
        ("акт/", "акт"),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("акт_расхождений_4471.pdf", "act"),
        ("bag_act.jpg", "act"),
        ("contact.pdf", "other"),
        ("差异单.pdf", "act"),
        ("ТТН_0817.pdf", "waybill"),
        ("交接单.jpg", "waybill"),
        ("CMR_0881.pdf", "waybill"),
        ("УПД_2241.pdf", "closing_doc"),
        ("银行回单.pdf", "closing_doc"),
        ("采购发票.pdf", "invoice"),
        ("INV-2026-118843.pdf", "invoice"),
        ("скрин.jpg", "screenshot"),
        ("后台截图.png", "screenshot"),
        ("IMG_7702.PNG", "screenshot"),
        ("IMG_4471.HEIC", "photo"),
        ("фото_пломбы.jpg", "photo"),
        ("破损照片.jpg", "photo"),
        ("sku_list.csv", "table"),
        ("остатки.xlsx", "table"),
        ("webhook_dump.json", "log"),
        ("500.log", "log"),
        ("开箱.mp4", "video"),
        ("паллеты.zip", "archive"),
        ("УПД_4418.pdf.exe", "other"),
        ("passport.pdf", "other"),
    ],
)
def test_evidence_kinds(name: str, kind: str) -> None:
    assert evidence_kind(name, by_name(name)) == kind
    assert kind in KINDS


def test_a_table_comes_as_lines_with_its_header_first() -> None:
    octets = workbook(
        ["Список SKU"], [], ["Артикул", "SKU", "Цена"], ["A-1", 148000000.0, 12.5], ["A-2", 148000001, None]
    )
    table = read_table(octets, XLSX)
    assert table.text == "Артикул\tSKU\tЦена\nA-1\t148000000\t12.5\nA-2\t148000001\n\nСписок SKU"
    assert (table.row_count, table.warning) == (2, "")


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_delimited_tables_in_any_charset(codec: str, separator: str) -> None:
    lines = ["Артикул поставщика,Остаток на складе", "КР-1,5", "КР-2,7"]
    octets = "\r\n".join(lines).replace(",", separator).encode(codec)
    table = read_table(octets, "text/csv")
    assert table.text == "\n".join(lines).replace(",", "\t")
    assert table.row_count == 2


def test_gb18030_table_with_quoted_cells() -> None:
    table = read_table('货号,备注\nA-1,"少收, 两箱"\n'.encode("gb18030"), "text/csv")
    assert table.text == "货号\t备注\nA-1\t少收, 两箱"


def test_many_rows_are_counted_and_cut() -> None:
    octets = "sku;n\n" + "".join(f"{148000000 + number};1\n" for number in range(12_000))
    table = read_table(octets.encode(), "text/csv")
    assert table.row_count == 12_000
    assert table.warning == "only the first of its 12000 rows were read"
    assert len(table.text) <= 200_000


def test_what_a_spreadsheet_does_in_its_child_process_ends_as_a_warning() -> None:
    assert read_table(b"PK\x03\x04 no archive", XLSX).warning == "the archive is broken"
    assert "broken" in read_table(archive(**{"xl/workbook.xml": "<"}), XLSX).warning
    assert "broken" in read_table(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000), XLS).warning


def test_a_child_that_is_too_slow_is_given_up() -> None:
    with pytest.raises(UnreadableFileError, match="took more than 0 s"):
        read_in_child("spreadsheet", workbook([1]), ReadingBudget(wall_s=0.001))


def test_sku_lists_reach_the_entities() -> None:
    mail = read_mail((MAILS / "xlsx_sku_list.eml").read_bytes(), None, ReadOptions())
    where = "attachment:Список SKU.xlsx"
    found = [entity.value for entity in mail.entities if entity.where == where and entity.type == "sku"]
    assert found[:2] == ["148000000", "148000001"]
    attachment = mail.attachments[0]
    for entity in mail.entities:
        if entity.where == where:
            assert attachment.text[entity.start : entity.end] == entity.text


def test_contents_can_be_left_unread() -> None:
    raw = (MAILS / "xlsx_sku_list.eml").read_bytes()
    mail = read_mail(raw, None, ReadOptions(read_attachments=False))
    assert [(attachment.text, attachment.row_count) for attachment in mail.attachments] == [("", None)]
