"""The report: whole, self-contained, safe against what mails hold, and silent about stored mails' words."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from classifier.dataset import Example
from classifier.documents import Document
from classifier.evaluate import figures
from classifier.gate import Answer, GateMail, judge
from classifier.report import label_suspects, write_report
from classifier.report_charts import coverage_curve, reliability_diagram


def example(name: str, topic: str, text: str, source: str = "corpus") -> Example:
    return Example(
        id=name,
        document=Document(subject="<script>alert(1)</script>", text=text, language="ru"),
        topic=topic,
        group=name,
        source=source,
        author="op" if source == "label" else "",
    )


EXAMPLES = [
    *(example(f"c{n}", "fines_appeals", f"штраф {n}") for n in range(20)),
    example("c-wrong", "api_technical", "метод <b>ответил</b> & упал"),
    example("raw-7", "orders_returns", "секретные слова продавца", "label"),
]
ANSWERS = {one.id: Answer("fines_appeals", 0.97, sure=True) for one in EXAMPLES}


def report() -> str:
    gold = [one.topic for one in EXAMPLES]
    found = [ANSWERS[one.id].topic for one in EXAMPLES]
    metrics = figures(gold, found, [0.97] * len(gold), ["ru"] * len(gold)) | {
        "coverage_at_target": 0.5,
        "precision_at_coverage": 0.98,
    }
    mails = [GateMail(id=one.id, topic=one.topic, language="ru", is_frozen=True) for one in EXAMPLES]
    return write_report(
        name="m-1",
        examples=EXAMPLES,
        answers=ANSWERS,
        metrics=metrics,
        verdict=judge(mails, ANSWERS, ANSWERS),
        champion="m-0",
    )


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self.open.append(tag)
        assert not any(name in {"src", "href"} or name.startswith("on") for name, _ in attrs)  # type: ignore[attr-defined]  # pairs

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"h1", "h2"} and data.strip():
            self.headings.append(data)


def test_it_is_one_whole_file_with_every_part() -> None:
    html = report()
    outline = Outline()
    outline.feed(html)
    assert outline.headings[0] == "Model m-1"
    assert set(outline.headings) >= {"What changed", "Languages", "Topics", "Confusions", "Labels to look at"}
    assert "script" not in outline.tags
    assert "link" not in outline.tags
    assert html.count("<svg") == 2
    assert "synthetic" in html
    assert "m-0" in html


def test_words_of_stored_mails_stay_out() -> None:
    html = report()
    assert "stored mail raw-7" in html
    assert "секретные" not in html
    assert "метод &lt;b&gt;ответил&lt;/b&gt; &amp; упал" in html


def test_contradicted_labels_are_listed_the_surest_first() -> None:
    answers = ANSWERS | {"raw-7": Answer("fines_appeals", 0.99), "c-wrong": Answer("fines_appeals", 0.89)}
    assert [one.id for one in label_suspects(EXAMPLES, answers)] == ["raw-7"]


def test_drawings_are_well_formed_whatever_the_figures() -> None:
    for confidences, right in (([], []), ([1.0], [True]), ([0.0, 0.5, 1.0] * 200, [False, True, True] * 200)):
        for drawing in (reliability_diagram(confidences, right), coverage_curve(confidences, right, 0.98)):
            assert ET.fromstring(drawing).tag == "svg"
