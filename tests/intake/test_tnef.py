"""winmail.dat: bodies in all three forms, files with their own names, and what hostile octets do."""

import struct

import pytest

from intake.read_mail import ReadOptions, read_mail
from intake.reader_process import ReadingBudget, read_in_child
from intake.rtf_text import decompress_rtf, rtf_body
from intake.tnef_reader import read
from intake.unreadable import UnreadableFileError
from tests.intake.attachment_files import (
    compressed_rtf,
    mail,
    mapi,
    pdf,
    png,
    tnef,
    tnef_file,
    unicode_value,
    workbook,
)

TNEF = "application/ms-tnef"
RUSSIAN = "Здравствуйте, поставка 28817755 не принята."
BODY, HTML, RTF, CODEPAGE, CONTENT_ID = 0x1000, 0x1013, 0x1009, 0x3FDE, 0x3712
BINARY, UNICODE, NUMBER = 0x102, 0x1F, 3


def escaped(text: str, codec: str) -> bytes:
    return b"".join(b"\\'%02x" % octet for octet in text.encode(codec))


def rtf(*pieces: bytes, wraps_html: bool = False) -> bytes:
    head = rb"{\rtf1\ansi\ansicpg1251" + (rb"\fromhtml1 " if wraps_html else b"") + rb"\deff0"
    fonts = rb"{\fonttbl{\f0\fswiss\fcharset204 Arial;}{\f1\fcharset134 SimSun;}}\f0 "
    return head + fonts + b"".join(pieces) + b"}"


def test_files_inside_become_attachments_with_their_own_names_and_types() -> None:
    octets = tnef(
        *tnef_file("Список SKU.xlsx", workbook(["SKU", "Кол-во"], [148000000, 2], [148000001, 3])),
        *tnef_file("скрин.png", png(800, 600), (CONTENT_ID, UNICODE, unicode_value("pic@1"))),
        *tnef_file("scan.pdf", pdf("Акт о расхождении № 4471 по поставке 28817755")),
    )
    read_ = read_mail(mail((TNEF, "winmail.dat", octets)), None, ReadOptions())
    assert [(part.name, part.kind, part.content_id) for part in read_.attachments] == [
        ("Список SKU.xlsx", "table", ""),
        ("скрин.png", "screenshot", "pic@1"),
        ("scan.pdf", "act", ""),
    ]
    assert read_.text == "См. вложение."
    assert read_.warnings == ()
    found = {(entity.type, entity.value, entity.where) for entity in read_.entities}
    assert ("sku", "148000001", "attachment:Список SKU.xlsx") in found
    assert ("supply_number", "28817755", "attachment:scan.pdf") in found


@pytest.mark.parametrize(
    "attribute",
    [
        (1, 0x9003, mapi((BODY, UNICODE, unicode_value(RUSSIAN)))),
        (1, 0x9003, mapi((BODY, 0x1E, RUSSIAN.encode("cp1251") + b"\0"))),
        (1, 0x800C, RUSSIAN.encode("cp1251") + b"\0"),
        (
            1,
            0x9003,
            mapi(
                (HTML, BINARY, f"<p>{RUSSIAN}</p>".encode("koi8-r")),
                (CODEPAGE, NUMBER, struct.pack("<I", 20866)),
            ),
        ),
        (1, 0x9003, mapi((RTF, BINARY, compressed_rtf(rtf(escaped(RUSSIAN, "cp1251")))))),
    ],
    ids=["unicode", "code page", "attribute", "html in koi8-r", "compressed rtf"],
)
def test_a_mail_without_words_gets_those_of_the_tnef_body(attribute: tuple[int, int, bytes]) -> None:
    read_ = read_mail(mail((TNEF, "winmail.dat", tnef(attribute)), text=""), None, ReadOptions())
    assert read_.text == RUSSIAN
    assert read_.attachments == ()
    assert [entity.value for entity in read_.entities] == ["28817755"]


def test_rtf_knows_fonts_charsets_unicode_and_hidden_groups() -> None:
    text = rtf(
        escaped("Номер ", "cp1251"),
        rb"\f1 " + escaped("订单", "gbk") + rb"\f0\par ",
        rb"{\*\generator hidden;}{\pict 0102}\u1055?\u1088\'ee!\tab \{ok\}\line ",
        rb"\uc0\u-10179 \u-8704 ",
    )
    assert rtf_body(text) == ("text", "Номер 订单\nПр!\t{ok}\n😀")


def test_html_wrapped_in_rtf_is_taken_out_again() -> None:
    text = rtf(
        rb"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 ",
        escaped("Привет & ", "cp1251"),
        rb"{\*\htmltag244 <br>}\htmlrtf \line\htmlrtf0 a<b\htmlrtf }\htmlrtf0 {\*\htmltag72 </p>}",
        wraps_html=True,
    )
    assert rtf_body(text) == ("html", "<p>Привет &amp; <br>a&lt;b</p>")


def test_decompression_follows_the_example_of_the_specification() -> None:
    # MS-OXRTFCP sections 4.1 and 4.2; the second one copies a run that reaches into itself.
    simple = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompress_rtf(simple) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert decompress_rtf(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    with pytest.raises(UnreadableFileError):
        decompress_rtf(b"no compressed rtf at all")


def test_a_mail_inside_gives_its_files_and_its_words() -> None:
    inner = tnef((1, 0x9003, mapi((BODY, UNICODE, unicode_value("inner words")))), *tnef_file("a.txt", b"x"))
    signature = bytes.fromhex("0703020000000000c000000000000046")
    outer = tnef((2, 0x9002, bytes(14)), (2, 0x9005, mapi((0x3701, 0x0D, signature + inner))))
    found, octets = read(outer)
    assert [(file["name"], file["size"]) for file in found["files"]] == [("message.txt", 11), ("a.txt", 1)]
    assert octets == b"inner wordsx"


@pytest.mark.parametrize(
    "octets",
    [
        b'x\x9f>"',
        b"nothing of the kind",
        tnef((1, 0x9003, struct.pack("<I", 0xFFFFFFFF))),  # four thousand million properties
        tnef((1, 0x9003, struct.pack("<IHHI", 1, 0x1003, 0x1000, 0xFFFFFFFF))),  # as many values
        tnef((1, 0x9003, mapi((RTF, BINARY, b"\xff" * 8 + b"LZFu" + b"\xff" * 4000)))),
        struct.pack("<IH", 0x223E9F78, 1) + b"\x01" + b"\x00" * 50_000,
    ],
    ids=["mark only", "no tnef", "many properties", "many values", "rtf noise", "zeros"],
)
def test_hostile_octets_end_as_an_error_in_words(octets: bytes) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        read_in_child("tnef", octets, ReadingBudget())
    assert str(caught.value)


def test_a_torn_winmail_keeps_what_came_before_the_tear() -> None:
    octets = tnef(*tnef_file("a.csv", b"sku;n\n148000000;1\n"), *tnef_file("b.csv", b"y" * 500))
    read_ = read_mail(mail((TNEF, "winmail.dat", octets[:-400])), None, ReadOptions())
    assert [part.name for part in read_.attachments][:1] == ["a.csv"]
