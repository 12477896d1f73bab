"""Short letters of many languages and clients: what their writer said anew stays, and nothing else."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.quotes import split_quotes
from intake.signatures import split_signature

HERE = Path(__file__).parent
CASES = [
    case
    for table in ("reply_cases.toml", "reply_cases_clients.toml")
    for case in tomllib.loads((HERE / table).read_text(encoding="utf-8"))["case"]
]
LINES = tomllib.loads((HERE / "reply_client_lines.toml").read_text(encoding="utf-8"))
WORDS = "Yes, please do."
# Without a mailbox «03.11.2026 14:05, Анна пишет:» tells a story unless marked lines follow it.
ONLY_WITH_MARKS = ("Ana Lee kirjoitti 3.11", "03.11.26 14:05, Ана", "03.11.2026 14:05, Анна", "* Ana Lee")


def folded(text: str) -> str:
    """White space counts only between words."""
    return " ".join(text.split())


def stays(text: str) -> str:
    """What stays of a letter, folded."""
    return folded(split_signature(split_quotes(text).new).text)


def test_there_are_enough_letters_and_no_name_twice() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 300


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_new_words_stay(case: dict[str, str]) -> None:
    signed = split_signature(split_quotes(case["text"].strip("\n")).new)
    assert folded(signed.text) == folded(case["stays"])
    if "signature" in case:
        assert folded(signed.signature) == folded(case["signature"])


def attributed(line: str) -> Iterator[str]:
    """Lay an attribution out as clients do: apart, close, marked itself, folded, without marks."""
    old = "> old words\n> Ana"
    yield f"{WORDS}\n\n{line}\n\n{old}"
    yield f"{WORDS}\n{line}\n{old}"
    yield f"{WORDS}\n\n> {line}\n>\n{old}"
    yield f"{WORDS}\n\n{line.replace(' ', chr(0xA0), 1)}\n\n{old}"
    if not line.startswith(ONLY_WITH_MARKS):
        yield f"{WORDS}\n\n{line}\n\nold words\nAna"
        yield f"{WORDS}\n\n{line.replace('example>', 'example<mailto:ana@market.example>>')}\n\nold words"
    for place, letter in enumerate(line):
        if letter == " " and 35 <= place <= 78 and len(line) > 58:
            yield f"{WORDS}\n\n{line[:place]}\n{line[place + 1 :]}\n\n{old}"


def headed(labels: list[str]) -> Iterator[str]:
    """Lay a header block out: plain, without mailbox, bold, wide or spaced colons, other orders."""
    sender, date, to, copy, subject = labels
    rows = [
        (sender, "Ana Lee <ana@market.example>"),
        (date, "3 Nov 2026 14:05"),
        (to, "Tom"),
        (subject, "RE: Order"),
    ]
    named = [(sender, "Ana Lee"), rows[1], rows[2], (copy, "Desk"), rows[3]]
    plain = "\n".join(f"{label}: {value}" for label, value in rows)
    for block in (
        plain,
        "\n".join(f"{label}: {value}" for label, value in named),
        "\n".join(f"*{label}:* {value}" for label, value in named),
        "\n".join(f"{label}\u00a0: {value}" for label, value in rows),
        "\n".join(f"{label}：{value}" for label, value in rows),
        "\n".join(f"{rows[number][0]}: {rows[number][1]}" for number in (1, 0, 2, 3)),
        "\n".join(f"{rows[number][0]}: {rows[number][1]}" for number in (0, 3, 1, 2)),
    ):
        yield f"{WORDS}\n\n{block}\n\nold words\nAna"
    yield f"{WORDS}\n\n> {plain}\n\nold words".replace("\n", "\n> ").replace("\n> \n> >", "\n\n>")


def test_attributions_of_all_languages_open_the_quote() -> None:
    missed = [text for line in LINES["attributions"] for text in attributed(line) if stays(text) != WORDS]
    assert not missed


def test_header_blocks_of_all_languages_open_the_quote() -> None:
    missed = [text for labels in LINES["headers"] for text in headed(labels) if stays(text) != WORDS]
    assert not missed


def test_separators_of_all_languages_open_the_quote() -> None:
    texts = [
        f"{WORDS}\n\n{ruled}\n\nold words\nAna"
        for line in LINES["separators"]
        for ruled in (f"-----{line}-----", f"*-------- {line} --------*", f"--- {line} ---")
    ]
    assert not [text for text in texts if stays(text) != WORDS]


def test_lines_of_mobile_clients_are_no_words_of_the_writer() -> None:
    assert not [line for line in LINES["client_lines"] if stays(f"{WORDS}\n\n{line}") != WORDS]


@pytest.mark.parametrize("greeting", ["", "Hello,\n\n"])
def test_stories_and_forms_stay_whole(greeting: str) -> None:
    texts = [greeting + text for text in LINES["own_words"]]
    assert not [text for text in texts if stays(text) != folded(text)]


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my warehouse, one Samsung tablet and two cases",
        "Samsung telefon Ankara'ya gönderildi",
        "Die Rechnung wurde per Mail gesendet",
        "Das habe ich mit Outlook heruntergeladen",
        "It happens in the app for Android too",
        "Get me the Android version of the label",
        "从仓库发送到莫斯科",
        "商品は倉庫から送信",
        "--- my own message ---",
        "--- offers for the winter, forwarded by us ---",
    ],
)
def test_words_that_only_sound_like_a_client_stay(line: str) -> None:
    assert stays(f"{WORDS}\n\n{line}") == f"{WORDS} {line}"
