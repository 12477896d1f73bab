"""The console's `Desk` over the acts of `workers`: the one place where the two rooms meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Self

from cli.model_acts import ModelActs
from cli.policy_acts import PolicyActs
from console.desk import DeskRefusalError
from models.macro import Macro
from models.opened_file import MailPreview, OpenedFile
from models.reply_template import RenderedReply, ReplyTemplate
from models.store import Db, StoreError
from models.store.mails import retry_held
from models.store.ticket_life import audit
from models.topics import Status
from workers import acts, macros, opening, reply_acts, set_aside, splitting, template_acts, webhooks
from workers.reply_templates import variable_names
from workers.service import Service


class DeskActs:
    """Acts on tickets, replies and mails; see `console.desk.Desk` for what each one means."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.models = ModelActs(service)
        self.policies = PolicyActs(service)

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return self._service.now()

    def take(self, number: int, actor: str, assignee: str) -> None:
        """Assign a ticket."""
        with _refusals():
            acts.take(self._service, number, actor, assignee=assignee)

    def move(self, number: int, actor: str, to: str, reason: str) -> None:
        """Move a ticket to another status than closed."""
        with _refusals():
            acts.move(self._service, number, actor, Status(to), reason)

    def close(self, number: int, actor: str, resolution: str, reason: str) -> None:
        """Close a ticket."""
        with _refusals():
            acts.close(self._service, number, actor, resolution=resolution, reason=reason)

    def set_stage(self, number: int, actor: str, stage: str) -> None:
        """Set how far the work is."""
        with _refusals():
            acts.set_stage(self._service, number, actor, stage)

    def choose_topic(self, number: int, actor: str, topic: str, source: str, delay_s: int) -> None:
        """Give a ticket its topic; its queue works it after the delay."""
        with _refusals():
            acts.choose_topic(self._service, number, actor, topic, source=source, delay_s=delay_s)

    def take_back_topic(self, number: int, actor: str, topic: str, status: str, *, in_review: bool) -> None:
        """Undo a choice of topic."""
        with _refusals():
            acts.take_back_topic(self._service, number, actor, topic, Status(status), in_review=in_review)

    def set_fact(self, number: int, actor: str, field: str, value: str, was: str) -> None:
        """Add, correct or withdraw a fact."""
        with _refusals():
            acts.set_fact(self._service, number, actor, field, value, was=was)

    def bind_seller(self, number: int, actor: str, seller_id: str) -> None:
        """Bind a ticket to a seller."""
        with _refusals():
            acts.bind_seller(self._service, number, actor, seller_id)

    def escalate(self, number: int, actor: str, reason: str) -> None:
        """Put a ticket into the lead's queue or out of it."""
        with _refusals():
            acts.escalate(self._service, number, actor, reason)

    def write_note(self, number: int, actor: str, text: str) -> None:
        """Leave a note."""
        with _refusals():
            acts.write_note(self._service, number, actor, text)

    def merge(self, number: int, actor: str, into: int) -> None:
        """Merge a ticket into another one."""
        with _refusals():
            acts.merge(self._service, number, actor, into)

    def split(self, number: int, actor: str, raw_id: int) -> int:
        """Move a mail into a ticket of its own."""
        with _refusals():
            return splitting.split(self._service, number, actor, raw_id)

    def open_file(self, attachment_id: int, actor: str, how: str) -> OpenedFile:
        """Return an attachment as it was sent."""
        with _refusals():
            return opening.open_file(self._service, attachment_id, actor, how=how)

    def open_letter(self, raw_id: int, actor: str, *, sees_secrets: bool) -> str:
        """Return the sanitised HTML of a mail."""
        with _refusals():
            return opening.open_letter(self._service, raw_id, actor, sees_secrets=sees_secrets)

    def open_raw(self, raw_id: int, actor: str) -> bytes:
        """Return a mail as it was accepted."""
        with _refusals():
            return opening.open_raw(self._service, raw_id, actor)

    def preview_held(self, raw_id: int, actor: str) -> MailPreview:
        """Return the first words of a held mail."""
        with _refusals():
            return opening.preview_held(self._service, raw_id, actor)

    def macros(self, number: int) -> tuple[Macro, ...]:
        """Return the macros that fit a ticket."""
        with _refusals():
            return macros.macros_for(self._service, number)

    def run_macro(self, number: int, actor: str, name: str) -> None:
        """Answer with a macro's template and do what else it says."""
        with _refusals():
            macros.run_macro(self._service, number, actor, name)

    def set_priority(self, number: int, actor: str, priority: str, reason: str) -> None:
        """Set a priority by hand."""
        with _refusals():
            acts.set_priority(self._service, number, actor, priority, reason)

    def write_reply(self, number: int, actor: str, text: str, *, waits_for_seller: bool) -> int:
        """Send an operator's words."""
        with _refusals():
            return reply_acts.write_reply(
                self._service, number, actor, text, waits_for_seller=waits_for_seller
            )

    def write_draft(self, number: int, actor: str, text: str) -> int:
        """Keep an operator's words as a draft."""
        with _refusals():
            return reply_acts.write_draft(self._service, number, actor, text)

    def reply_templates(self, number: int) -> tuple[ReplyTemplate, ...]:
        """Return the templates that fit a ticket."""
        with _refusals():
            return template_acts.templates_for(self._service, number)

    def preview_reply(self, number: int, text: str) -> RenderedReply:
        """Fill the variables of an operator's words in."""
        with _refusals():
            return template_acts.preview_reply(self._service, number, text)

    def save_reply_template(self, actor: str, template: ReplyTemplate) -> ReplyTemplate:
        """Save a version of a template."""
        with _refusals():
            return template_acts.save_template(self._service, actor, template)

    def reply_variables(self) -> tuple[str, ...]:
        """Return the variables that a template may use."""
        return variable_names()

    def approve_draft(self, outbox_id: int, actor: str, text: str | None) -> None:
        """Let a draft leave."""
        with _refusals():
            reply_acts.approve_draft(self._service, outbox_id, actor, text=text)

    def drop_draft(self, outbox_id: int, actor: str, reason: str) -> None:
        """Drop a draft."""
        with _refusals():
            reply_acts.drop_draft(self._service, outbox_id, actor, reason)

    def resend(self, outbox_id: int, actor: str) -> None:
        """Send a failed or doubtful mail again."""
        with _refusals():
            reply_acts.resend(self._service, outbox_id, actor)

    def retry_held(self, raw_ids: Sequence[int], actor: str) -> int:
        """Read held mails again; the sweeper finds them within seconds."""
        with self._service.store.write() as db:
            count = retry_held(db, raw_ids)
            for raw_id in raw_ids:
                audit(db, actor, "retry", f"raw:{raw_id}", self.now())
        return count

    def release(self, raw_id: int, actor: str) -> int:
        """Open a ticket in review for a quarantined mail."""
        with _refusals():
            return set_aside.release(self._service, raw_id, actor)

    def confirm_spam(self, raw_id: int, actor: str) -> None:
        """Label a quarantined mail as spam."""
        with _refusals():
            set_aside.confirm_spam(self._service, raw_id, actor)

    def add_webhook(self, actor: str, name: str, url: str, kinds: Sequence[str]) -> str:
        """Tell a system of events from now on."""
        with _refusals():
            return webhooks.subscribe(self._service, actor, name, url, list(kinds))

    def remove_webhook(self, actor: str, name: str) -> None:
        """Tell a system nothing more."""
        with _refusals():
            webhooks.unsubscribe(self._service, actor, name)

    def test_webhook(self, actor: str, name: str) -> str:
        """Send a test event now."""
        with _refusals():
            return webhooks.ping(self._service, actor, name).error

    def resend_event(self, actor: str, delivery_id: int) -> None:
        """Tell an event once more."""
        with _refusals():
            webhooks.tell_once_more(self._service, actor, delivery_id)

    def checked(self, check: Callable[[Db], None], keys: Iterable[str] = ()) -> Self:
        """Return the same desk with a check before every act."""
        return type(self)(replace(self._service, store=self._service.store.checked(check, keys)))

    def resolutions(self, topic: str) -> dict[str, dict[str, str]]:
        """Return the codes that close a ticket of a topic; of every topic for ""."""
        return acts.resolutions_of(topic)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell a refusal in the console's terms."""
    try:
        yield
    except (acts.ActError, StoreError) as error:
        raise DeskRefusalError(str(error)) from error
