"""What the console asks the desk to do: every act on a ticket, a reply or a mail.

The console beside the workers knows none of their code. Whoever starts it hands in an object of
this shape; every method is one audited transaction and raises `DeskRefusalError` with words for
the operator when the rules do not allow the act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, Self

from console.model_desk import ModelDesk
from console.policy_desk import PolicyDesk
from models.macro import Macro
from models.opened_file import MailPreview, OpenedFile
from models.reply_template import RenderedReply, ReplyTemplate
from models.store import Db

STAGES = ("intake", "analysis", "approval", "execution", "check")  # rule R27


class DeskRefusalError(Exception):
    """The rules do not allow an act; the message tells why and what to do instead."""


class Desk(Protocol):
    """Acts on tickets, replies and mails; `actor` is the login of the operator."""

    @property
    def models(self) -> ModelDesk:
        """Acts on model versions."""

    @property
    def policies(self) -> PolicyDesk:
        """The desk's policies."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""

    def take(self, number: int, actor: str, assignee: str) -> None:
        """Assign a ticket; "" gives it back to everybody."""

    def move(self, number: int, actor: str, to: str, reason: str) -> None:
        """Move a ticket to another status than closed."""

    def close(self, number: int, actor: str, resolution: str, reason: str) -> None:
        """Close a ticket with a resolution of its topic and a reason."""

    def set_stage(self, number: int, actor: str, stage: str) -> None:
        """Set how far the work on a ticket is."""

    def choose_topic(self, number: int, actor: str, topic: str, source: str, delay_s: int) -> None:
        """Give a ticket its topic; its queue works it after `delay_s`, so that the choice can be undone."""

    def take_back_topic(self, number: int, actor: str, topic: str, status: str, *, in_review: bool) -> None:
        """Undo a choice of topic: what was before is given back."""

    def set_fact(self, number: int, actor: str, field: str, value: str, was: str) -> None:
        """Add a fact, or correct or withdraw the value `was`."""

    def bind_seller(self, number: int, actor: str, seller_id: str) -> None:
        """Bind a ticket to a seller."""

    def escalate(self, number: int, actor: str, reason: str) -> None:
        """Put a ticket into the lead's queue; an empty reason takes it out."""

    def write_note(self, number: int, actor: str, text: str) -> None:
        """Leave a note that sellers never see."""

    def merge(self, number: int, actor: str, into: int) -> None:
        """Merge a ticket into another one."""

    def split(self, number: int, actor: str, raw_id: int) -> int:
        """Move a mail with its facts into a ticket of its own; return that one's number."""

    def open_file(self, attachment_id: int, actor: str, how: str) -> OpenedFile:
        """Return an attachment as it was sent; `how` it is looked at is audited."""

    def open_letter(self, raw_id: int, actor: str, *, sees_secrets: bool) -> str:
        """Return the sanitised HTML of a mail, "" where it has none; audited."""

    def open_raw(self, raw_id: int, actor: str) -> bytes:
        """Return a mail octet for octet as it was accepted; audited."""

    def preview_held(self, raw_id: int, actor: str) -> MailPreview:
        """Return the first words of a mail that could not be read, without secrets; audited."""

    def macros(self, number: int) -> tuple[Macro, ...]:
        """Return the macros that fit a ticket's topic and language."""

    def run_macro(self, number: int, actor: str, name: str) -> None:
        """Answer with the macro's template and do what else it says, in its order."""

    def set_priority(self, number: int, actor: str, priority: str, reason: str) -> None:
        """Set a priority by hand; "" lets it be worked out again."""

    def write_reply(self, number: int, actor: str, text: str, *, waits_for_seller: bool) -> int:
        """Send an operator's words to the seller; return the number in the outbox."""

    def write_draft(self, number: int, actor: str, text: str) -> int:
        """Keep words as a draft until somebody approves them; return the number in the outbox."""

    def reply_templates(self, number: int) -> tuple[ReplyTemplate, ...]:
        """Return the templates that fit a ticket's topic and language, its topic's own first."""

    def preview_reply(self, number: int, text: str) -> RenderedReply:
        """Fill the variables of an operator's words in, as `write_reply` would; nothing is sent."""

    def save_reply_template(self, actor: str, template: ReplyTemplate) -> ReplyTemplate:
        """Save a version of a template; `active=False` takes it out of the list."""

    def reply_variables(self) -> tuple[str, ...]:
        """Return the variables that a template may use, without their braces."""

    def approve_draft(self, outbox_id: int, actor: str, text: str | None) -> None:
        """Let a draft leave, with other words if given."""

    def drop_draft(self, outbox_id: int, actor: str, reason: str) -> None:
        """Drop a draft; it stays visible."""

    def resend(self, outbox_id: int, actor: str) -> None:
        """Send a failed or doubtful mail again, unchanged."""

    def retry_held(self, raw_ids: Sequence[int], actor: str) -> int:
        """Read held mails again; return how many waited."""

    def release(self, raw_id: int, actor: str) -> int:
        """Open a ticket in review for a quarantined mail; return its number."""

    def confirm_spam(self, raw_id: int, actor: str) -> None:
        """Label a quarantined mail as spam."""

    def add_webhook(self, actor: str, name: str, url: str, kinds: Sequence[str]) -> str:
        """Tell a system of events from now on; return the secret that signs them."""

    def remove_webhook(self, actor: str, name: str) -> None:
        """Tell a system nothing more."""

    def test_webhook(self, actor: str, name: str) -> str:
        """Send a test event now; return what kept the receiver from taking it, "" when it took it."""

    def resend_event(self, actor: str, delivery_id: int) -> None:
        """Tell an event once more that was told or given up."""

    def checked(self, check: Callable[[Db], None], keys: Iterable[str] = ()) -> Self:
        """Return a desk that runs `check` first in the transaction of every act, under `keys` as well."""

    def resolutions(self, topic: str) -> dict[str, dict[str, str]]:
        """Return the codes that close a ticket of a topic, with their names by language."""
