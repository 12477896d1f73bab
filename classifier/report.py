"""The report of one model version: one HTML file that needs nothing else.

In go the examples with the held-out answers to them, the figures and the gate's verdict. Mails of
the synthetic corpus are quoted; a stored mail is only named by its number, so that no words of a
seller outlive their erasure in a report.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from classifier.dataset import Example
from classifier.gate import Answer, Verdict
from classifier.report_charts import coverage_curve, reliability_diagram
from models.topics import topic_name

CONFUSED_PAIRS: Final = 10
EXAMPLES_PER_PAIR: Final = 3
SUSPECTS: Final = 40
SUSPECT_CONFIDENCE: Final = 0.9
_QUOTED_CHARS: Final = 180

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--bar:#4a7db5;--bad:#c0392b}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.2rem .6rem;text-align:right;
border-bottom:1px solid var(--line)}td:first-child,th:first-child{text-align:left}
.wide{overflow-x:auto}.matrix td,.matrix th{font-size:12px;padding:.15rem .35rem}
.matrix th{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:400}
.matrix tr>th:first-child{writing-mode:horizontal-tb;transform:none;text-align:right}
figure{display:inline-block;width:min(100%,30rem);margin:0 1rem 1rem 0}svg{width:100%;height:auto}
.bar{fill:var(--bar)}.honest{stroke:currentColor;stroke-dasharray:5 4}.grid{stroke:var(--line)}
.curve{fill:none;stroke:var(--bar);stroke-width:2}.tick{font-size:10px;fill:currentColor}
.title{font-size:12px;fill:currentColor}.up{color:#1e8449}.down{color:var(--bad)}
blockquote{margin:.2rem 0 .2rem 1rem;color:#777}
"""


def write_report(
    *,
    name: str,
    examples: Sequence[Example],
    answers: Mapping[str, Answer],
    metrics: Mapping[str, Any],
    verdict: Verdict,
    champion: str,
    target: float = 0.98,
) -> str:
    """Return the report as one HTML document."""
    judged = [example for example in examples if example.id in answers]
    confidences = [answers[example.id].confidence for example in judged]
    right = [answers[example.id].topic == example.topic for example in judged]
    parts = [
        f"<h1>Model {escape(name)}</h1>",
        _summary(judged, metrics, verdict, champion),
        f"<figure>{reliability_diagram(confidences, right)}</figure>",
        f"<figure>{coverage_curve(confidences, right, target)}</figure>",
        "<h2>What changed</h2>" + _changes(verdict, champion),
        "<h2>Languages</h2>" + _figures(metrics["per_language"], ("n", "accuracy", "macro_f1")),
        "<h2>Topics</h2>" + _figures(metrics["per_topic"], ("n", "precision", "recall", "f1")),
        "<h2>Confusions</h2>" + _matrix(metrics["confusion"]),
        "<h2>Most confused pairs</h2>" + _pairs(judged, answers),
        "<h2>Labels to look at</h2>" + _suspects(judged, answers),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Model {escape(name)}</title><style>{_STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def label_suspects(examples: Sequence[Example], answers: Mapping[str, Answer]) -> list[Example]:
    """Return mails whose label a confident held-out answer contradicts, the most confident first."""
    found = [
        example
        for example in examples
        if (answer := answers.get(example.id)) is not None
        and answer.topic != example.topic
        and answer.confidence >= SUSPECT_CONFIDENCE
    ]
    return sorted(found, key=lambda example: (-answers[example.id].confidence, example.id))[:SUSPECTS]


def _summary(judged: Sequence[Example], metrics: Mapping[str, Any], verdict: Verdict, champion: str) -> str:
    sources = Counter(example.source for example in judged)
    compared = f"Compared with {escape(champion)}. " if champion else ""
    return (
        "<p>All figures are cross-fitted: no mail is judged by weights that saw it or its twin. "
        "The bundled corpus is <strong>synthetic</strong>; its figures tell nothing of real traffic.</p>"
        f"<p>{compared}<strong>{'Passed' if verdict.passes else 'Refused'}</strong>: "
        f"{escape(verdict.reason)}.</p>"
        + _table(
            ("mails", "accuracy", "macro F1", "calibration error", "routed alone", "of those right"),
            [
                (
                    " + ".join(f"{count} {source}" for source, count in sorted(sources.items())),
                    f"{metrics['accuracy']:.3f}",
                    f"{metrics['macro_f1']:.3f}",
                    f"{metrics['ece']:.3f}",
                    f"{metrics['coverage_at_target']:.1%}",
                    f"{metrics['precision_at_coverage']:.1%}",
                )
            ],
        )
    )


def _changes(verdict: Verdict, champion: str) -> str:
    if not verdict.comparisons:
        return f"<p>{'Nothing to compare with.' if champion else 'This is the first version.'}</p>"
    rows = []
    for one in verdict.comparisons:
        change = (one.candidate_right - one.champion_right) / one.mails
        kind = "up" if change > 0 else "down" if change < 0 else ""
        rows.append(
            (
                escape(one.group),
                str(one.mails),
                f"{one.champion_right / one.mails:.1%}",
                f"{one.candidate_right / one.mails:.1%}",
                f'<span class="{kind}">{change:+.1%}</span>',
                f"{one.only_champion} : {one.only_candidate}",
            )
        )
    header = ("group", "mails", "before", "now", "change", "only before right : only now right")
    return _table(header, rows)


def _figures(parts: Mapping[str, Mapping[str, Any]], keys: Sequence[str]) -> str:
    rows = [
        (escape(name), *(f"{part[key]:.3f}" if key != "n" else str(part[key]) for key in keys))
        for name, part in sorted(parts.items())
    ]
    return _table(("", *keys), rows)


def _matrix(confusion: Mapping[str, Mapping[str, int]]) -> str:
    topics = sorted({*confusion, *(found for row in confusion.values() for found in row)})
    lines = ["<tr><th></th>" + "".join(f"<th>{escape(topic)}</th>" for topic in topics) + "</tr>"]
    for gold in topics:
        row = confusion.get(gold, {})
        total = max(sum(row.values()), 1)
        cells = "".join(
            f'<td style="background:rgba({"74,125,181" if found == gold else "192,57,43"},'
            f'{min(row.get(found, 0) / total * (1 if found == gold else 4), 1):.2f})">'
            f"{row.get(found, 0) or ''}</td>"
            for found in topics
        )
        lines.append(f"<tr><th>{escape(gold)}</th>{cells}</tr>")
    return (
        "<p>Rows: the label; columns: the answer.</p>"
        f'<div class="wide"><table class="matrix">{"".join(lines)}</table></div>'
    )


def _pairs(judged: Sequence[Example], answers: Mapping[str, Answer]) -> str:
    wrong: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in judged:
        found = answers[example.id].topic
        if found != example.topic:
            wrong[example.topic, found].append(example)
    ranked = sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))[:CONFUSED_PAIRS]
    lines = []
    for (gold, found), mails in ranked:
        lines.append(f"<h3>{_topic(gold)} taken for {_topic(found)}: {len(mails)}</h3>")
        lines += [f"<blockquote>{_quote(mail)}</blockquote>" for mail in mails[:EXAMPLES_PER_PAIR]]
    return "".join(lines) or "<p>None.</p>"


def _suspects(judged: Sequence[Example], answers: Mapping[str, Answer]) -> str:
    rows = [
        (
            escape(example.id),
            escape(example.topic),
            escape(answers[example.id].topic),
            f"{answers[example.id].confidence:.1%}",
            escape(example.author or example.source),
            _quote(example),
        )
        for example in label_suspects(judged, answers)
    ]
    if not rows:
        return "<p>No label is contradicted by a confident answer.</p>"
    return _table(("mail", "label", "answer", "confidence", "labelled by", ""), rows)


def _topic(slug: str) -> str:
    return escape(topic_name(slug, "en"))


def _quote(example: Example) -> str:
    """Quote a mail of the synthetic corpus; name a stored one."""
    if example.source != "corpus":
        return f"stored mail {escape(example.id)}"
    text = " ".join(f"{example.document.subject} — {example.document.text}".split())
    return escape(text[:_QUOTED_CHARS] + ("…" if len(text) > _QUOTED_CHARS else ""))


def _table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
