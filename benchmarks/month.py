"""A simulated month: operators label the review queue of a drifting stream, and one night is poisoned.

The desk begins with a quarter of the bundled train part (synthetic). Each night stands for three
or four of a month: a stream of new mails comes in, Chinese mail rising from a sixth to more than a half,
the champion routes what it is sure of, operators label the smallest margins of the rest and the
audit share, a candidate is trained and the gate decides. Then 500 labels of one operator come in,
a fifth of them wrong; beside it, as the control, the same labels all right.

What is told: share routed alone and precision on the night's stream and on the dev part, which
nobody labels. The curve is drawn to `benchmarks/month.svg`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from classifier.artifact import Model
from classifier.dataset import Example, default_corpus_paths, load_corpus
from classifier.gate import Verdict
from classifier.train import train
from models.topics import SLUGS
from workers.audit_share import is_audited
from workers.retraining import ServingVersion, gate

NIGHTS: Final = 8
MAILS_PER_NIGHT: Final = 120
LABELS_PER_NIGHT: Final = 60
POISONED_LABELS: Final = 500
WRONG_SHARE: Final = 0.2
CHINESE_SHARE: Final = (0.15, 0.55)  # of the first and of the last night
TARGET: Final = 0.98
PICTURE: Final = Path(__file__).parent / "month.svg"
_KEY: Final = b"a simulated desk"


def run(rounds: int) -> list[dict[str, Any]]:
    """Simulate once, seeded; `rounds` is ignored."""
    del rounds
    chance = random.Random(20261116)
    train_path, dev_path = default_corpus_paths()
    pool = sorted(load_corpus([train_path]), key=lambda example: example.id)
    dev = load_corpus([dev_path])
    chance.shuffle(pool)
    start = len(pool) // 4
    known, pool = pool[:start], pool[start:]
    trained = train(known, target=TARGET)
    serving = ServingVersion(model=trained.model, answers=trained.held_out)
    rows = []
    for night in range(NIGHTS):
        stream = _stream(pool, night, chance)
        row = _told(serving.model, stream, dev, night)
        known += _labels(serving.model, stream)
        trained = train(known, target=TARGET)
        verdict = gate(known, trained.held_out, serving)
        if verdict.passes:
            serving = ServingVersion(model=trained.model, answers=trained.held_out)
        rows.append(row | {"labels": len(known) - start, "gate": _said(verdict)})
    rows.append(_told(serving.model, _stream(pool, NIGHTS - 1, chance), dev, NIGHTS))
    PICTURE.write_text(picture(rows), encoding="utf-8")
    return [*rows, *_poisoned_night(serving, known, pool[:POISONED_LABELS], chance)]


def _stream(pool: list[Example], night: int, chance: random.Random) -> list[Example]:
    """Take the mails of a night out of the pool, by the share of Chinese that this night has."""
    first, last = CHINESE_SHARE
    chinese = round(MAILS_PER_NIGHT * (first + (last - first) * night / (NIGHTS - 1)))
    taken = [one for one in pool if one.document.language == "zh"][:chinese]
    taken += [one for one in pool if one.document.language != "zh"][: MAILS_PER_NIGHT - chinese]
    gone = {one.id for one in taken}
    pool[:] = [one for one in pool if one.id not in gone]
    chance.shuffle(taken)
    return taken


def _labels(model: Model, stream: Sequence[Example]) -> list[Example]:
    """Return what operators label: the smallest margins among the unsure, and the audit share."""
    predictions = model.predict([one.document for one in stream])
    unsure, drawn = [], []
    for number, (mail, found) in enumerate(zip(stream, predictions, strict=True)):
        label = replace(mail, source="label", author=f"operator-{number % 4}")
        if not found.sure:
            ranked = sorted(found.probabilities.values())
            unsure.append((ranked[-1] - ranked[-2], mail.id, label))
        elif is_audited(hash_of(mail.id), _KEY):
            drawn.append(label)
    return [label for _, _, label in sorted(unsure, key=lambda one: one[:2])][:LABELS_PER_NIGHT] + drawn


def hash_of(name: str) -> int:
    """Return a number for a name, as a raw_id would be."""
    return sum(ord(char) * 31**place for place, char in enumerate(name)) % 2**31


def _told(model: Model, stream: Sequence[Example], dev: Sequence[Example], night: int) -> dict[str, Any]:
    on_stream, on_dev = _alone(model, stream), _alone(model, dev)
    return {
        "case": f"night {night}",
        "stream_alone": on_stream[0],
        "stream_right": on_stream[1],
        "dev_alone": on_dev[0],
        "dev_right": on_dev[1],
        "dev_accuracy": on_dev[2],
    }


def _alone(model: Model, mails: Sequence[Example]) -> tuple[float, float, float]:
    predictions = model.predict([one.document for one in mails])
    sure = [mail.topic == found.topic for mail, found in zip(mails, predictions, strict=True) if found.sure]
    right = [mail.topic == found.topic for mail, found in zip(mails, predictions, strict=True)]
    return (
        round(len(sure) / len(mails), 3),
        round(sum(sure) / max(len(sure), 1), 3),
        round(sum(right) / len(right), 3),
    )


def _said(verdict: Verdict) -> str:
    return ("passed: " if verdict.passes else "refused: ") + verdict.reason


def _poisoned_night(
    serving: ServingVersion, known: Sequence[Example], mails: Sequence[Example], chance: random.Random
) -> list[dict[str, Any]]:
    """Let one operator label all of these mails, a fifth wrongly, and once more all rightly."""
    rows = []
    for share in (WRONG_SHARE, 0.0):
        labels = [
            replace(
                mail,
                topic=_another(mail.topic, chance) if chance.random() < share else mail.topic,
                source="label",
                author="operator-7",
            )
            for mail in mails
        ]
        examples = [*known, *labels]
        verdict = gate(examples, train(examples, target=TARGET).held_out, serving)
        frozen = next(one for one in verdict.comparisons if one.group == "frozen set")
        rows.append(
            {
                "case": f"{len(labels)} labels of one operator, {share:.0%} wrong",
                "gate": _said(verdict),
                "frozen_before": round(frozen.champion_right / frozen.mails, 4),
                "frozen_after": round(frozen.candidate_right / frozen.mails, 4),
            }
        )
    return rows


def _another(topic: str, chance: random.Random) -> str:
    return chance.choice([slug for slug in SLUGS if slug != topic])


def picture(rows: Sequence[dict[str, Any]]) -> str:
    """Draw coverage and precision over the nights."""
    width, height, margin = 640, 320, 46
    lines = (
        ("stream_alone", "#4a7db5", "routed alone, stream"),
        ("dev_alone", "#1e8449", "routed alone, dev part"),
        ("dev_right", "#c0392b", "of those right, dev part"),
    )

    def x(night: int) -> float:
        return margin + night * (width - 2 * margin) / max(len(rows) - 1, 1)

    def y(share: float) -> float:
        return height - margin - share * (height - 2 * margin)

    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11"><rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="{width / 2}" y="18" text-anchor="middle" font-size="13">A simulated month '
        "(synthetic mail): share routed alone at kept precision</text>"
    )
    parts = [head]
    for number in range(6):
        share = number / 5
        parts.append(
            f'<line x1="{margin}" x2="{width - margin}" y1="{y(share):.1f}" y2="{y(share):.1f}" '
            'stroke="#ddd"/>'
            f'<text x="{margin - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        )
    parts += [
        f'<text x="{x(place):.1f}" y="{height - margin + 16}" text-anchor="middle">{place}</text>'
        for place in range(len(rows))
    ]
    for number, (key, colour, name) in enumerate(lines):
        points = " ".join(f"{x(place):.1f},{y(row[key]):.1f}" for place, row in enumerate(rows))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{margin + 10 + number * 190}" y="{height - 8}" fill="{colour}">{name}</text>'
        )
    return "".join(parts) + "</svg>\n"
