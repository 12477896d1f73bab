"""Settings of topics: what each is called, what it needs, how much was labelled (rules of domain 2.1)."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from console.context import console_of
from console.pages import render
from console.policy_desk import RequiredRow
from models.store.topic_figures import label_counts, topic_cards

router = APIRouter()
LEAST_LABELLED: Final = 15  # below, a topic of one's own is for review only


@router.get("/settings/topics", name="topic_settings")
def topic_settings(request: Request) -> Response:
    """Show the topics with their names and required data."""
    console = console_of(request)
    needs: defaultdict[str, list[RequiredRow]] = defaultdict(list)
    for row in console.desk.policies.required_data():
        needs[row.topic].append(row)
    with console.store.read() as db:
        cards, labels = topic_cards(db), label_counts(db)
    return render(
        request,
        "topics.html",
        page="settings",
        tab="topics",
        cards=cards,
        needs=needs,
        labels=labels,
        own=sorted(set(labels) - {card.slug for card in cards}),
        least=LEAST_LABELLED,
    )
