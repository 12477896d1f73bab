"""Mails grown from a grammar: short ones of every shape, to be mutated like the real ones.

A generator of numbers goes in, the octets of one mail come out: any nesting of parts up to three deep,
bodies in three languages under right and wrong names of charsets and encodings.
"""

from __future__ import annotations

import base64
import quopri
import random
from typing import Final

WORDS: Final = (
    "Добрый день! Поставку 2000061286750 склад принял 3 ноября, но 12 коробок вместо 14.",
    "您好！供货单2000061286751于11月3日收货，送了14箱，后台只显示12箱，请核实。",
    "Hello, we were fined 1,250.00 RUB for order 45678901-0001-1. Please cancel the fine.",
    "С уважением,\nООО «Свечи»\nтел. +7 900 000-00-00",
    "> On 1 Nov 2026 the desk wrote:\n> what is your seller ID?\n\nID продавца 318742",
    "-----Original Message-----\nFrom: desk@market.example\nSubject: [RZ-100042]\n\nask",
    "пароль: Hunter2hunter2, код 123456",
    "",
    "x",
)
CHARSETS: Final = (
    "utf-8",
    "windows-1251",
    "koi8-r",
    "gb18030",
    "big5",
    "us-ascii",
    "utf-16",
    "iso-8859-1",
    "x",
)
KINDS: Final = (
    "text/plain",
    "text/html",
    "text/csv",
    "application/octet-stream",
    "image/png",
    "text/calendar",
)
FOLDERS: Final = ("multipart/mixed", "multipart/alternative", "multipart/related", "multipart/report")
SUBJECTS: Final = (
    "Re: Недостача [RZ-100042]",
    "=?utf-8?B?0J3QtdC00L7RgdGC0LDRh9Cw?=",
    "=?windows-1251?Q?=CD=E5=E4=EE=F1=F2=E0=F7=E0?=",
    "Fwd: 货物短少",
    "Undelivered Mail Returned to Sender",
    "",
)
EXTRA: Final = (
    b"Auto-Submitted: auto-replied",
    b"In-Reply-To: <1.abc@mail.market.example>",
    b"References: <a@b.example> <1.abc@mail.market.example>",
    b"Reply-To: other@shop.example",
    b"List-Id: <news.shop.example>",
    b"Return-Path: <>",
    b"X-Failed-Recipients: anna@shop.example",
    b"Received: from a.example by b.example; Mon, 16 Nov 2026 12:00:00 +0300",
    b"Precedence: bulk",
)


def grow(source: random.Random) -> bytes:
    """Return one mail."""
    head = [
        source.choice((b"From: anna@shop.example", "From: Анна <anna@shop.example>".encode(), b"from:x")),
        b"To: seller-support@market.example",
        b"Subject: " + source.choice(SUBJECTS).encode(),
        b"Message-ID: <%d@shop.example>" % source.randrange(10**9),
        source.choice((b"Date: Mon, 16 Nov 2026 12:00:00 +0300", b"Date: yesterday", b"Date: 16.11.26")),
        *source.sample(EXTRA, source.choice((0, 0, 1, 3))),
    ]
    head = [line for line in head if source.random() < 0.6]
    source.shuffle(head)
    end = source.choice((b"\r\n", b"\r\n", b"\n"))
    part = _part(source, 0).replace(b"\r\n", b"\n")
    return b"\n".join([*head, part]).replace(b"\n", end)


def _part(source: random.Random, depth: int) -> bytes:
    """Return headers of content, an empty line, and the content."""
    chance = source.random()
    if depth < 3 and chance < 0.3:
        return _folder(source, depth)
    if depth < 3 and chance < 0.36:
        return b"Content-Type: message/rfc822\n\n" + grow(source).replace(b"\r\n", b"\n")
    return _leaf(source)


def _folder(source: random.Random, depth: int) -> bytes:
    boundary = source.choice((b"b%d" % depth, b"b", b"=_x y"))
    parts = [_part(source, depth + 1) for _ in range(source.randint(0, 3))]
    body = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    closing = source.choice((b"--" + boundary + b"--\n", b""))
    kind = source.choice(FOLDERS).encode()
    return b"Content-Type: " + kind + b'; boundary="' + boundary + b'"\n\n' + body + closing


def _leaf(source: random.Random) -> bytes:
    kind, told = source.choice(KINDS), source.choice(CHARSETS)
    words = "\n\n".join(source.choices(WORDS, k=source.choice((1, 1, 2))))
    if kind == "text/html":
        words = f"<html><body><p>{words}</p><blockquote>{source.choice(WORDS)}</blockquote></body></html>"
    used = told if told != "x" and source.random() < 0.8 else "utf-8"
    octets = words.encode(used, errors="replace")
    encoding = source.choice(("8bit", "base64", "quoted-printable", "7bit", "x-uuencode"))
    if encoding == "base64":
        octets = base64.encodebytes(octets)
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets)
    name = source.choice(("", "", '; name="file.txt"', "; name*=utf-8''%D1%84.xlsx"))
    place = source.choice(("", "", "\nContent-Disposition: attachment; filename=a.txt"))
    head = f"Content-Type: {kind}; charset={told}{name}{place}\nContent-Transfer-Encoding: {encoding}\n\n"
    return head.encode() + octets
