"""Mails made to cost their reader time or memory: octets by name. All synthetic.

Nested and countless parts, giant headers and lines, text that decodes or inflates to much,
markup that parsers are slow on, and letters made of what regular expressions stumble over.
"""

from __future__ import annotations

import base64
import io
import random
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Final

HEAD: Final = (
    b"From: a@shop.example\r\nTo: support@razbor.local\r\nSubject: x\r\nMessage-ID: <h@shop.example>\r\n"
    b"Date: Mon, 16 Nov 2026 12:00:00 +0300\r\n"
)
_PLAIN: Final = b"Content-Type: text/plain; charset=utf-8\r\n"
_HTML: Final = b"Content-Type: text/html; charset=utf-8\r\n"
_BASE64: Final = b"Content-Transfer-Encoding: base64\r\n"
_LETTER_CHARS: Final = 190_000  # just below what is read of a text


def letter(body: bytes, fields: bytes = _PLAIN) -> bytes:
    """Return a mail with one body."""
    return HEAD + fields + b"\r\n" + body


def parts_of(parts: list[bytes]) -> bytes:
    """Return a multipart mail."""
    cut = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + cut + b"--b--\r\n"


def file_part(name: str, content_type: str, octets: bytes) -> bytes:
    """Return an attachment in base64."""
    head = f"Content-Type: {content_type}\r\nContent-Disposition: attachment; filename={name}\r\n"
    return head.encode() + _BASE64 + b"\r\n" + base64.encodebytes(octets)


def repeated(bait: str) -> bytes:
    """Return a letter that says one thing until nothing more would be read."""
    return letter((bait * (_LETTER_CHARS // len(bait) + 1))[:_LETTER_CHARS].encode())


def _nested_mails() -> bytes:
    inner = b"".join(b"Subject: %d\r\nContent-Type: message/rfc822\r\n\r\n" % n for n in range(2000))
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" + inner + b"Content-Type: text/plain\r\n\r\ninside"


def _nested_multiparts() -> bytes:
    levels = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(20_000)
    )
    return HEAD + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + levels


def _inflating_table() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    return file_part("a.xlsx", "application/octet-stream", packed.getvalue())


def _inflating_pdf() -> bytes:
    stream = zlib.compress(bytes(100_000_000), 9)
    octets = b"%PDF-1.4\n1 0 obj<</Length 1/Filter/FlateDecode>>stream\n" + stream + b"\nendstream endobj\n"
    return parts_of([file_part("a.pdf", "application/pdf", octets + b"%%EOF")])


def _addresses() -> bytes:
    many = b", ".join(b"N%d <a%d@x.example>" % (n, n) for n in range(100_000))
    return b"From: " + many + b"\r\nTo: " + many + b"\r\n\r\nhi"


def _rows(count: int, cell: bytes) -> bytes:
    return b"<table>" + (b"<tr>" + cell * 20 + b"</tr>") * count + b"</table>"


_CSV: Final = b"Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\nsku;qty\r\n"

MAILS: Final[Mapping[str, Callable[[], bytes]]] = {
    "2,000 nested message/rfc822": _nested_mails,
    "20,000 nested multiparts": _nested_multiparts,
    "20,000 parts": lambda: parts_of([b"\r\npart %d" % n for n in range(20_000)]),
    "20,000 attachments": lambda: parts_of([_CSV + b"1;2"] * 20_000),
    "header of 10 MB": lambda: HEAD + b"X-A: " + b"a" * 10_000_000 + b"\r\n\r\nhello",
    "2,000,000 false boundaries": lambda: (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bx\r\n" * 2_000_000
    ),
    "100,000 addresses": _addresses,
    "100,000 encoded words": lambda: (
        b"From: a@x.example\r\nSubject: " + b"=?utf-8?q?=D0=9F?= " * 100_000 + b"\r\n\r\nhi"
    ),
    "100,000 openings in address fields": lambda: (
        b"From: " + b"(" * 60_000 + b"a@x.example\r\nTo: " + b"<" * 60_000 + b"\r\nSubject: "
        + b"=?" * 30_000 + b"\r\n\r\nhi"
    ),
    "one line of 25 MB": lambda: letter(b"a" * 25_000_000),
    "25 MB of quoted lines": lambda: letter(b"> quoted 12345 line\r\n" * 1_200_000),
    "25 MB of base64": lambda: letter(
        base64.encodebytes("слово 2000061286750 ".encode() * 700_000)[:25_000_000], _PLAIN + _BASE64
    ),
    "25 MB of quoted-printable": lambda: letter(
        b"=D0=BF" * 4_000_000, _PLAIN + b"Content-Transfer-Encoding: quoted-printable\r\n"
    ),
    "25 MB of uuencode": lambda: letter(b"begin 644 f.bin\r\n" + (b"M" + b"A" * 60 + b"\r\n") * 400_000),
    "100,000 uuencoded files": lambda: letter(b"begin 644 f\r\n#86)C\r\n`\r\nend\r\n" * 100_000),
    "5 MB of noise": lambda: letter(random.Random(7).randbytes(5_000_000)),
    "500 text parts of 50 kB": lambda: parts_of(
        [_PLAIN + b"\r\n" + "слово 123456789 код 1234\n".encode() * 1200] * 500
    ),
    "500 html parts of 50 kB": lambda: parts_of(
        [_HTML + b"\r\n" + "<p>слово 123456789 код 1234</p>\n".encode() * 1000] * 500
    ),
    "html: 300,000 open div": lambda: letter(b"<div>" * 300_000 + b"x", _HTML),
    "html: 300,000 open b, i, font": lambda: letter(b"<b><i><font>" * 100_000 + b"x", _HTML),
    "html: 100,000 open blockquote": lambda: letter(b"<blockquote>" * 100_000 + b"x", _HTML),
    "html: 30,000 nested tables": lambda: letter(b"<table><tr><td>" * 30_000 + b"x", _HTML),
    "html: 200,000 attributes on one tag": lambda: letter(
        b"<p " + b" ".join(b"a%d=1" % n for n in range(200_000)) + b">x", _HTML
    ),
    "html: table of 10,000 rows, 20 columns": lambda: letter(_rows(10_000, b"<td>1234567</td>"), _HTML),
    "html: cells that span 100,000": lambda: letter(
        _rows(250, b"<td colspan=100000 rowspan=60000>x</td>"), _HTML
    ),
    "html: 40,000 links with tokens": lambda: letter(
        b"<a href='http://a.example/?token=123456789'>x</a> " * 40_000, _HTML
    ),
    "xlsx that inflates to 300 MB, 20 times": lambda: parts_of([_inflating_table()] * 20),
    "pdf that inflates to 100 MB": _inflating_pdf,
    "csv of 20 MB": lambda: parts_of([_CSV + b"123456789;1\r\n" * 1_500_000]),
    "100 csv files of 200 kB": lambda: parts_of([_CSV + b"123456789;1\r\n" * 15_000] * 100),
    "11,000 one-time codes": lambda: letter(
        "\n".join(f"код подтверждения {n:06}" for n in range(11_000)).encode()
    ),
    "11,000 passwords": lambda: letter("\n".join(f"пароль: Zx{n:06}q!" for n in range(11_000)).encode()),
    **{
        f"letter of {bait!r}": lambda bait=bait: repeated(bait)
        for bait in (
            "1", "1 ", "1-", "1.", "1,", "a@", "a", "_", "-", "(", '"', "«", "{", "\n>", "> > > x\n",
            "wrote:\n",
            "On Mon, Nov 16, 2026 at 12:00 PM X wrote:\n", "16.11.2026, 12:00, X <a@b.example> пишет:\n",
            "From: x\nSent: y\nTo: z\nSubject: q\n", "--\n", "-- \nx\n", "С уважением,\nИван\n",
            "a|b|c\n", "a;b;c\n", "eyJ", "eyJaaaaaaaa.", "https://x.example/?token=", "www.a.",
            "код 123456 ", "пароль: ", "1 000 руб ", "12.11.2026 ", "с 1 по 5 ноября ",
            "订单号", "一二三四", "１２３", "Error 500: ",
            "RZ-100042 ", "9f41c7be-20d8-4c3a-b6f5-71e0d2a9c854 ", "e\u0301", "\u202e", "\u200b",
            "50% ", "1) ",
        )
    },
}  # fmt: skip
