"""`razbor evaluate FILE…`: how well mails of a labelled file are read, classified and asked about.

Each row is rendered as a raw mail and goes the way of every mail: reading, prediction, decision.
Unless told otherwise the model is trained on the bundled corpus without the mails of these
files, so no mail is judged by a model that has seen it. The corpus is synthetic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from classifier.artifact import Model
    from models.decisions import TriageResult
    from models.records import Mail
    from settings import Settings

NEEDED = ("id", "lang", "from", "to", "subject", "body", "attachments", "topic", "entities", "missing")


def evaluate(
    files: Annotated[
        list[Path],
        typer.Argument(help="Labelled mails: the corpus format, or CSV with columns topic and text."),
    ],
    *,
    champion: Annotated[
        bool, typer.Option("--champion", help="Judge the serving model, which may have seen these mails.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure topic, entities and missing data on labelled mails."""
    from settings import load_settings

    settings = load_settings()
    for path in files:
        if path.suffix.lower() == ".csv":
            _evaluate_csv(path, settings, champion=champion, as_json=as_json)
            continue
        rows = read_rows(path)
        model = _model(settings, rows, champion=champion, quiet=as_json)
        scores = score_rows(rows, model, settings, quiet=as_json)
        if as_json:
            print_json(scores)
        else:
            _show(path, scores, model_name="the serving model" if champion else "a model without these mails")


def _evaluate_csv(path: Path, settings: Settings, *, champion: bool, as_json: bool) -> None:
    """Judge the topics of a CSV file; it says nothing of entities and missing data."""
    from classifier.dataset import default_corpus_paths, load_corpus
    from classifier.evaluate import Judged, score_topics
    from classifier.own_data import OwnDataError, load_folder, load_own
    from cli.serving_model import corpus_model, serving_model

    try:
        judged = load_own(path)
        known = [*load_corpus(default_corpus_paths()), *load_folder(settings.labelled_dir)]
    except OwnDataError as error:
        raise KnownError(str(error)) from None
    texts = {example.group for example in judged}
    model = (
        serving_model(settings, quiet=as_json)
        if champion
        else corpus_model(settings, [one for one in known if one.group not in texts], quiet=as_json)
    )
    predictions = model.predict([example.document for example in judged])
    pairs = zip(judged, predictions, strict=True)
    scores = score_topics(
        [Judged(topic=one.topic, language=one.document.analyser, prediction=found) for one, found in pairs],
        target=settings.precision_target,
    )
    if as_json:
        print_json({"n": len(judged), "topic": scores})
    else:
        _show_topics(path, len(judged), scores, "the serving model" if champion else "a model without them")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Load a labelled file. Raises KnownError that names the line and what is wrong with it."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise KnownError(f"{path}, line {number}: no JSON object ({error.msg}).") from None
        absent = [key for key in NEEDED if key not in row]
        if absent:
            raise KnownError(
                f"{path}, line {number}: lacks {', '.join(absent)}; see classifier/corpus/README.md."
            )
        rows.append(row)
    if not rows:
        raise KnownError(f"{path} holds no mails.")
    return rows


def _model(settings: Settings, rows: list[dict[str, Any]], *, champion: bool, quiet: bool) -> Model:
    from classifier.dataset import default_corpus_paths, load_corpus
    from cli.serving_model import corpus_model, serving_model

    if champion:
        return serving_model(settings, quiet=quiet)
    judged = {row["id"] for row in rows}
    examples = [example for example in load_corpus(default_corpus_paths()) if example.id not in judged]
    return corpus_model(settings, examples, quiet=quiet)


def score_rows(
    rows: list[dict[str, Any]], model: Model, settings: Settings, *, quiet: bool
) -> dict[str, Any]:
    """Triage every row and compare; returns the object of `evaluate --json`."""
    from classifier.evaluate import Judged, score_topics
    from models.entity_scores import score_entities
    from workers.missing_scores import MissingCase, score_missing

    pairs = [(row, *_triage(row, model, settings)) for row in _progress(rows, quiet=quiet)]
    topics = score_topics(
        [
            Judged(topic=row["topic"], language=row["lang"], prediction=result.prediction)
            for row, _, result in pairs
        ],
        target=settings.precision_target,
    )
    entities = score_entities((row["lang"], row["entities"], mail.entities) for row, mail, _ in pairs)
    missing = score_missing(
        MissingCase(
            gold=tuple(row["missing"]),
            found=result.topic.missing if result.decision.decision in {"route", "review"} else (),
            gold_topic=row["topic"],
            found_topic=result.decision.topic,
            language=row["lang"],
        )
        for row, _, result in pairs
    )
    return {
        "n": len(rows),
        "topic": topics,
        "entities": entities.as_json(),
        "missing": {
            "exact": round(missing.exact, 4),
            "exact_topic_right": round(missing.exact_topic_right, 4),
            "n_topic_right": missing.n_topic_right,
            "per_language": {name: round(share, 4) for name, share in missing.per_language.items()},
        },
    }


def _triage(row: dict[str, Any], model: Model, settings: Settings) -> tuple[Mail, TriageResult]:
    from cli.corpus_mail import render
    from cli.triage import triage_mail
    from intake.read_mail import ReadOptions, read_mail

    mail = read_mail(render(row), None, ReadOptions(timezone=settings.timezone))
    return mail, triage_mail(mail, model, settings)


def _progress(rows: list[dict[str, Any]], *, quiet: bool) -> Iterable[dict[str, Any]]:
    if quiet:
        return rows
    from rich.console import Console
    from rich.progress import track

    return track(rows, description="evaluating", console=Console(stderr=True), transient=True)


def _show(path: Path, scores: dict[str, Any], *, model_name: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    entities, missing = scores["entities"], scores["missing"]
    _show_topics(path, scores["n"], scores["topic"], model_name)
    console.print(f"entities: micro F1 {entities['micro_f1']:.3f} {entities['per_language']}")
    table = Table(box=None, pad_edge=False)
    for column in ("type", "precision", "recall", "F1", "gold"):
        table.add_column(column, justify="left" if column == "type" else "right")
    for name, part in entities["per_type"].items():
        table.add_row(name, *(f"{part[k]:.3f}" for k in ("precision", "recall", "f1")), str(part["gold"]))
    console.print(table)
    console.print(
        f"missing data: exact for {missing['exact']:.1%} of all mails, "
        f"{missing['exact_topic_right']:.1%} of the "
        f"{missing['n_topic_right']} whose topic is right"
    )


def _show_topics(path: Path, mails: int, topic: dict[str, Any], model_name: str) -> None:
    from rich.console import Console

    console = Console()
    console.print(f"[bold]{path}[/bold]: {mails} mails, judged by {model_name} (bundled data are synthetic)")
    precision = topic["precision_at_coverage"]
    console.print(
        f"topic: accuracy {topic['accuracy']:.3f}, macro F1 {topic['macro_f1']:.3f}, ECE {topic['ece']:.3f}, "
        f"routed alone {topic['coverage_at_target']:.1%}"
        + (f" at precision {precision:.1%}" if precision is not None else "")
    )
    for language, part in sorted(topic["per_language"].items()):
        console.print(f"  {language}: " + ", ".join(f"{k} {v:.3f}" for k, v in part.items() if v is not None))
