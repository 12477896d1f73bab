"""Header fields: blocks, encoded words, parameters, identifiers, addresses, dates."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailparser.utils import get_addresses

from intake import mime
from intake.header_block import MAX_FIELDS, split_header
from intake.headers import decode_header, message_ids, parameters
from intake.mime import read_fields
from models.records import Address


def word(text: str, charset: str, codec: str = "") -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode(codec or charset)).decode()}?="


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Plain words", "Plain words"),
        (word("Привет", "utf-8"), "Привет"),
        ("=?koi8-r?Q?=F0=D2=C9=D7=C5=D4?=", "Привет"),
        (word("陳喆", "gb2312", "gb18030"), "陳喆"),
        (f"{word('При', 'utf-8')} {word('вет', 'utf-8')}", "Привет"),
        (f"{word('При', 'utf-8')}\t{word('вет', 'koi8-r')}", "Привет"),
        (f"a {word('б', 'utf-8')} c", "a б c"),
        ("=?utf-8?Q?Where_is_it=3F?=", "Where is it?"),
        ("=?utf-8?Q?Where is it??=", "Where is it?"),
        ("=?utf-8*ru?B?0Y8=?=", "я"),
        ("=?utf-8?B?0Y8?=", "я"),  # no padding
        ("=?nonsense?B?0Y8=?=", "я"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?B?broken", "=?utf-8?B?broken"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert decode_header(value.encode())[0] == text


def test_a_character_cut_in_two_words_is_joined() -> None:
    octets = "поставка".encode()
    value = b" ".join(b"=?utf-8?B?" + base64.b64encode(piece) + b"?=" for piece in (octets[:5], octets[5:]))
    assert decode_header(value)[0] == "поставка"


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "koi8_r"])
def test_raw_octets_in_a_header(codec: str) -> None:
    assert decode_header("Расхождение при приёмке".encode(codec), codec)[0] == "Расхождение при приёмке"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('text/plain; charset="utf-8"; name=a.txt', {"charset": "utf-8", "name": "a.txt"}),
        ("text/plain; charset=utf-8 ; format = flowed", {"charset": "utf-8", "format": "flowed"}),
        ("multipart/mixed boundary=b1", {"boundary": "b1"}),
        ('a/b; name="semi;colon \\"x\\".pdf"', {"name": 'semi;colon "x".pdf'}),
        ("a/b; name*=utf-8''%D0%B0%D0%BA%D1%82.pdf", {"name": "акт.pdf"}),
        ("a/b; name*0*=koi8-r''%C1%CB; name*1*=%D4; name*2=.pdf", {"name": "акт.pdf"}),
        ("a/b; name*1=b.pdf; name*0=a", {"name": "ab.pdf"}),
        (f'a/b; name="{word("发票.pdf", "gb18030")}"', {"name": "发票.pdf"}),
        ('a/b; name="unclosed', {"name": "unclosed"}),
        ("a/b; filename=a b c.txt; size=5", {"filename": "a b c.txt", "size": "5"}),
    ],
)
def test_parameters(value: str, expected: dict[str, str]) -> None:
    assert parameters(value.encode()) == expected


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b>", ("a@b",)),
        ("<a@b> <c@d>\t<a@b>", ("a@b", "c@d")),
        ("a@b", ("a@b",)),
        ("Your message of Tuesday <x.1@y>", ("x.1@y",)),
        ("no id here", ()),
        ("", ()),
    ],
)
def test_message_ids(value: str, ids: tuple[str, ...]) -> None:
    assert message_ids(value.encode()) == ids


def test_a_flood_of_references_keeps_the_first_and_the_nearest() -> None:
    ids = message_ids(b" ".join(b"<%d@x>" % number for number in range(5000)))
    assert len(ids) == 100
    assert (ids[0], ids[-1]) == ("0@x", "4999@x")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("a@B.Example", Address("", "a@b.example")),
        ('"Last, First" <a@b.example>', Address("Last, First", "a@b.example")),
        (f"{word('ООО «Кедр», склад', 'utf-8')} <a@b.example>", Address("ООО «Кедр», склад", "a@b.example")),
        (f'"{word("Поддержка", "koi8-r")}" <a@b.example>', Address("Поддержка", "a@b.example")),
        ("Иван <a@b.example>", Address("Иван", "a@b.example")),
        ("a@b.example (Comment Name)", Address("Comment Name", "a@b.example")),
        ("<<a@b.example>>", Address("", "a@b.example")),
        ("broken text a@b.example here", Address("", "a@b.example")),
        ("undisclosed-recipients:;", Address()),
        ("", Address()),
        ("Ivanov, Ivan <i@x.example>", Address("Ivanov, Ivan", "i@x.example")),
    ],
)
def test_from_addresses(value: str, address: Address) -> None:
    assert read_fields(split_header(f"From: {value}\n\n".encode())).from_ == address


@pytest.mark.parametrize(
    ("value", "date_utc"),
    [
        ("Tue, 17 Nov 2026 12:30:00 +0300", datetime(2026, 11, 17, 9, 30, tzinfo=UTC)),
        ("17 Nov 2026 12:30 GMT", datetime(2026, 11, 17, 12, 30, tzinfo=UTC)),
        ("Fri, 17 Nov 2026 12:30:00 +0300 (MSK)", datetime(2026, 11, 17, 9, 30, tzinfo=UTC)),
        ("Tue, 17 Nov 2026 12:30:00", datetime(2026, 11, 17, 12, 30, tzinfo=UTC)),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None),
        ("yesterday", None),
        ("Tue, 99 Nov 2026 12:30:00 +0300", None),
    ],
)
def test_dates(value: str, date_utc: datetime | None) -> None:
    fields = read_fields(split_header(f"Date: {value}\n\n".encode()))
    assert fields.date_utc == date_utc
    assert ("header: the date cannot be read" in fields.warnings) == (date_utc is None)


def test_folded_lines_that_lost_their_indent_are_kept() -> None:
    block = split_header(b"Subject: one\ntwo three\nFrom: a@b\n\nbody")
    assert block.first("subject") == b"one two three"
    assert block.first("from") == b"a@b"


def test_a_body_without_header_is_a_body() -> None:
    block = split_header("Добрый день, прошу помочь\nс поставкой\n".encode())
    assert (block.fields, block.body_start) == ((), 0)


def test_an_mbox_line_before_the_header_is_skipped() -> None:
    assert split_header(b"From a@b Tue Nov 17 12:30:00 2026\nSubject: x\n\n").first("subject") == b"x"


def test_a_header_bomb_is_cut_and_the_body_found() -> None:
    raw = b"".join(b"X-%d: y\n" % number for number in range(50_000)) + b"\nbody"
    block = split_header(raw)
    assert block.overlong
    assert len(block.fields) == MAX_FIELDS
    assert raw[block.body_start :] == b"body"


ATOMS = [
    "a",
    "Я",
    "王",
    " ",
    "\t",
    "\r\n ",
    "-",
    "_",
    "|",
    "/",
    "!",
    "?",
    "=",
    "'",
    ".",
    '"',
    "<",
    "@",
    ",",
    "\u3000",
    "é",
]


@settings(max_examples=300, deadline=None)
@given(
    name=st.lists(st.sampled_from(ATOMS), max_size=7).map("".join),
    form=st.sampled_from(['"{}" <{}>', "{} <{}>", "{}<{}> ", " {}", "<{1}>", "{1}", "{1} ", "{}, {}"]),
    address=st.sampled_from(
        ["a.b@c.example", "A@B.c", "x@y", "a..b@c.example", "a@b.example.", "a+b@c-d.example"]
    ),
)
def test_the_usual_mailbox_is_read_as_mail_parser_reads_it(name: str, form: str, address: str) -> None:
    text = form.format(name, address)
    ours = [mime._address(*pair) for pair in mime._mailboxes(text)]
    parsers = [mime._address(*pair) for pair in get_addresses(text)]
    if "," in text and mime._COMMA_NAME.fullmatch(text) is not None:
        # mail-parser loses what stands before a bare comma; we keep the whole name, see the next test.
        assert [one.address for one in ours] == [one.address for one in parsers]
    else:
        assert ours == parsers


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ivanov, Ivan <a.b@c.example>", "Ivanov, Ivan"),
        ("a,b <a.b@c.example>", "a,b"),
        ("a, <a.b@c.example>", ""),
        ("a,<a.b@c.example>", ""),
    ],
)
def test_a_name_with_a_bare_comma_is_kept_whole(text: str, name: str) -> None:
    assert mime._mailboxes(text) == [(name, "a.b@c.example")]
