"""Reply templates of the operators: what one is, what filling it in gives, and the shipped ones.

A template belongs to a topic and a language ("" is every topic). Its text is a whole letter with
variables in braces, e.g. `{order}`; `workers.reply_templates` knows the variables and fills them in,
`models.store.reply_templates` keeps the versions. The shipped ones stand in `reply_templates.toml`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final

TEMPLATE_LANGUAGES: Final = ("ru", "zh", "en")
ANY_TOPIC: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTemplate:
    """One version of a template; `name` tells it from the others of its topic and language."""

    topic: str  # slug, or "" for every topic
    language: str  # ru, zh, en
    name: str  # lower-case letters, digits and "_"
    title: str  # what the operators' list shows
    text: str
    active: bool = True  # False: taken out of the list, its versions stay
    version: int = 0  # 0: not saved yet
    author: str = ""
    saved_at_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReply:
    """A template filled in for one ticket: fit to be sent when it has no problems."""

    text: str  # a variable without a value stands in it as it was written
    missing_variables: tuple[str, ...] = ()  # known ones for which the ticket has no value
    unknown_variables: tuple[str, ...] = ()  # names that no variable has
    problems: tuple[str, ...] = ()  # why it may not be sent, in words for an operator

    @property
    def is_ready(self) -> bool:
        """True when it may be sent as it stands."""
        return not self.problems


@cache
def shipped_templates() -> tuple[ReplyTemplate, ...]:
    """Return the templates that a new database gets, in the order of their file."""
    table = tomllib.loads(files("models").joinpath("reply_templates.toml").read_text(encoding="utf-8"))
    return tuple(
        ReplyTemplate(
            topic=row.get("topic", ANY_TOPIC),
            language=language,
            name=name,
            title=row[language]["title"],
            text="\n\n".join(
                (
                    table["frame"][language]["greeting"],
                    row[language]["text"],
                    table["frame"][language]["signature"],
                )
            ),
        )
        for name, row in table["template"].items()
        for language in TEMPLATE_LANGUAGES
    )
