"""Settings of reply templates: three languages side by side, filled in as they are typed, versions kept."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Form, HTTPException, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from console.context import console_of, visitor_of, words_for
from console.forms import GivenForm, field
from console.pages import back_to, render
from console.routes import page_router
from console.row_numbers import LARGEST
from models.reply_template import ANY_TOPIC, TEMPLATE_LANGUAGES, ReplyTemplate
from models.store.reply_templates import every_reply_template, reply_template_versions
from models.topics import ROUTED_SLUGS

router = page_router()
_NAME: Final = re.compile(r"[a-z0-9_]{1,40}")
Name = Annotated[str, Query(max_length=60)]


@router.get("/settings/templates", name="reply_templates")
def templates(request: Request) -> Response:
    """Show the templates by topic, those taken out of the list too."""
    with console_of(request).store.read() as db:
        found = every_reply_template(db)
    groups: defaultdict[tuple[str, str], dict[str, ReplyTemplate]] = defaultdict(dict)
    for one in found:
        groups[one.topic, one.name][one.language] = one
    order = {slug: at for at, slug in enumerate((ANY_TOPIC, *ROUTED_SLUGS))}
    rows = sorted(groups.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0][1]))
    return render(
        request,
        "templates.html",
        page="settings",
        tab="templates",
        rows=rows,
        template_languages=TEMPLATE_LANGUAGES,
        edit_address=edit_address,
    )


@router.get("/settings/templates/edit", name="edit_reply_template")
def edit(request: Request, topic: Name = "", name: Name = "") -> Response:
    """Show one template in three languages, or an empty one."""
    drafts = {
        language: ReplyTemplate(topic=topic, language=language, name=name, title="", text="")
        for language in TEMPLATE_LANGUAGES
    }
    with console_of(request).store.read() as db:
        for language in TEMPLATE_LANGUAGES if name else ():
            versions = reply_template_versions(db, topic, language, name)
            if versions:
                drafts[language] = versions[0]
    return _editor(request, drafts)


@router.post("/settings/templates", name="save_reply_template")
def save(request: Request, form: GivenForm) -> Response:
    """Save the languages that have words; nothing is saved where one of them may not stand."""
    words, topic, name = words_for(request), field(form, "topic"), field(form, "name")
    drafts = {language: _draft(form, topic, name, language) for language in TEMPLATE_LANGUAGES}
    if topic not in {ANY_TOPIC, *ROUTED_SLUGS} or not _NAME.fullmatch(name):
        return _editor(request, drafts, fault=words("templates.bad_name"), status=422)
    written = [draft for draft in drafts.values() if draft.title or draft.text]
    if not written:
        return _editor(request, drafts, fault=words("templates.nothing"), status=422)
    desk, login = console_of(request).desk, visitor_of(request).login
    for draft in written:
        problems = desk.policies.preview_template(draft.text, draft.language).problems
        if problems or not draft.title or not draft.text:
            said = "; ".join(problems) or words("templates.half")
            fault = f"{words.name('language', draft.language)}: {said}"
            return _editor(request, drafts, fault=fault, status=422)
    for draft in written:
        desk.save_reply_template(login, draft)
    return back_to(edit_address(topic, name), "saved")


@router.post("/settings/templates/preview", name="preview_reply_template")
def preview(request: Request, form: GivenForm) -> Response:
    """Fill one language in with invented values: a piece of the page."""
    language = field(form, "language")
    if language not in TEMPLATE_LANGUAGES:
        raise HTTPException(422)
    text = field(form, f"text.{language}")
    return render(
        request,
        "template_preview.html",
        language=language,
        rendered=console_of(request).desk.policies.preview_template(text, language),
    )


@router.post("/settings/templates/restore", name="restore_reply_template")
def restore(
    request: Request,
    topic: Annotated[str, Form(max_length=60)],
    language: Annotated[str, Form(max_length=5)],
    name: Annotated[str, Form(max_length=60)],
    version: Annotated[int, Form(ge=0, le=LARGEST)],
) -> Response:
    """Save an earlier version once more."""
    console = console_of(request)
    with console.store.read() as db:
        versions = reply_template_versions(db, topic, language, name)
    earlier = next((one for one in versions if one.version == version), None)
    if earlier is None:
        raise HTTPException(404)
    console.desk.save_reply_template(visitor_of(request).login, replace(earlier, version=0))
    return back_to(edit_address(topic, name), "restored")


def edit_address(topic: str, name: str) -> str:
    """Return where a template is edited."""
    return f"/settings/templates/edit?{urlencode({'topic': topic, 'name': name})}"


def _draft(form: FormData, topic: str, name: str, language: str) -> ReplyTemplate:
    return ReplyTemplate(
        topic=topic,
        language=language,
        name=name,
        title=field(form, f"title.{language}"),
        text=field(form, f"text.{language}").replace("\r\n", "\n"),
        active=field(form, "active") == "yes",
    )


def _editor(
    request: Request, drafts: dict[str, ReplyTemplate], *, fault: str = "", status: int = 200
) -> Response:
    console = console_of(request)
    one = next(iter(drafts.values()))
    previews, histories = {}, {}
    with console.store.read() as db:
        for language, draft in drafts.items():
            previews[language] = console.desk.policies.preview_template(draft.text, language)
            histories[language] = (
                reply_template_versions(db, one.topic, language, one.name) if one.name else ()
            )
    return render(
        request,
        "template.html",
        page="settings",
        tab="templates",
        status_code=status,
        fault=fault,
        drafts=drafts,
        one=one,
        is_new=not any(histories.values()),
        is_active=any(draft.active for draft in drafts.values() if draft.title) or not one.name,
        previews=previews,
        histories=histories,
        routed=ROUTED_SLUGS,
        variables=console.desk.reply_variables(),
    )
