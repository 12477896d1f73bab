"""Octets become the text that was meant, whatever the label says."""

import pytest

from benchmarks.charset_rescue import CODECS, WRONG, right, texts
from intake.charset import decode_text
from intake.charset_guess import guess_charset
from intake.charset_labels import codec_of

RUSSIAN = "Здравствуйте! Поставка не принята на складе, акт расхождений приложен к письму."
CHINESE = "您好，货件没有入库，请核实并尽快处理，谢谢。"
WESTERN = "Überweisung für Juli, café au lait – 75×120 mm, señor Muñoz"


@pytest.mark.parametrize("codec", ["cp1251", "koi8_r", "cp866"])
@pytest.mark.parametrize("declared", ["", "utf-8", "iso-8859-1", "us-ascii", "x-no-such-charset"])
def test_russian_is_read_whatever_the_label(codec: str, declared: str) -> None:
    assert decode_text(RUSSIAN.encode(codec), declared).text == RUSSIAN


@pytest.mark.parametrize(
    ("codec", "declared"), [("koi8_r", "windows-1251"), ("cp1251", "koi8-r"), ("cp866", "cp1251")]
)
def test_one_cyrillic_charset_labelled_as_the_other_is_rescued(codec: str, declared: str) -> None:
    decoded = decode_text(RUSSIAN.encode(codec), declared)
    assert decoded.text == RUSSIAN
    assert decoded.warning


@pytest.mark.parametrize("declared", ["", "utf-8", "iso-8859-1", "gb2312", "gbk", "GB_2312-80", "x-gbk"])
def test_chinese_is_read_whatever_the_label(declared: str) -> None:
    assert decode_text(CHINESE.encode("gb18030"), declared).text == CHINESE


@pytest.mark.parametrize("declared", ["", "windows-1252", "iso-8859-1", "ascii"])
def test_western_text_is_read(declared: str) -> None:
    assert decode_text(WESTERN.encode("cp1252"), declared).text == WESTERN


@pytest.mark.parametrize("declared", ["", "utf-8", "windows-1251", "gb2312", "iso-8859-1"])
@pytest.mark.parametrize("text", [RUSSIAN, CHINESE, "cost: 5 €", "«ок»"])
def test_utf_8_is_recognised_under_any_label(text: str, declared: str) -> None:
    assert decode_text(text.encode(), declared).text == text


def test_a_right_label_gives_no_warning() -> None:
    for text, label in [
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (CHINESE, "gb2312"),
        (WESTERN, "iso-8859-1"),
    ]:
        assert decode_text(text.encode(codec_of(label)), label).warning == ""


def test_capitals_are_not_taken_for_the_other_cyrillic_charset() -> None:
    assert decode_text("СРОЧНО ВЕРНИТЕ ДЕНЬГИ ЗА ЗАКАЗ".encode("cp1251"), "windows-1251").codec == "cp1251"
    assert decode_text("СРОЧНО ВЕРНИТЕ ДЕНЬГИ ЗА ЗАКАЗ".encode("koi8_r"), "koi8-r").codec == "koi8-r"


def test_a_guess_is_reported_and_names_the_codec() -> None:
    assert decode_text(RUSSIAN.encode("cp1251"), "").warning == "charset: none declared, read as cp1251"
    assert decode_text(RUSSIAN.encode("koi8_r"), "utf-8").warning == "charset: declared utf-8, read as koi8_r"


def test_octets_that_fit_nothing_are_replaced_and_reported() -> None:
    decoded = decode_text(RUSSIAN.encode() + b"\xd0", "utf-8")
    assert decoded.text == RUSSIAN + "\ufffd"
    assert decoded.warning == "charset: 1 octets fit no character of utf-8"


def test_the_charset_of_the_body_helps_a_short_header() -> None:
    assert decode_text("登录".encode("gb18030"), "", "gb2312").text == "登录"


@pytest.mark.parametrize(
    "label", ["base64", "rot13", "idna", "unicode_escape", "undefined", "../../etc", "", "uu", "zlib"]
)
def test_what_is_no_charset_is_not_used(label: str) -> None:
    assert codec_of(label) == ""


@pytest.mark.parametrize(
    ("label", "codec"), [("GB2312", "gb18030"), ('"ISO-8859-1"', "cp1252"), ("ks_c_5601-1987", "cp949")]
)
def test_labels_mean_their_superset(label: str, codec: str) -> None:
    assert codec_of(label) == codec


def test_noise_is_no_language() -> None:
    assert guess_charset(b"\x98\xff\x98\xff" * 50) in {"", "cp1252"}
    assert guess_charset(b"plain ascii") == ""


def test_utf_7_cannot_smuggle_half_characters() -> None:
    decoded = decode_text(b"+2AA-", "utf-7")
    assert decoded.text.encode("utf-8")


@pytest.mark.parametrize(
    ("language", "codec"), [(language, codec) for language, codecs in CODECS.items() for codec in codecs]
)
def test_corpus_texts_come_back_whole_whatever_the_label(language: str, codec: str) -> None:
    # docs/quality.md has the figures of the full measurement; few texts here, and the seldom charsets lower.
    samples = texts(language, 60, codec, 6)
    wanted = 0.6 if codec in {"mac_cyrillic", "iso8859-5"} else 0.95
    hits = sum(right(samples, codec, label) for label in ("", *WRONG))
    assert hits >= wanted * len(samples) * (1 + len(WRONG))
