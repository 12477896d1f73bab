"""Settings of topics: what each is called, what it needs, how much was labelled (rules of domain 2.1).

Changes are the policy `topics` over the shipped data: names, what is required, what is never asked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any, Final

from fastapi import HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from console.context import Console, console_of, visitor_of
from console.forms import GivenForm, field
from console.pages import back_to, render
from console.policy_desk import TOPICS, RequiredRow
from console.routes import page_router
from console.undo import UndoStep
from models.store.policy_history import policy_versions
from models.store.topic_figures import label_counts, topic_cards
from models.topic_policy import MOST_ALTERNATIVES, MOST_PARTS, names_of, needs_of, rule_key
from models.topics import LANGUAGES, ROUTED_SLUGS, SLUGS, topic_name

router = page_router()
LEAST_LABELLED: Final = 15  # below, a topic of one's own is for review only


@router.get("/settings/topics", name="topic_settings")
def topic_settings(request: Request) -> Response:
    """Show the topics with their names and required data."""
    console = console_of(request)
    needs: defaultdict[str, list[RequiredRow]] = defaultdict(list)
    for row in console.desk.policies.required_data():
        needs[row.topic].append(row)
    own_names = console.topic_names.of(console.store)
    body, _ = console.desk.policies.in_force(TOPICS)
    with console.store.read() as db:
        cards, labels = topic_cards(db), label_counts(db)
        versions = policy_versions(db, TOPICS)
    names = {card.slug: _names(own_names.get(card.slug, {}), card.slug) for card in cards}
    return render(
        request,
        "topics.html",
        page="settings",
        tab="topics",
        cards=cards,
        names=names,
        needs=needs,
        labels=labels,
        own=sorted(set(labels) - {card.slug for card in cards}),
        least=LEAST_LABELLED,
        editable=ROUTED_SLUGS,
        changed={slug for slug in SLUGS if names_of(body, slug) or needs_of(body, slug)},
        versions=versions,
    )


@router.get("/settings/topics/{slug}", name="edit_topic")
def edit_topic(request: Request, slug: str) -> Response:
    """Show one topic to change: names, what it needs, and how it is asked for in three languages."""
    console = _known(request, slug)
    body, version = console.desk.policies.in_force(TOPICS)
    names = _names(names_of(body, slug), slug)
    rows = console.desk.policies.topic_needs(slug)
    return render(
        request,
        "topic.html",
        page="settings",
        tab="topics",
        slug=slug,
        version=version,
        names=names,
        rows=rows,
        fields=console.desk.policies.askable_fields(),
        most_parts=MOST_PARTS,
        most_alternatives=MOST_ALTERNATIVES,
        previews=_previews(console, rows[:1], names),
        is_own=bool(names_of(body, slug) or needs_of(body, slug)),
    )


@router.post("/settings/topics/{slug}/preview", name="preview_topic")
def preview_topic(request: Request, slug: str, form: GivenForm) -> Response:
    """Write the questions as they would be asked: a piece of the page."""
    console = _known(request, slug)
    rows = _given(form, console.desk.policies.topic_needs(slug))
    at = field(form, "shown")
    chosen = rows[int(at)] if at.isdecimal() and len(at) < 3 and int(at) < len(rows) else rows[0]
    names = {language: field(form, f"name.{language}") for language in LANGUAGES}
    return render(request, "topic_preview.html", previews=_previews(console, [chosen], names))


@router.post("/settings/topics/{slug}", name="save_topic")
def save_topic(request: Request, slug: str, form: GivenForm) -> Response:
    """Save names and rules of one topic; the toast takes it back."""
    console, login = _known(request, slug), visitor_of(request).login
    policies = console.desk.policies
    before, version = policies.in_force(TOPICS)
    was = field(form, "was")
    if not was.isdecimal() or len(was) > 9:
        raise HTTPException(422)
    body = {key: value for key, value in before.items() if key.split("/")[1] != slug}
    if field(form, "act") != "shipped":
        body |= _kept(before, slug) | _changes(form, slug, policies.topic_needs(slug))
        body = {key: value for key, value in body.items() if value is not None}
    if body == dict(before):
        return back_to("/settings/topics", "saved")
    policies.change(TOPICS, body, int(was), login)
    token = console.shelf.put(login, (UndoStep(act="policy", number=version, before=TOPICS),))
    return back_to("/settings/topics", "saved", undo=token)


def _known(request: Request, slug: str) -> Console:
    if slug not in ROUTED_SLUGS:
        raise HTTPException(404)
    return console_of(request)


def _names(own: Any, slug: str) -> dict[str, str]:
    return {language: own.get(language) or topic_name(slug, language) for language in LANGUAGES}


def _kept(before: Any, slug: str) -> dict[str, Any]:
    """Return the rules of a topic that were the desk's own before; names come whole from the form."""
    rules = {key: value for key, value in before.items() if key.split("/")[1] == slug}
    return {key: value for key, value in rules.items() if not key.startswith("name/")}


def _changes(form: FormData, slug: str, rows: list[RequiredRow]) -> dict[str, Any]:
    """Return what a form says otherwise than is shown; a shipped name is no change."""
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        name = " ".join(field(form, f"name.{language}").split())
        if name and name != topic_name(slug, language):
            found[f"name/{slug}/{language}"] = name
    for row, given in zip(rows, _given(form, rows), strict=True):
        if given.required != row.required:
            found[rule_key("required", slug, row.subkind)] = list(given.required)
        if given != row:
            found[rule_key("skip", slug, row.subkind)] = list(given.skipped)
    return found


def _given(form: FormData, rows: list[RequiredRow]) -> list[RequiredRow]:
    """Read the rules of a form; a row that the form does not hold stays as it is."""
    found = []
    for at, row in enumerate(rows):
        if field(form, f"row.{at}") != row.subkind + ".":
            found.append(row)
            continue
        required, skipped = [], []
        for place in range(MOST_PARTS + 1):
            names = [field(form, f"part.{at}.{place}.{way}") for way in range(MOST_ALTERNATIVES)]
            part = "|".join(dict.fromkeys(name for name in names if name))
            if part and part not in required:
                required.append(part)
                if field(form, f"quiet.{at}.{place}"):
                    skipped.append(part)
        found.append(replace(row, required=tuple(required), skipped=tuple(skipped)))
    return found


def _previews(console: Console, rows: list[RequiredRow], names: dict[str, str]) -> list[tuple[str, str]]:
    """Return the question of a row in each language; nothing where a field is none of ours."""
    known = frozenset(console.desk.policies.askable_fields())
    return [
        (language, console.desk.policies.preview_question(row, language, names[language]))
        for row in rows
        for language in LANGUAGES
        if known.issuperset(name for part in row.required for name in part.split("|"))
    ]
