"""Model versions: what each is worth, why it serves or not, the report; train, promote, go back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from console.context import console_of, topic_words, visitor_of, words_for
from console.gate_words import gate_phrases
from console.pages import back_to, render
from console.promise import LEAST_AUDITED, upper_bound
from console.routes import page_router
from models.store import StoreError
from models.store.review import live_precision
from models.store.training_runs import newest_night, newest_training
from models.store.version_cards import VersionCard, version_cards
from models.store.versions import pinned, report_of

router = page_router()
NIGHT_JOB: Final = "retrain"
FIGURES: Final = ("accuracy", "macro_f1", "ece", "coverage_at_target", "precision_at_coverage")
LESS_IS_BETTER: Final = frozenset({"ece"})
REPORT_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


@router.get("/models", name="models")
def models(request: Request) -> Response:
    """Show the serving version, its promise and its drift, the training, and all versions."""
    console = console_of(request)
    with console.store.read() as db:
        cards = version_cards(db)
        serving = next((card for card in cards if card.state == "champion"), None)
        live = None if serving is None else live_precision(db, serving.name)
        pin = pinned(db)
        night = newest_night(db, NIGHT_JOB)
    return render(
        request,
        "models.html",
        page="models",
        cards=cards,
        serving=serving,
        live=live,
        pin=pin,
        night=night,
        drift=console.desk.models.drift(),
        target=console.options.precision_target,
        is_broken=live is not None
        and live.labelled >= LEAST_AUDITED
        and upper_bound(live.right, live.labelled) < console.options.precision_target,
        phrases=_phrases(request),
        **_training(request),
    )


@router.get("/models/training", name="training")
def training(request: Request) -> Response:
    """Show how far the training is: a piece of the page, asked for again while it runs."""
    return render(request, "training.html", phrases=_phrases(request), **_training(request))


@router.post("/models/train", name="order_training")
def order_training(request: Request) -> Response:
    """Order a training."""
    console_of(request).desk.models.order_training(visitor_of(request).login)
    return back_to("/models", "training_ordered")


@router.post("/models/rollback", name="roll_back_model")
def roll_back(request: Request, reason: Annotated[str, Form(max_length=300)] = "") -> Response:
    """Let the version before serve again."""
    console_of(request).desk.models.roll_back(visitor_of(request).login, reason.strip())
    return back_to("/models", "rolled_back")


@router.post("/models/unpin", name="unpin_model")
def unpin(request: Request) -> Response:
    """Let better versions replace the pinned one again."""
    console_of(request).desk.models.unpin(visitor_of(request).login)
    return back_to("/models", "unpinned")


@router.post("/models/{name}/promote", name="promote_model")
def promote(request: Request, name: str) -> Response:
    """Let a version serve."""
    console_of(request).desk.models.promote(name[:200], visitor_of(request).login)
    return back_to("/models", "promoted")


@router.get("/models/{name}", name="model")
def model(request: Request, name: str) -> Response:
    """Show one version against the one that serves."""
    console = console_of(request)
    with console.store.read() as db:
        card = next(iter(version_cards(db, name=name)), None)
        cards = version_cards(db)
        live = live_precision(db, name)
        pin = pinned(db)
    if card is None:
        raise HTTPException(404)
    serving = next((one for one in cards if one.state == "champion" and one.name != name), None)
    return render(
        request,
        "model.html",
        page="models",
        card=card,
        serving=serving,
        live=live,
        pin=pin,
        figures=compared_figures(card, serving),
        by_language=compared_parts(card, serving, "per_language", "accuracy"),
        by_topic=compared_parts(card, serving, "per_topic", "f1"),
        less_is_better=LESS_IS_BETTER,
        phrases=_phrases(request),
    )


@router.get("/models/{name}/report", name="model_report")
def report(request: Request, name: str) -> Response:
    """Give the report of a version; it runs no script and is framed by this console only."""
    try:
        with console_of(request).store.read() as db:
            html = report_of(db, name)
    except StoreError as error:
        raise HTTPException(404) from error
    headers = {"Content-Security-Policy": REPORT_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(html, headers=headers)


def compared_figures(
    card: VersionCard, other: VersionCard | None
) -> list[tuple[str, float | None, float | None]]:
    """Return name, figure and figure of the other version, None for what one does not have."""
    before = {} if other is None else other.metrics
    return [(name, _figure(card.metrics, name), _figure(before, name)) for name in FIGURES]


def compared_parts(
    card: VersionCard, other: VersionCard | None, group: str, figure: str
) -> list[tuple[str, int, float | None, float | None]]:
    """Return name, mails, figure and the other version's figure of each part of a group, by name."""
    parts: dict[str, dict[str, Any]] = card.metrics.get(group) or {}
    before: dict[str, dict[str, Any]] = {} if other is None else other.metrics.get(group) or {}
    return [
        (name, int(part.get("n", 0)), _figure(part, figure), _figure(before.get(name, {}), figure))
        for name, part in sorted(parts.items())
    ]


def _figure(table: dict[str, Any], name: str) -> float | None:
    value = table.get(name)
    return float(value) if isinstance(value, int | float) else None


def _training(request: Request) -> dict[str, Any]:
    console = console_of(request)
    with console.store.read() as db:
        run = newest_training(db, console.desk.now())
    return {"run": run, "is_running": run is not None and not run.outcome}


def _phrases(request: Request) -> Callable[[str], list[str]]:
    words, topic = words_for(request), topic_words(request)
    return lambda note: gate_phrases(note, words, topic)
