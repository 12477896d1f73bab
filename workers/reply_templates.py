"""Filling in what an operator writes: variables in braces, out of the facts of one ticket (rules R6, A13).

In go a text with variables such as `{order}` and the `TemplateValues` of a ticket, out comes a
`RenderedReply`: the text, what could not be filled in, and why it may not be sent. Pure: the
console's preview and the act that sends use the same function. Only the names of
`reply_variables.toml` are variables; `{{order}}` writes the braces themselves, and any other
brace (a piece of JSON) is left alone. A value is a seller's words: one line, no control
characters, capped, and never looked at for variables again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.decisions import FactValue
from models.reply_template import TEMPLATE_LANGUAGES, RenderedReply, ReplyTemplate
from models.topics import topic_name
from workers.replies.compose import cabinet_path, field_name
from workers.replies.lint import faults_of, tells_amount
from workers.replies.subjects import header_text, ticket_name
from workers.required_data import ask_fields, missing_fields, table_with
from workers.subkind import subkind_of
from workers.word_lists import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.decisions import TicketState

MAX_REPLY_CHARS: Final = 20_000
MAX_TITLE_CHARS: Final = 120
VALUES_SHOWN: Final = 5  # of one field; a table of goods may have hundreds
VALUE_CHARS: Final = 120
_NAME: Final = re.compile(r"[a-z0-9_]{1,40}")
_TOPIC: Final = re.compile(r"[a-z0-9_]{0,60}")
_VARIABLE: Final = re.compile(r"\{\{([A-Za-z_]{1,40})\}\}|\{([A-Za-z_]{1,40})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateValues:
    """What the variables of one ticket stand for."""

    values: Mapping[str, str] = field(default_factory=dict)  # variable -> text; absent: the ticket has none
    withheld: frozenset[str] = frozenset()  # has a value that this seller may not be told (rule R6)
    is_restricted: bool = False  # money or law, and the reader is not known as the administrator (rule R6)


def variable_names() -> tuple[str, ...]:
    """Return every variable that a template may use, in the order of the data file."""
    table = read_table("reply_variables.toml")
    return (*table["own"], *table["fields"])


def template_values(state: TicketState) -> TemplateValues:
    """Work out the values of a ticket's variables, in its language (English where that is not known)."""
    table = read_table("reply_variables.toml")
    facts = state.facts
    if state.bound_seller_id:
        bound = FactValue(field="seller_id", value=state.bound_seller_id, source="binding")
        facts = (bound, *(fact for fact in facts if fact.field != "seller_id"))
    subkind = subkind_of(state.topic, f"{state.subject}\n{state.text}", facts)
    table_of_needs = table_with(state.topic, state.needs)
    missing = missing_fields(state.topic, facts, subkind=subkind, table=table_of_needs)
    lacking = ask_fields(state.topic, missing, subkind=subkind, table=table_of_needs)
    values = {
        "ticket": ticket_name(state.number),
        "topic": state.topic_names.get(state.language) or topic_name(state.topic, state.language),
        "missing": _comma(state.language).join(
            field_name(part, state.language, state.topic) for part in lacking
        ),
        "cabinet": cabinet_path(state.marketplace, state.language),
    }
    for variable, name in table["fields"].items():
        values[variable] = _listed([fact for fact in facts if fact.field == name], state.language)
    subkinds = read_table("reply_rules.toml")["admin"].get(state.topic, [])
    is_restricted = ("" in subkinds or subkind in subkinds) and state.sender_role != "admin"
    withheld = frozenset(table["withheld"]["variables"]) if is_restricted else frozenset()
    known = {name: value for name, value in values.items() if value}
    return TemplateValues(values=known, withheld=withheld & known.keys(), is_restricted=is_restricted)


def sample_values(language: str) -> TemplateValues:
    """Return invented values of every variable, to look at a template without a ticket."""
    samples = read_table("reply_samples.toml")
    return TemplateValues(values={**samples["any"], **samples.get(language, samples["en"])})


def render(template: ReplyTemplate | str, facts: TemplateValues) -> RenderedReply:
    """Fill in a template, or an operator's own words, with the values of a ticket."""
    source = template.text if isinstance(template, ReplyTemplate) else template
    known = frozenset(variable_names())
    missing: dict[str, None] = {}
    unknown: dict[str, None] = {}

    def value_of(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal is not None:
            return f"{{{literal}}}"
        if name in facts.values and name not in facts.withheld:
            return facts.values[name]
        (missing if name in known else unknown)[name] = None
        return match.group(0)

    text = _VARIABLE.sub(value_of, source)
    return RenderedReply(
        text=text,
        missing_variables=tuple(missing),
        unknown_variables=tuple(unknown),
        problems=(
            *_problems(tuple(missing), tuple(unknown), facts),
            *_amounts(text, facts),
            *faults_of(text),
        ),
    )


def template_problems(template: ReplyTemplate) -> tuple[str, ...]:
    """Say why a template may not be saved; empty when it may: its form, variables, rules of speech."""
    used = {match.group(2) for match in _VARIABLE.finditer(template.text) if match.group(2)}
    unknown = tuple(sorted(used - set(variable_names())))
    return (*_form_problems(template), *_problems((), unknown, TemplateValues()), *faults_of(template.text))


def _form_problems(template: ReplyTemplate) -> list[str]:
    said = []
    if not _NAME.fullmatch(template.name):
        said.append("needs a name of 1 to 40 lower-case Latin letters, digits or _")
    if not _TOPIC.fullmatch(template.topic):
        said.append('belongs to no topic: give a slug, or "" for every topic')
    if template.language not in TEMPLATE_LANGUAGES:
        said.append(f"needs a language: {', '.join(TEMPLATE_LANGUAGES)}")
    if not template.title.strip() or len(template.title) > MAX_TITLE_CHARS:
        said.append(f"needs a title of 1 to {MAX_TITLE_CHARS} characters")
    if not template.text.strip() or len(template.text) > MAX_REPLY_CHARS:
        said.append(f"needs a text of 1 to {MAX_REPLY_CHARS:,} characters")
    return said


def _problems(missing: tuple[str, ...], unknown: tuple[str, ...], facts: TemplateValues) -> tuple[str, ...]:
    said = []
    if unknown:
        said.append(
            f"uses {_braced(unknown)}, which no variable is called: known are {_braced(variable_names())}"
        )
    if empty := tuple(name for name in missing if name not in facts.withheld):
        said.append(
            f"needs {_braced(empty)}, which the ticket does not have: write it yourself or ask the seller"
        )
    if kept := tuple(name for name in missing if name in facts.withheld):
        said.append(
            f"tells {_braced(kept)} to somebody who is not known as the account administrator (rule R6): "
            "bind the sender first or leave it out"
        )
    return tuple(said)


def _amounts(text: str, facts: TemplateValues) -> tuple[str, ...]:
    """Refuse sums that a person wrote out by hand where the variable would be withheld."""
    said: list[str] = []
    if facts.is_restricted and tells_amount(text):
        said.append(
            "names a sum to somebody who is not known as the account administrator (rule R6): bind the "
            "sender as administrator first or leave it out"
        )
    return tuple(said)


def _listed(facts: Sequence[FactValue], language: str) -> str:
    as_written = read_table("reply_variables.toml")["words"]["as_written"]
    shown = [
        header_text(fact.text if fact.field in as_written and fact.text else fact.value)[:VALUE_CHARS].strip()
        for fact in facts
    ]
    distinct = [value for value in dict.fromkeys(shown) if value]
    rest = len(distinct) - VALUES_SHOWN
    more = read_table("reply_variables.toml")["more"]
    tail = more.get(language, more["en"]).format(count=rest) if rest > 0 else ""
    return _comma(language).join(distinct[:VALUES_SHOWN]) + tail


def _comma(language: str) -> str:
    return "、" if language == "zh" else ", "


def _braced(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
