"""What real mails break, one class after the other: the words are read as their writer meant them."""

import base64
import binascii
import quopri
import time

import pytest

from intake.headers import decode_header, media_type, parameters
from intake.read_mail import ReadOptions, read_mail
from models.records import Mail

WORDS = "Добрый день! Поставка не принята на складе, акт приложен."
HAN = "您好，货件没有入库，请核实并尽快处理，谢谢。"
TOP = "From: a@b.example\nSubject: x\nMessage-ID: <m@b.example>\nMIME-Version: 1.0\n"


def read(raw: str | bytes) -> Mail:
    return read_mail(raw.encode() if isinstance(raw, str) else raw, None, ReadOptions())


def multipart(body: str, declared: str = 'boundary="frontier"', kind: str = "mixed") -> Mail:
    return read(f"{TOP}Content-Type: multipart/{kind}; {declared}\n\n{body}")


PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"


@pytest.mark.parametrize(
    ("declared", "delimiter"),
    [
        ('boundary="frontier"', "--frontier"),
        ("boundary=frontier", "--frontier   "),
        ('boundary="frontier "', "--frontier"),
        ("boundary='frontier'", "--frontier"),
        ('boundary="frontier', "--frontier"),
        ('BOUNDARY = "frontier"', "--frontier"),
        ('boundary="frontier"', "--Frontier"),
        ('boundary="another"', "--frontier"),
        ('boundary="another"', "--x"),
        ("charset=utf-8", "--frontier"),
        ("", "--frontier"),
        ('boundary="front:ier=?()"', "--front:ier=?()"),
        ("boundary=front/ier=1", "--front/ier=1"),
    ],
)
@pytest.mark.parametrize("end", ["--\n", ""])
def test_a_boundary_written_otherwise_than_declared(declared: str, delimiter: str, end: str) -> None:
    close = delimiter.rstrip() + end if end else ""
    mail = multipart(f"{delimiter}\n{PLAIN}{WORDS}\n{delimiter}\n{PLAIN}Второе.\n{close}", declared)
    assert mail.text == f"{WORDS}\n\nВторое."


def inner(kind: str, boundary: str, *parts: str, end: str = "") -> str:
    """A multipart as a part; with `end` it has its close delimiter."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{body}{end}'


def test_a_nested_boundary_in_another_case() -> None:
    nested = inner("alternative", "inner", PLAIN + WORDS, f"{HTML}<p>h</p>", end="--inner--\n")
    nested = nested.replace('"inner"', '"Inner"')
    assert multipart(f"--frontier\n{nested}--frontier--\n").text == WORDS


def test_the_same_boundary_inside_and_outside() -> None:
    nested = inner("alternative", "frontier", PLAIN + WORDS, end="--frontier--\n")
    assert multipart(f"--frontier\n{nested}--frontier--\n").text == WORDS


@pytest.mark.parametrize("glued", ["--frontier--", "--frontier--\n", "--frontier--\r\n\r\n"])
def test_a_close_delimiter_on_the_line_of_the_last_words(glued: str) -> None:
    assert multipart(f"--frontier\n{PLAIN}{WORDS}{glued}").text == WORDS


def test_dashes_in_a_letter_are_no_close_delimiter() -> None:
    assert multipart(f"--frontier\n{PLAIN}{WORDS} --frontiers--").text == f"{WORDS} --frontiers--"


def test_an_inner_multipart_without_its_end_does_not_swallow_what_follows() -> None:
    nested = inner("alternative", "inner", PLAIN + WORDS, f"{HTML}<p>x</p>")
    file = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\n%PDF-1.4\n"
    mail = multipart(f"--frontier\n{nested}--frontier\n{file}--frontier--\n")
    assert mail.text == WORDS
    assert [attachment.name for attachment in mail.attachments] == ["a.pdf"]


def test_a_further_text_in_a_torn_structure_is_an_attachment() -> None:
    nested = inner("mixed", "inner", PLAIN + WORDS, f"{PLAIN}Обрывок")
    mail = multipart(f"--frontier\n{nested}--frontier\n{PLAIN}Подвал\n--frontier--\n")
    assert mail.text == f"{WORDS}\n\nПодвал"
    assert [attachment.text.strip() for attachment in mail.attachments] == ["Обрывок"]
    assert "text: a further part breaks off, it is kept as attachment" in mail.warnings


@pytest.mark.parametrize("kind", ["mixed", "alternative", "related"])
def test_a_truncated_mail_keeps_its_words(kind: str) -> None:
    assert multipart(f"--frontier\n{HTML}<p>{WORDS}</p>", kind=kind).text == WORDS


def test_a_lost_first_delimiter_leaves_two_headers_in_one() -> None:
    head = f'{TOP}Content-Type: multipart/alternative; boundary="f"\n{PLAIN}'
    mail = read(f"{head}{WORDS}\n\n--f\n{HTML}<p>h</p>\n--f--\n")
    assert mail.text == WORDS


def test_words_in_front_of_the_first_part_are_the_letter_where_there_is_no_other() -> None:
    file = "Content-Type: image/png; name=a.png\n\nPNG\n"
    assert multipart(f"{WORDS}\n\n--frontier\n{file}--frontier--\n").text == WORDS
    remark = "This is a multi-part message in MIME format."
    assert multipart(f"{remark}\n\n--frontier\n{file}--frontier--\n").text == ""


def test_a_part_without_a_blank_line_before_the_next_delimiter() -> None:
    mail = multipart(f"--frontier\nContent-Type: text/plain\n--frontier\n{PLAIN}{WORDS}\n--frontier--\n")
    assert mail.text == WORDS


@pytest.mark.parametrize("line_end", ["\r", "\r\r\n", "\n", "\r\n"])
def test_line_ends_of_old_gateways(line_end: str) -> None:
    raw = f"{TOP}Content-Type: text/plain; charset=utf-8\n\n{WORDS}\n\nКонец.\n".replace("\n", line_end)
    mail = read(raw)
    assert mail.text == f"{WORDS}\n\nКонец."
    assert mail.message_id == "m@b.example"


@pytest.mark.parametrize(
    "lead", ["\n", "\r\n\r\n", "\ufeff", "From a@b.example Tue Nov 17 12:30:00 2026\n", ">From x\n"]
)
def test_what_stands_before_the_header(lead: str) -> None:
    mail = read(f"{lead}{TOP}Content-Type: text/plain; charset=utf-8\n\n{WORDS}\n")
    assert (mail.subject, mail.text) == ("x", WORDS)


def encoded(octets: bytes, encoding: str, charset: str = "utf-8") -> Mail:
    head = f"{TOP}Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    return read(head.encode() + octets)


B64 = base64.encodebytes(WORDS.encode())
QP = quopri.encodestring(WORDS.encode())


@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        ("base64", B64),
        ('"Base64"', B64),
        ("BASE-64", B64),
        ("base64 (MIME)", B64),
        ("base64", b"\n\n" + B64 + b"\n"),
        ("base64", B64.replace(b"\n", b"")),
        ("base64", B64.replace(b"=", b"")),
        ("base64", B64 + b"\n--\nFooter of a list server: unsubscribe\n"),
        ("base64", B64.rstrip() + b" checked by a gateway\n"),
        ("base64", WORDS.encode()),
        (
            "base64",
            b"".join(base64.b64encode(WORDS.encode()[at : at + 7]) + b"\n" for at in range(0, 200, 7)),
        ),
        ("quoted-printable", QP),
        ("Quoted_Printable", QP),
        ("quotedprintable", QP),
        ("quoted-printable", QP.replace(b"=\n", b"= \t\n")),
        ("quoted-printable", QP.lower()),
        ("quoted-printable", WORDS.encode()),
        ("7bit", WORDS.encode()),
        ("8bits", WORDS.encode()),
        ("binary", WORDS.encode()),
        ("utf-8", WORDS.encode()),
        ("", WORDS.encode()),
        ("", QP),
        ("7bit", QP),
        ("8bit", B64),
    ],
    ids=range(25),
)
def test_transfer_encodings_that_lie_or_are_broken(encoding: str, octets: bytes) -> None:
    assert encoded(octets, encoding).text == WORDS


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("quoted-printable", "100 % = alles; a==b; price=1"),
        ("", "a=D0 b=D1, x=20, ключ=значение"),
        ("", "https://x.example/?a=D0&b=D1&c=E5&d=E6"),
        ("", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("base64", "Hello\nthis is no base64, it only says so."),
    ],
)
def test_what_only_looks_encoded_is_left_alone(encoding: str, text: str) -> None:
    assert encoded(text.encode(), encoding).text == text


def test_files_inside_a_plain_text() -> None:
    data = bytes(range(256)) * 3
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    uu = b"begin 644 report.bin\n" + lines + b"`\nend\n"
    body = bytes((octet + 42) & 255 for octet in data)
    for octet in b"=\x00\n\r":
        body = body.replace(bytes([octet]), b"=" + bytes([(octet + 64) & 255]))
    yenc = b"=ybegin line=999 size=768 name=data.bin\n" + body + b"\n=yend size=768\n"
    mail = encoded(WORDS.encode() + b"\n" + uu, "8bit")
    assert [(file.name, file.size_bytes) for file in mail.attachments] == [("report.bin", 768)]
    mail = encoded(WORDS.encode() + b"\n" + yenc, "8bit")
    assert [(file.name, file.size_bytes) for file in mail.attachments] == [("data.bin", 768)]
    assert mail.text == WORDS
    assert encoded(b"begin 644 things at once\nand end\nend\n", "7bit").attachments == ()


@pytest.mark.parametrize(
    ("charset", "octets"),
    [
        ("utf-16", WORDS.encode("utf-16")),
        ("utf-16le", WORDS.encode("utf-16-le")),
        ("utf-16be", WORDS.encode("utf-16-be")),
        ("utf-32", WORDS.encode("utf-32")),
        ("", WORDS.encode("utf-16")),
        ("", WORDS.encode("utf-16-le")),
        ("utf-8", WORDS.encode("utf-16-be")),
        ("unicode-1-1-utf-7", WORDS.encode("utf-7")),
        ("utf-16", WORDS.encode()),
        ("utf-16le", WORDS.encode()),
        ("utf-8", WORDS.encode("utf-8-sig")),
        ("", WORDS.encode("utf-8-sig")),
        ("x-mac-cyrillic", WORDS.encode("mac_cyrillic")),
        ("iso-8859-5", WORDS.encode("iso8859-5")),
        ("cp-1251", WORDS.encode("cp1251")),
        ("windows_1251", WORDS.encode("cp1251")),
        ("win1251", WORDS.encode("cp1251")),
        ("1251", WORDS.encode("cp1251")),
        ("koi8r", WORDS.encode("koi8_r")),
        ("'koi8-r'", WORDS.encode("koi8_r")),
        ("utf_8", WORDS.encode()),
        ("utf8", WORDS.encode()),
        ("cp65001", WORDS.encode()),
        ("_autodetect_all", WORDS.encode("cp1251")),
        ("unknown-8bit", WORDS.encode("koi8_r")),
    ],
)
def test_charsets_of_russian_mail(charset: str, octets: bytes) -> None:
    assert encoded(octets, "8bit", charset).text == WORDS


@pytest.mark.parametrize(
    ("charset", "octets"),
    [
        ("hz-gb-2312", HAN.encode("hz")),
        ("gb2312", HAN.encode("hz")),
        ("", HAN.encode("hz")),
        ("iso-2022-cn", b"\x1b$)A\x0e" + bytes(octet & 127 for octet in HAN.encode("gb2312")) + b"\x0f"),
        ("", b"\x1b$)A\x0e" + bytes(octet & 127 for octet in HAN.encode("gb2312")) + b"\x0f"),
        ("cp936", HAN.encode("gbk")),
        ("ms936", HAN.encode("gbk")),
        ("chinese", HAN.encode("gbk")),
        ("euc-cn", HAN.encode("gbk")),
        ("gb18030", HAN.encode("gb18030")),
        ("", HAN.encode("utf-16-le")),
        ("us-ascii", HAN.encode("gb18030")),
        ("windows-1251", HAN.encode("gb18030")),
    ],
)
def test_charsets_of_chinese_mail(charset: str, octets: bytes) -> None:
    assert encoded(octets, "8bit", charset).text == HAN


def test_iso_2022_of_japan_and_korea() -> None:
    assert encoded("注文番号".encode("iso2022_jp"), "7bit", "us-ascii").text == "注文番号"
    assert encoded("주문 번호".encode("iso2022_kr"), "7bit", "").text == "주문 번호"


def word(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?UTF-8?b?" + base64.b64encode("Привет".encode()).decode() + "?=", "Привет"),
        (word("При") + word("вет"), "Привет"),
        (f"Re:{word('Привет')}", "Re:Привет"),
        (f'"{word("Привет")}"', '"Привет"'),
        ("=?utf-8?B?0J/RgN C40LLQtdGC?=", "Привет"),
        (f"=?utf-8?B?{base64.b64encode('Привет'.encode()).decode()}", "Привет"),
        (f"=?utf-8?B?{base64.b64encode('Привет, '.encode()).decode()} {word('мир')}", "Привет, мир"),
        ("=?utf-8?Q?=D0=9F=D1=80=D0=B8?", "При"),
        (word(word("Привет")), "Привет"),
        ("=?us-ascii?Q?=D0=9F=D1=80=D0=B8=D0=B2=D0=B5=D1=82?=", "Привет"),
        ("=?utf-8?Q?=CF=F0=E8=E2=E5=F2_=E2=F1=E5=EC?=", "Привет всем"),
        ("=?windows-1251?Q?Привет_всем?=", "Привет всем"),
        ("a =? b ?= c", "a =? b ?= c"),
        ("=?utf-8?Q??=", ""),
    ],
)  # fmt: skip
def test_encoded_words_in_pieces(value: str, text: str) -> None:
    assert decode_header(value.encode("cp1251" if "windows" in value else "utf-8"))[0] == text


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "koi8_r", "gb18030", "big5"])
def test_raw_octets_in_a_subject_and_a_name(codec: str) -> None:
    text = HAN if codec == "gb18030" else "訂單退款問題，請處理" if codec == "big5" else "Вопрос по поставке"
    raw = f'From: "{text}" <a@b.example>\nSubject: {text}\nMessage-ID: <m@b.example>\n\n{text}\n'.encode(
        codec
    )
    mail = read(raw)
    assert (mail.subject, mail.from_.name, mail.from_.address) == (text, text, "a@b.example")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("attachment; filename*0*=utf-8''%D0%90%D0; filename*1*=%BA%D1%82; filename*2=.pdf", "Акт.pdf"),
        ("attachment; filename*1*=%D1%82.pdf; filename*0*=utf-8''%D0%90%D0%BA", "Акт.pdf"),
        ("attachment; filename*0*=windows-1251''%C0%EA; filename*1*=%F2.pdf", "Акт.pdf"),
        ("attachment; filename*=windows-1251''%C0%EA%F2.pdf; filename=akt.pdf", "Акт.pdf"),
        ("attachment; filename*=\"utf-8''%D0%90%D0%BA%D1%82.pdf\"", "Акт.pdf"),
        ("attachment; filename=%D0%90%D0%BA%D1%82.pdf", "Акт.pdf"),
        ('attachment; filename="100%20.pdf"', "100%20.pdf"),
        (f'attachment; filename="{word("Ак")}\n {word("т.pdf")}"', "Акт.pdf"),
        (f'attachment; filename*0="{word("Акт")[:12]}"; filename*1="{word("Акт")[12:]}.pdf"', "Акт.pdf"),
        ('attachment; filename="Акт.pdf"', "Акт.pdf"),
        ("attachment; filename=Акт №5.pdf", "Акт №5.pdf"),
    ],
)
def test_file_names(value: str, name: str) -> None:
    assert parameters(value.replace("\n", "").encode())["filename"] == name


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text/plain", "text/plain"),
        ("TEXT/HTML; charset=x", "text/html"),
        (" text / plain ", "text/plain"),
        ("plain/text", "text/plain"),
        ("text", ""),
        ("charset=utf-8", ""),
    ],
)
def test_types(value: str, kind: str) -> None:
    assert media_type(value.encode()) == kind


def test_alternatives_of_which_the_plain_one_says_nothing() -> None:
    for stub in ("", " \n", "Your mail client cannot show HTML.", "请使用支持HTML的邮件客户端查看"):
        rich = f"<html><body><p>{WORDS}</p><p>{WORDS}</p><p>{WORDS * 8}</p></body></html>"
        mail = multipart(
            f"--frontier\n{PLAIN}{stub}\n--frontier\n{HTML}{rich}\n--frontier--\n", kind="alternative"
        )
        assert mail.text.startswith(WORDS), stub


def test_what_nobody_can_open_is_kept_and_named() -> None:
    mail = read(
        f"{TOP}Content-Type: application/pkcs7-mime; name=smime.p7m; smime-type=enveloped-data\n"
        "Content-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CAMIACAQAxgg==\n"
    )
    assert [attachment.name for attachment in mail.attachments] == ["smime.p7m"]
    assert "mail: S/MIME, what is inside its p7m was not opened" in mail.warnings
    part = read(f"{TOP}Content-Type: message/partial; id=a; number=2; total=2\n\n{WORDS}\n")
    assert part.text == WORDS
    assert any("split mail" in warning for warning in part.warnings)


def test_flowed_text_with_and_without_its_blanks() -> None:
    head = f"{TOP}Content-Type: text/plain; charset=utf-8; format=flowed"
    assert read(f"{head}\n\nдлинная \nстрока\n").text == "длинная строка"
    assert read(f"{head}; delsp=yes\n\n货件没有 \n入库\n").text == "货件没有入库"


def test_enriched_text_shows_words_only() -> None:
    mail = read(
        f"{TOP}Content-Type: text/enriched\n\n<bold><color><param>red</param>Stop</color></bold> <<b\n"
    )
    assert mail.text == "Stop <b"


def test_nul_octets_are_dropped() -> None:
    assert encoded(WORDS.encode().replace(b" ", b" \x00"), "8bit").text == WORDS


def test_a_letter_of_blanks_is_empty() -> None:
    assert encoded(b" \n" * 50, "").text == ""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_words_in_front_of_the_first_part_keep_no_carriage_return(line_end: str) -> None:
    head = f'{TOP}Content-Type: multipart/mixed; boundary="f"\n\n'
    raw = f"{head}\n{WORDS}\n\nКонец\n\n--f\nContent-Type: image/png; name=a.png\n\nPNG\n--f--\n"
    assert read(raw.replace("\n", line_end)).text == f"{WORDS}\n\nКонец"


@pytest.mark.parametrize(
    "head",
    [
        b"To: seller-supp\x00ort@market.example\n",
        b"Auto-Submitted: auto-gene\x00rated\n",
        b"List-Id: <a\x00b>\n",
        b"Cc: \x00\x01 <x\x00@b.example>\n",
    ],
)
def test_a_nul_in_a_header_reaches_no_record(head: bytes) -> None:
    assert "\\x00" not in repr(read(head + TOP.encode() + b"\nx"))


def test_endless_words_with_a_foreign_octet_cost_no_square() -> None:
    started_s = time.process_time()
    for declared in (b"us-ascii", b"koi8-r"):
        head = TOP.encode() + b"Content-Type: text/plain; charset=" + declared + b"\n\n"
        read(head + b"\xd0 " + b"x1" * 30_000 + b"\xff")
    assert time.process_time() - started_s < 1.5  # about 0.1 s; the square cost 5 s


def test_letters_in_pairs_are_no_utf_16() -> None:
    assert encoded(b"Received" + b"`" * 30 + b"\x04\x04``", "8bit", "").text.startswith("Received")
