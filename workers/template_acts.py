"""What an operator does with reply templates: choose one for a ticket, look at it filled in, save one.

In go a ticket's number and a text, out comes what would be sent. A template that breaks a rule of
what the desk may say, or uses a variable that does not exist, is not saved; a reply with a variable
that has no value is not sent (`workers.reply_templates` says why in words for the operator).
"""

from __future__ import annotations

from datetime import datetime

from models.reply_template import RenderedReply, ReplyTemplate
from models.store import Db
from models.store.reply_templates import reply_templates, save_reply_template
from models.store.ticket_life import audit, ticket_row
from models.store.ticket_states import load_ticket_state
from workers.acts import ActError
from workers.replies.lint import faults_of
from workers.reply_templates import MAX_REPLY_CHARS, render, template_problems, template_values
from workers.service import Service


def templates_for(service: Service, number: int) -> tuple[ReplyTemplate, ...]:
    """Return the templates that fit a ticket's topic and language; raises StoreError without the ticket."""
    with service.store.read() as db:
        row = ticket_row(db, number)
        return reply_templates(db, row.topic, row.language)


def preview_reply(service: Service, number: int, text: str) -> RenderedReply:
    """Fill an operator's words in as `write_reply` would, and send nothing."""
    with service.store.read() as db:
        ticket_row(db, number)
        return render(text[:MAX_REPLY_CHARS], template_values(load_ticket_state(db, number, service.now())))


def save_template(service: Service, actor: str, template: ReplyTemplate) -> ReplyTemplate:
    """Save a version of a template and return it; raises ActError with the reason when it may not stand."""
    if problems := template_problems(template):
        msg = f"this template {'; it '.join(problems)}"
        raise ActError(msg)
    with service.store.write({"reply templates"}) as db:
        saved = save_reply_template(db, template, author=actor, now_utc=service.now())
        subject = f"reply_template:{saved.topic or '*'}/{saved.language}/{saved.name}"
        audit(db, actor, "template", subject, service.now(), version=saved.version, active=saved.active)
    return saved


def filled_in(db: Db, number: int, words: str, now_utc: datetime) -> str:
    """Return an operator's words with their variables filled in; raises ActError when they may not leave."""
    _check_length(words)
    rendered = render(words, template_values(load_ticket_state(db, number, now_utc)))
    if not rendered.is_ready:
        msg = f"this reply {'; it '.join(rendered.problems)}"
        raise ActError(msg)
    return rendered.text


def checked(words: str) -> str:
    """Return words that belong to no ticket; raises ActError when they break a rule of the desk."""
    _check_length(words)
    if faults := faults_of(words):
        msg = f"this reply {'; it '.join(faults)}"
        raise ActError(msg)
    return words


def _check_length(words: str) -> None:
    if not words.strip() or len(words) > MAX_REPLY_CHARS:
        msg = f"a reply has between 1 and {MAX_REPLY_CHARS:,} characters; this one has {len(words):,}"
        raise ActError(msg)
