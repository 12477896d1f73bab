"""The automatic replies: which sentences make up each kind, in ru, zh and en (rules A10-A14, A18-A20).

In goes a `ReplyContext` (number, language, topic, what was found), out comes a `ReplyDraft`.
Sentences are data (`ru.toml`, `zh.toml`, `en.toml`); the only variables are the ticket
number and names out of our own tables, so nothing that a mail said is ever repeated in the
text (A13). A language that is not known gets Russian and English, one below the other (A12).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from models.records import ReplyDraft
from models.topics import topic_name
from workers.replies.subjects import outgoing_subject, ticket_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REPLY_LANGUAGES: Final = ("ru", "zh", "en")
BLOCK_RULE: Final = "— — —"
NUMBER_PLACEHOLDER: Final = ticket_name(0)  # stands in a draft made before the ticket has its number
REQUEST: Final = "request"  # what a clarifying question asks for; keeps it from being asked twice
ADMINISTRATOR: Final = (
    "administrator"  # whom an employee's or agency's letter about money is referred to (R6)
)
SAFE_VARIABLES: Final = frozenset({"number", "topic", "field", "end", "cabinet_path", "evidence"})
_SECRET_LINES: Final = (  # kind of a redaction contains -> line
    (("key", "token", "jwt", "client_secret", "authorization"), "secret_key"),
    (("password", "пароль"), "secret_password"),
    (("code", "otp", "2fa"), "secret_code"),
    (("card", "pan"), "secret_card"),
)
_OF_ESCALATIONS: Final = frozenset({"ticket_ref", "risk", "chronology"})  # asked by rule R26 alone
Paragraphs = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyContext:
    """What a reply may depend on. `number` 0: not given yet, the draft carries `NUMBER_PLACEHOLDER`."""

    number: int
    language: str
    subject: str = ""  # of the mail that is answered
    topic: str = ""
    subkind: str = ""
    marketplace: str = "unknown"
    urgent: bool = False  # rule R10: the mail is no way for urgent matters
    admin_line: bool = False  # rule R6: finance and legal matters only with the administrator
    carrier: bool = False  # rule R18: a third-party carrier has the parcel
    has_evidence: bool = False
    secrets: tuple[str, ...] = ()  # kinds of secrets in the mail (rule R54)
    topic_names: Mapping[str, str] = field(default_factory=dict)  # what the desk calls the topic, by language

    def topic_name(self, language: str) -> str:
        """Return what the topic is called in a language."""
        return self.topic_names.get(language) or topic_name(self.topic, language)


def draft_acknowledgement(context: ReplyContext, *, state: str) -> ReplyDraft:
    """Give number and topic; `state` is "complete", "how_to" or "passed_on" (nothing that could be asked)."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        gap = "" if language == "zh" else " "
        paragraphs = [said.line("received", context) + gap + said.line(state, context)]
        if state != "how_to" and not context.has_evidence and context.topic in said.table["evidence"]:
            paragraphs.append(said.line("evidence", context))
        paragraphs += _service_desk(said, context)
        return [*paragraphs, *_notes(said, context), said.line("add_here", context)]

    return _draft("acknowledgement", context, block)


def draft_question(
    context: ReplyContext, ask: Sequence[str], *, everything: bool, acknowledged: bool
) -> ReplyDraft:
    """Ask the one question: `ask` as a list, or the topic's whole sentence when `everything` is missing."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        whole = said.whole(context) if everything and not acknowledged else ""
        opening = [] if acknowledged else [said.line("received", context)]
        key = "ask_later" if acknowledged else "ask_first"
        asked = [whole] if whole else said.ask(key, ask, context)
        return [*opening, *asked, *_notes(said, context), said.line("reply_here", context)]

    return _draft("missing_data", context, block, tuple(ask))


def draft_reminder(context: ReplyContext, still_open: Sequence[str]) -> ReplyDraft:
    """Remind once (rule A8) of what is still open, and ask for nothing new."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        return [*said.ask("remind", still_open, context), said.line("reply_here", context)]

    return _draft("reminder", context, block)


def draft_received(context: ReplyContext) -> ReplyDraft:
    """Acknowledge neutrally while the topic is not sure (rule A14): the number and no question."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        plain = [said.line("received_neutral", context), *_service_desk(said, context)]
        return [*plain, *_notes(said, context), said.line("add_here", context)]

    return _draft("received_neutral", context, block)


def draft_completed(context: ReplyContext) -> ReplyDraft:
    """Thank for a follow-up that brought the last piece (rule R22)."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        return [said.line("completed", context), *_secret_note(said, context)]

    return _draft("completed", context, block)


def draft_clarify(context: ReplyContext) -> ReplyDraft:
    """Ask one generic question of a person whose mail says nothing (domain 2.1, other)."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        return [said.line("clarify", context), *_secret_note(said, context), said.line("reply_here", context)]

    return _draft("clarify", context, block, (REQUEST,))


def draft_admin_only(context: ReplyContext) -> ReplyDraft:
    """Ask for the administrator when an employee or agency wrote about money or law (rule R6): no details."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        return [said.line("admin_only", context), *_secret_note(said, context)]

    return _draft("admin_only", context, block, (ADMINISTRATOR,))


def draft_escalated(context: ReplyContext) -> ReplyDraft:
    """Confirm that the matter was raised to a lead (rule R26); no promise of an outcome (R60)."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        return [said.line("escalated", context), *_notes(said, context)]

    return _draft("escalated", context, block)


def draft_escalation_question(context: ReplyContext, ask: Sequence[str]) -> ReplyDraft:
    """Ask only for what an escalation still lacks: ticket_ref, risk, chronology (rule R26)."""

    def block(language: str) -> Paragraphs:
        said = _say(language)
        asked = said.ask("escalation_lacks", ask, context)
        return [*asked, *_secret_note(said, context), said.line("reply_here", context)]

    return _draft("escalation", context, block, tuple(ask))


def draft_redirect(context: ReplyContext, role: str) -> ReplyDraft:
    """Tell a buyer or the press once where to write (rules A20, R19); `role` is "buyer" or "press"."""
    line = "redirect_press" if role == "press" else "redirect_buyer"

    def block(language: str) -> Paragraphs:
        said = _say(language)
        return [said.line(line, context), *_secret_note(said, context)]

    return _draft("redirect", context, block)


def field_name(part: str, language: str, topic: str = "") -> str:
    """Name a required part as the list of a topic does; an OR group is one phrase."""
    return _say(language).join_or(part, topic)


def askable_fields() -> tuple[str, ...]:
    """Return the fields that a question can ask for in every language."""
    shared = set.intersection(*(set(_say(language).table["fields"]) for language in REPLY_LANGUAGES))
    return tuple(name for name in _say("en").table["fields"] if name in shared - _OF_ESCALATIONS)


def signature(language: str) -> str:
    """Return how the desk signs a letter; English where the language is not known."""
    return str(_say(language).table["lines"]["signature"])


def cabinet_path(marketplace: str, language: str) -> str:
    """Name where a seller finds requests in the account of a marketplace (rule R15)."""
    paths: dict[str, str] = _say(language).table["cabinet_path"]
    return paths.get(marketplace, paths["unknown"])


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The sentences of one language."""

    language: str
    table: dict[str, Any]

    def line(self, key: str, context: ReplyContext) -> str:
        values = {
            "number": ticket_name(context.number),
            "topic": context.topic_name(self.language),
            "cabinet_path": cabinet_path(context.marketplace, self.language),
            "evidence": self.table["evidence"].get(context.topic, ""),
        }
        return str(self.table["lines"][key]).format_map(values)

    def whole(self, context: ReplyContext) -> str:
        sentences: dict[str, str] = self.table["whole"]
        return sentences.get(f"{context.topic}.{context.subkind}") or sentences.get(context.topic, "")

    def ask(self, key: str, ask: Sequence[str], context: ReplyContext) -> Paragraphs:
        """Write a lead and a list; a single item becomes one sentence."""
        names = [self.join_or(part, context.topic) for part in ask]
        if len(names) == 1:
            # The template is filled in two steps so that a field name is never read as a template.
            lead, _, rest = str(self.table["lines"][f"{key}_one"]).partition("{field}")
            values = {
                "number": ticket_name(context.number),
                "topic": context.topic_name(self.language),
            }
            return [lead.format_map(values) + names[0] + rest]
        join = self.table["join"]
        ends = [join["item_end"]] * (len(names) - 1) + [join["last_end"]]
        items = [join["item"].format(field=name, end=end) for name, end in zip(names, ends, strict=True)]
        return ["\n".join([self.line(key, context), *items])]

    def join_or(self, part: str, topic: str) -> str:
        join, fields = self.table["join"], self.table["fields"]
        names = [str(fields.get(f"{topic}.{name}") or fields.get(name, name)) for name in part.split("|")]
        if len(names) == 1:
            return names[0]
        inner = str(join["or"])
        word = join["or_again"] if any(inner in name for name in names) else inner
        comma = "、" if self.language == "zh" else ", "
        return comma.join(names[:-1]) + word + names[-1]


def _notes(said: _Sentences, context: ReplyContext) -> Paragraphs:
    """Add the remarks that a case may need, each at most once."""
    keys: list[str] = []
    if context.admin_line:
        keys.append("admin_line")
    if context.carrier:
        keys.append("carrier")
    if context.topic == "pickup_points" and context.marketplace == "ozon":
        keys += ["pvz_app"] if context.subkind == "owner" else []
    if context.urgent:
        keys.append("urgent")
    if context.secrets:
        return [*(said.line(key, context) for key in keys), *_secret_note(said, context)]
    warning = {"account_access": "no_secrets_password", "api_technical": "no_secrets_key"}.get(context.topic)
    return [said.line(key, context) for key in [*keys, *([warning] if warning else [])]]


def _service_desk(said: _Sentences, context: ReplyContext) -> Paragraphs:
    """Name the channel of Wildberries (rule R13); an urgent mail is told of it anyway."""
    return [said.line("service_desk", context)] if context.marketplace == "wb" and not context.urgent else []


def _secret_note(said: _Sentences, context: ReplyContext) -> Paragraphs:
    for kind in context.secrets:
        for marks, line in _SECRET_LINES:
            if any(mark in kind.casefold() for mark in marks):
                return [said.line(line, context)]
    return [said.line("secret_other", context)] if context.secrets else []


def _draft(
    kind: str, context: ReplyContext, block: Callable[[str], Paragraphs], asked: tuple[str, ...] = ()
) -> ReplyDraft:
    languages = (context.language,) if context.language in REPLY_LANGUAGES else ("ru", "en")
    blocks = []
    for language in languages:
        said = _say(language)
        paragraphs = [said.line("greeting", context), *block(language), said.line("signature", context)]
        blocks.append("\n\n".join(paragraphs))
    return ReplyDraft(
        kind=kind,
        language=context.language if len(languages) == 1 else "unknown",
        subject=outgoing_subject(context.number, context.subject),
        text=f"\n\n{BLOCK_RULE}\n\n".join(blocks) + "\n",
        asked=asked,
    )


@cache
def _say(language: str) -> _Sentences:
    chosen = language if language in REPLY_LANGUAGES else "en"
    source = resources.files("workers.replies").joinpath(f"{chosen}.toml").read_text(encoding="utf-8")
    return _Sentences(chosen, tomllib.loads(source))
