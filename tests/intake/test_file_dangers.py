"""Types by content, files that are not what their name says, names, and what counts as evidence."""

import base64
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.evidence import KINDS, evidence_kind
from intake.file_names import MAX_NAME_BYTES, MAX_NAME_CHARS, NamesInUse, safe_name
from intake.file_types import by_name, sniff
from intake.file_warnings import file_warnings
from intake.image_sizes import pixel_size
from intake.read_mail import ReadOptions, read_mail
from tests.intake.attachment_files import archive, docx, mail, pdf, png, workbook

SIGNED = b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + bytes(80)
EPUB = archive({"mimetype": "application/epub+zip"}, compressed=False)
MAIL = b"Received: from a\nFrom: a@b.example\nSubject: x\n\ntext\n"


@pytest.mark.parametrize(
    ("octets", "name", "declared", "content_type"),
    [
        (b"<!DOCTYPE html><html>", "a.jpg", "", "text/html"),
        (b'<?xml version="1.0"?><svg xmlns="x">', "a.png", "", "image/svg+xml"),
        (b"7z\xbc\xaf'\x1c\x00", "a.zip", "", "application/x-7z-compressed"),
        (b"\x00\x00\x00\x20ftypavif", "a", "", "image/avif"),
        (b"\x00\x00\x00\x14ftypqt  ", "IMG_1.MOV", "", "video/quicktime"),
        (b"BEGIN:VCALENDAR\r\n", "x", "", "text/calendar"),
        (b"BEGIN:VCARD\r\n", "x", "", "text/vcard"),
        (MAIL, "letter.eml", "", "message/rfc822"),
        (MAIL, "letter.txt", "", "text/plain"),
        (b"no mail at all", "letter.eml", "", "text/plain"),
        (SIGNED, "smime.p7s", "", "application/pkcs7-signature"),
        (SIGNED, "smime.p7m", "application/pkcs7-mime", "application/pkcs7-mime"),
        (b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(9), "a.pdf", "", "application/x-ms-shortcut"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99) + "__substg1.0_".encode("utf-16-le"), "a.msg", "",
         "application/vnd.ms-outlook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "a", "", "application/x-ole-storage"),
        (EPUB, "a.epub", "", "application/epub+zip"),
    ],
)  # fmt: skip
def test_types_by_content(octets: bytes, name: str, declared: str, content_type: str) -> None:
    assert sniff(octets, name, declared).content_type == content_type


@pytest.mark.parametrize(
    ("name", "octets", "words"),
    [
        ("Счёт.pdf.exe", b"MZ\x90\x00\x03", "is a program that hides behind a second ending"),
        ("setup.scr", b"text", "is a program"),
        ("акт.pdf", b"MZ\x90\x00\x03\x00", "is a program"),
        ("акт.lnk", b"L\x00\x00\x00\x01\x14\x02\x00", "is a program"),
        ("open.js", b"alert(1)", "is a program"),
        ("форма.hta", b"<html>", "is a program"),
        ("фото.jpg", b"<html><script>", "its name says a picture, its content is a web page"),
        ("акт.pdf", png(2, 2), "its name says a PDF, its content is a picture"),
        ("акт.pdf", bytes(range(256)), "its name says a PDF, its content is not known"),
        ("видео.mp4", archive({"a": "x"}), "its name says a video, its content is an archive"),
        (
            "фото.png",
            png(2, 2) + archive({"a.exe": "x"}),
            "hides an archive behind a picture, do not open it",
        ),
        ("a.svg", b"<svg onload = 'x'>", "is a picture with a script in it, do not open it in a browser"),
        ("a.pdf", pdf("x").replace(b"%\xe2", b"<html><script>\n%\xe2", 1), "is a PDF and a web page in one"),
        ("цены.xlsm", archive({"xl/workbook.xml": "", "xl/vbaProject.bin": ""}), "holds macros"),
    ],
)
def test_dangerous_and_disguised_files_are_named(name: str, octets: bytes, words: str) -> None:
    warnings = file_warnings(name, sniff(octets, name).content_type, octets)
    assert any(warning.startswith(words) for warning in warnings)


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("фото.jpg", png(2, 2)),
        ("лог.txt", b'{"a": 1}'),
        ("список.csv", b"a;b\n1;2\n"),
        ("прайс.xlsx", workbook(["a"])),
        ("письмо.docx", docx("x")),
        ("акт.pdf", pdf("x")),
        ("архив.zip", archive({"a": "x"})),
        ("выгрузка.xls", b"<html><table>"),
        ("цены.xls", workbook(["a"])),
        ("без имени", b"text"),
        ("IMG_1.HEIC", b"\x00\x00\x00\x18ftypheic"),
        ("запись.mp4", b"\x00\x00\x00\x18ftypM4A "),
    ],
)
def test_everyday_differences_are_no_warnings(name: str, octets: bytes) -> None:
    assert file_warnings(name, sniff(octets, name).content_type, octets) == []


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("LPT1.pdf", "_LPT1.pdf"),
        ("console.pdf", "console.pdf"),
        ("Счёт\u2067fdp.exe", "Счёт_fdp.exe"),
        ("a\u2028b\u0085c.txt", "a_b_c.txt"),
        ("tag\U000e0041s.txt", "tag_s.txt"),
        ("lone\ud800.txt", "lone_.txt"),
        ("差" * 120 + ".xlsx", "差" * 78 + ".xlsx"),
        ("no-break\u00a0blank\u3000wide.pdf", "no-break blank wide.pdf"),
        ("и\u0306.pdf", "й.pdf"),
        ("name.pdf. . .", "name.pdf"),
        ("%2e%2e%2fetc", "%2e%2e%2fetc"),
    ],
)
def test_names_from_hostile_mails(given_name: str, safe: str) -> None:
    assert safe_name(given_name) == safe


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_any_name_becomes_safe(name: str) -> None:
    safe = safe_name(name)
    assert len(safe) <= MAX_NAME_CHARS
    assert len(safe.encode()) <= MAX_NAME_BYTES
    assert not set('<>:"|?*\\/') & set(safe)
    assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in safe)
    assert safe_name(safe) == safe


def test_equal_names_are_told_apart_whatever_their_case() -> None:
    names = NamesInUse()
    claimed = [names.claim(name, "image/png") for name in ("a.png", "A.PNG", "a (2).png", "a.png", "", "")]
    assert len({name.casefold() for name in claimed}) == 6
    assert claimed[:2] == ["a.png", "A (2).PNG"]
    assert claimed[4] == "image-5.png"


@pytest.mark.parametrize(
    "field",
    [
        "filename*=utf-8''%D0%90%D0%BA%D1%82%20%E2%84%965.pdf",
        'filename="=?utf-8?B?0JDQutGCIOKEljUucGRm?="',
        "filename*0*=utf-8''%D0%90%D0%BA; filename*1*=%D1%82%20%E2%84%965; filename*2=.pdf",
    ],
    ids=["rfc 2231", "rfc 2047", "continued"],
)
def test_names_in_both_encodings(field: str) -> None:
    raw = f"From: a@b.example\nContent-Type: application/pdf\nContent-Disposition: inline; {field}\n\n%PDF"
    assert read_mail(raw.encode(), None, ReadOptions()).attachments[0].name == "Акт №5.pdf"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("scan0001.pdf", "ООО Ромашка\nАкт о приёмке № 7 к накладной 5", "act"),
        ("doc.pdf", "Товарно-транспортная накладная № 5 по акту", "waybill"),
        ("1.pdf", "Счёт на оплату № 18 от 02.11.2026", "invoice"),
        ("1.pdf", "Универсальный передаточный документ\nСчёт-фактура № 3", "closing_doc"),
        ("file.pdf", "验收单\n供应商", "act"),
        ("file.pdf", "物流单 号码", "waybill"),
        ("file.pdf", "增值税发票", "invoice"),
        ("file.pdf", "结算单 2026", "closing_doc"),
        ("1.docx", "INVOICE No 5", "invoice"),
        ("1.docx", "Bill of lading", "waybill"),
        ("1.pdf", "Здравствуйте, просим разобраться: товар не пришёл", "other"),
        ("export.txt", "2026-11-01 10:00:00 ERROR timeout", "log"),
        ("Снимок экрана 2026-11-17 в 10.31.png", "", "screenshot"),
        ("微信图片_20261117.png", "", "screenshot"),
        ("IMG_20261117_1031.jpg", "", "photo"),
        ("брак_упаковки.png", "", "photo"),
        ("Запись экрана.mov", "", "video"),
        ("пломбы.rar", "", "archive"),
    ],
)
def test_evidence_by_name_type_and_title(name: str, text: str, kind: str) -> None:
    assert evidence_kind(name, by_name(name), text=text) == kind
    assert kind in KINDS


@pytest.mark.parametrize(
    ("name", "size", "kind"),
    [
        ("image001.png", (1, 1), "other"),
        ("image001.png", (120, 60), "other"),
        ("image002.png", (600, 100), "other"),
        ("company_logo.png", (600, 300), "other"),
        ("image001.png", (1280, 720), "screenshot"),
        ("image003.png", (420, 300), "screenshot"),
        ("image001.png", (1200, 90), "screenshot"),
        ("logo_error_on_card.png", (1280, 720), "screenshot"),
    ],
)
def test_pictures_in_a_letter_count_when_they_show_something(
    name: str, size: tuple[int, int], kind: str
) -> None:
    picture = png(*size)
    raw = (
        'From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary="r"\n\n'
        '--r\nContent-Type: text/html\n\n<p>See: <img src="cid:p%401"></p>\n'
        f'--r\nContent-Type: image/png; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
        "Content-ID: <p@1>\nContent-Transfer-Encoding: base64\n\n"
        f"{base64.encodebytes(picture).decode()}\n--r--\n"
    )
    part = read_mail(raw.encode(), None, ReadOptions()).attachments[0]
    assert (part.kind, part.content_id) == (kind, "p@1")


def test_pictures_are_measured() -> None:
    assert pixel_size(png(7, 9)) == (7, 9)
    assert pixel_size(b"GIF89a\x05\x00\x06\x00") == (5, 6)
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x09\x00\x07"
    assert pixel_size(jpeg) == (7, 9)
    assert pixel_size(b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + b"\x06\x00\x00\x08\x00\x00") == (7, 9)
    assert pixel_size(b"\xff\xd8\xff") is None
    assert pixel_size(b"\x89PNG\r\n\x1a\n" + bytes(40)) is None


def test_a_mail_attached_as_a_file_is_read_with_its_own_files() -> None:
    inner = mail(("text/csv", "sku.csv", b"SKU;n\n148000000;1\n148000001;2\n"), text="Поставка 28817755")
    read = read_mail(mail(("application/octet-stream", "fwd.eml", inner)), None, ReadOptions())
    assert [(part.name, part.content_type) for part in read.attachments] == [
        ("fwd.eml", "message/rfc822"),
        ("sku.csv", "text/csv"),
    ]
    assert "Поставка 28817755" in read.attachments[0].text
