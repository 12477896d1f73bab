"""HTML becomes text that reads as the client showed it, in bounded time."""

import random
import time

import pytest

from intake import html_text
from intake.html_text import MAX_TOKENS, html_to_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<b>bo</b><i>ld</i> and\n   folded &amp; &nbsp; spaced", "bold and folded & spaced"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<table><tr><th>SKU</th><th>n</th></tr><tr><td>1</td><td>2</td></tr></table>", "SKU\tn\n1\t2"),
        ("<table><tr><td><p>A-1</p></td><td><div>5</div><div>pcs</div></td></tr></table>", "A-1\t5 pcs"),
        ("<table><tr><td><table><tr><td>in</td><td>ner</td></tr></table></td></tr></table>", "in\tner"),
        (
            "new<blockquote>old<br>older<blockquote>oldest</blockquote></blockquote>end",
            "new\n> old\n> older\n> > oldest\nend",
        ),
        ('<blockquote style="margin:0 0 0 40px;border:none">indented</blockquote>', "indented"),
        ('<span style="display: none">x</span>y', "y"),
        ('<div style="mso-hide:all">x</div>y', "y"),
        ('<div style="font-size:0">x</div><div style="font-size:0.9em">y</div>', "y"),
        ("<style>p{}</style><script>x</script><!-- c -->y<title>t</title>", "y"),
        ('<a href="https://shop.example/1">card</a>', "card <https://shop.example/1>"),
        ('<a href="https://www.shop.example/">shop.example</a>', "shop.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ("unclosed <b>tags <div>everywhere", "unclosed tags\neverywhere"),
        ("a < b and 1 > 0", "a < b and 1 > 0"),
        ("", ""),
        ("plain words", "plain words"),
    ],
)
def test_layout(markup: str, text: str) -> None:
    assert html_to_text(markup).text == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<div hidden>x</div>",
        '<div style="visibility: hidden">x</div>',
        '<div STYLE="DISPLAY:NONE !important">x</div>',
        "<div style='display:none'>x</div>",
        '<span style="font-size:0.0pt">x</span>',
        '<div style="max-height:0px;overflow:hidden">x</div>',
        '<div style="width:0;height:0;overflow:hidden">x</div>',
        '<div style="opacity:0">x</div>',
        '<div style="color:transparent">x</div>',
        '<span style="display:none"><div>x<p>x</div></span>',
        '<table><tr style="display:none"><td>x</td></tr></table>',
        "<!--[if mso]><p>x</p><![endif]-->",
        "<!-- <p>x</p> -->",
        "<svg><text>x</text></svg>",
        "<select><option>x</option></select>",
        "<head><title>x</title><style>x{}</style></head>",
    ],
)
def test_what_the_client_hides_is_left_out(hidden: str) -> None:
    assert html_to_text(f"{hidden}y").text == "y"


@pytest.mark.parametrize(
    "shown",
    [
        "<![if !mso]><p>y</p><![endif]>",
        '<div style="height:100px;overflow:hidden">y</div>',
        '<div style="font-size:0.9em">y</div>',
        '<div style="background-color:transparent">y</div>',
        '<div style="line-height:0;border-width:0">y</div>',
        '<div style="opacity:0.8">y</div>',
        "<noscript></noscript>y",
    ],
)
def test_what_the_client_shows_stays(shown: str) -> None:
    assert html_to_text(shown).text == "y"


def test_tables_without_end_tags_and_lists_in_lists_keep_their_lines() -> None:
    assert html_to_text("<table><tr><td>a<td>b<tr><td>c<td>d</table>").text == "a\tb\nc\td"
    assert html_to_text("<ul><li>a<ul><li>b</ul><li>c</ul>").text == "- a\n- b\n- c"
    assert html_to_text("<p>x</p><ol><li>a<li>b</ol>y").text == "x\n\n- a\n- b\ny"


@pytest.mark.parametrize(
    "unit",
    [
        "<blockquote>",
        "<blockquote>x",
        "<b>",
        "<p>",
        "<ul><li>",
        "<i><b><u><p>",
        "<a href=x>",
        '<div a="',
        "<",
        "&",
    ],
)
def test_hostile_markup_costs_bounded_time(unit: str) -> None:
    started_s = time.process_time()
    html_to_text(unit * (400_000 // len(unit)))
    # 0.05 to 0.3 s each on an idle machine
    assert time.process_time() - started_s < 2


def test_links_are_collected_with_their_targets() -> None:
    page = html_to_text('<a href="https://evil.example/login">seller.ozon.ru</a>')
    assert page.links == (("seller.ozon.ru", "https://evil.example/login"),)


def test_a_table_of_ten_thousand_rows_and_five_thousand_levels() -> None:
    rows = "".join(f"<tr><td>{number}</td><td>A-{number}</td></tr>" for number in range(10_000))
    started = time.perf_counter()
    text = html_to_text(f"<table>{rows}</table>").text
    deep = html_to_text("<div>" * 5_000 + "deep" + "</div>" * 5_000 + "after").text
    assert time.perf_counter() - started < 5
    assert text.count("\n") == 9_999
    assert text.endswith("9999\tA-9999")
    assert deep == "deep\nafter"


@pytest.mark.parametrize(
    ("label", "target", "warns"),
    [
        ("seller.ozon.ru", "https://evil.example/login", True),
        ("https://seller.ozon.ru/app", "http://seller.ozon.ru@evil.example/", True),
        ("https://seller.ozon.ru/app", "https://seller.ozon.ru/app?utm=1", False),
        ("ozon.ru", "https://www.ozon.ru/", False),
        ("ozon.ru", "https://docs.ozon.ru/", False),
        ("open the card", "https://evil.example/", False),
        ("v2.1", "https://docs.example/", False),
        ("акт.pdf", "https://files.example/1", False),
    ],
)
def test_a_link_that_shows_another_host_is_named(label: str, target: str, warns: bool) -> None:
    page = html_to_text(f'<a href="{target}">{label}</a>')
    assert any(line.startswith("link: the text shows") for line in page.warnings) == warns


_ATTRIBUTES = ("", ' style="color:red"', ' style="display:none"', ' hidden=""', ' title="a>b"', " width=5")
_CELLS = ("1", "a b", "  x ", "a\nb", "&nbsp;", "&lt;b&gt;", "&amp;amp;", "", "<b>q</b>", "<br>", "x" * 301)
_GAPS = ("", "\n")
_WRAPS = ("{}", "<pre>{}</pre>", "<p>x{}y", "<table><tr><td>{}</table>", '<div style="display:none">{}</div>')


def test_a_row_read_in_one_step_says_what_it_says_tag_by_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)

    def row() -> str:
        cells = "".join(
            f"{chance.choice(_GAPS)}<{tag}{chance.choice(_ATTRIBUTES)}>{chance.choice(_CELLS)}</{tag}>"
            for tag in chance.choices(("td", "th"), k=chance.randint(0, 5))
        )
        return f"<tr{chance.choice(_ATTRIBUTES)}>{cells}</tr>"

    pages = [chance.choice(_WRAPS).format(f"<table>{row()}{row()}{row()}</table>after") for _ in range(400)]
    at_once = [html_to_text(page).text for page in pages]
    monkeypatch.setattr(html_text, "_TOKEN", html_text._TAG_BY_TAG)
    assert at_once == [html_to_text(page).text for page in pages]


def test_a_wide_table_costs_little_and_too_many_tags_are_cut_with_a_warning() -> None:
    wide = "<table>" + f"<tr>{'<td>x1</td>' * 20}</tr>" * 6_000
    started = time.process_time()
    page = html_to_text(wide)
    assert page.text.count("\n") == 5_999
    assert page.warnings == ()
    assert time.process_time() - started < 0.9
    tags = html_to_text("<b>1</b>" * (MAX_TOKENS // 2))
    assert tags.text.startswith("111")
    assert tags.warnings == (f"html: cut after {MAX_TOKENS} tags, the rest was not read",)
