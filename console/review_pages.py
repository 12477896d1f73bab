"""Review: one mail at a time, the most telling first; a key decides, and `U` takes it back.

The page holds the mail and the two after it, so a decision shows the next mail without waiting.
A choice is worked by its topic queue after `UNDO_S`: until then nobody was answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from fastapi import Form, HTTPException, Query, Request
from fastapi.responses import Response

from console.context import console_of, topic_words, visitor_of, words_for
from console.desk import DeskRefusalError
from console.marked_text import Piece, pieces
from console.pages import back_to, render
from console.routes import page_router
from console.row_numbers import LARGEST, RowNumber
from models.store.learning import ticket_of_mail
from models.store.review_cards import (
    ReviewCard,
    last_choice,
    mark_undone,
    next_cards,
    note_choice,
    predicted_topic,
    review_card,
    review_figures,
)
from models.topics import SLUGS

router = page_router()
UNDO_S: Final = 10
CARDS: Final = 3
NUMBERED: Final = 9  # topics with a key of their own
OFFERED: Final = 3  # with a bar
MOST_PASSED: Final = 300
LONGEST_MS: Final = 600_000  # longer than ten minutes is a break, not a decision
Passed = Annotated[str, Query(max_length=4000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A topic with its key; without a share where the model's opinion is hidden."""

    key: int
    topic: str
    percent: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCard:
    """A mail for review with its marks and offers."""

    card: ReviewCard
    subject: list[Piece]
    text: list[Piece]
    offers: list[Offer]
    others: list[Offer]
    threshold_percent: int


@router.get("/review", name="review")
def review(request: Request, passed: Passed = "") -> Response:
    """Show the next mails."""
    console, visitor = console_of(request), visitor_of(request)
    with console.store.read() as db:
        cards, left = next_cards(db, _numbers(passed), CARDS, visitor.login)
        figures = review_figures(db, visitor.login, console.desk.now())
    shown = [_shown(card) for card in cards]
    return render(
        request,
        "review.html",
        page="review",
        cards=shown,
        left=left,
        figures=figures,
        passed=passed,
        message="",
    )


@router.post("/review/{raw_id}", name="choose_topic")
def choose_topic(
    request: Request,
    raw_id: RowNumber,
    topic: Annotated[str, Form(max_length=100)],
    ms: Annotated[int, Form(ge=0, le=LARGEST)] = 0,
    passed: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Give a mail its topic and answer with the next mail that the page does not hold yet."""
    console, login = console_of(request), visitor_of(request).login
    if topic not in SLUGS:
        raise HTTPException(422)
    now = console.desk.now()
    with console.store.write({f"raw:{raw_id}"}) as db:
        number = ticket_of_mail(db, raw_id)
        if number is None:
            raise HTTPException(404)
        card = review_card(db, raw_id, number)
        if not card.in_review and not card.is_audit:
            raise DeskRefusalError(words_for(request)("review.already", number=f"RZ-{number}"))
        note_choice(db, card, login, topic, duration_ms=ms if ms < LONGEST_MS else 0, now_utc=now)
        predicted, confidence = predicted_topic(db, raw_id)
    source = "audit" if card.is_audit else "review"
    console.desk.choose_topic(number, login, topic, source, UNDO_S)
    message = ""
    if card.is_audit and predicted:
        words = words_for(request)
        name = topic_words(request)(predicted)
        message = words("review.model_said", topic=name, share=round(confidence * 100))
    return _next(request, passed, message)


@router.post("/review/undo/last", name="undo_choice")
def undo_choice(request: Request) -> Response:
    """Take the last choice of this person back and show its mail again."""
    console, login = console_of(request), visitor_of(request).login
    now = console.desk.now()
    with console.store.read() as db:
        choice = last_choice(db, login, now - timedelta(minutes=10))
    if choice is None:
        raise DeskRefusalError(words_for(request)("said.too_late"))
    console.desk.take_back_topic(
        choice.ticket, login, choice.topic_before, choice.status_before, in_review=choice.was_in_review
    )
    with console.store.write() as db:
        mark_undone(db, choice.id, now)
        card = review_card(db, choice.raw_id, choice.ticket)
        figures = review_figures(db, login, now)
        left = next_cards(db, (), 0)[1]
    if not request.headers.get("x-razbor"):
        return back_to("/review", "choice_undone")
    message = words_for(request)("said.choice_undone")
    return render(
        request, "cards.html", cards=[_shown(card)], left=left, figures=figures, passed="", message=message
    )


def _next(request: Request, passed: str, message: str) -> Response:
    if not request.headers.get("x-razbor"):
        return back_to("/review" + (f"?passed={passed}" if passed else ""))
    console, visitor = console_of(request), visitor_of(request)
    with console.store.read() as db:
        cards, left = next_cards(db, _numbers(passed), 1, visitor.login)
        figures = review_figures(db, visitor.login, console.desk.now())
    shown = [_shown(card) for card in cards]
    return render(request, "cards.html", cards=shown, left=left, figures=figures, passed="", message=message)


def _shown(card: ReviewCard) -> ShownCard:
    ranked = sorted(card.probabilities, key=lambda slug: -card.probabilities[slug])
    order = [slug for slug in ranked if slug in SLUGS] if ranked else list(SLUGS)
    top = set(order[:OFFERED])
    reasons = [reason for reason in card.reasons if reason["topic"] in top and float(reason["weight"]) > 0]
    offers = [_offer(card, key, slug) for key, slug in enumerate(order[:NUMBERED], start=1)]
    cut = OFFERED if ranked else 0
    return ShownCard(
        card=card,
        subject=pieces(card.subject, reasons=reasons, entities=card.entities, where="subject"),
        text=pieces(card.text, reasons=reasons, entities=card.entities),
        offers=offers[:cut],
        others=offers[cut:],
        threshold_percent=min(round(card.threshold * 100), 100),
    )


def _offer(card: ReviewCard, key: int, slug: str) -> Offer:
    if not card.probabilities:
        return Offer(key=key, topic=slug, percent=None, why="")
    share = card.confidence if slug == card.predicted else card.probabilities[slug]
    spoke = [r for r in card.reasons if r["topic"] == slug and float(r["weight"]) > 0]
    spoke.sort(key=lambda reason: -float(reason["weight"]))
    why = " · ".join(dict.fromkeys(str(reason["text"]) for reason in spoke[:3]))
    return Offer(key=key, topic=slug, percent=round(share * 100), why=why)


def _numbers(passed: str) -> list[int]:
    """Read the numbers of mails that the page passed over, then holds; what is no number is left out."""
    parts = [part for part in passed.split(",") if part.isdecimal() and len(part) < 15]
    return [int(part) for part in parts[-MOST_PASSED:]]
