"""Opening one part of a stored mail in a process of its own, within a mail's budget of time and memory.

In go the octets of a mail and what is wanted of it; out come a file's octets, or the letter's HTML
with everything taken out that could run, load, link or lay itself over something (`nh3`), or the first words
of a mail that could not be read. The child bounds
itself before it touches an octet; its death is the mail's fault, not the console's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import nh3

from intake.extraction.extract import extract
from intake.extraction.fields import MailFields
from intake.html_text import html_to_text
from intake.letter_preview import letter_words, rough_words
from intake.opened_parts import file_octets, letter_html
from workers.fault_words import fault_words
from workers.read_budget import Budget, OverBudgetError, within

TIMEOUT_S: Final = 20
BUDGET: Final = Budget(cpu_s=8.0, wall_s=15.0)
CPU_LIMIT_S: Final = 15
WHOLE, ROUGH = "whole", "rough"  # ways to the words of a letter
GONE: Final = "it is not in the mail as this version reads it"
# Words and their layout; no address, picture, form, style or script of any kind.
_TAGS: Final = frozenset(
    {"a", "b", "i", "u", "s", "p", "br", "hr", "div", "span", "em", "strong", "small", "sub", "sup"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "code"}
    | {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "center", "font"}
)
_ATTRIBUTES: Final = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_WITH_CONTENT: Final = {"script", "style", "head", "title", "template", "noscript", "svg", "math", "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to take out of a mail: the file with a checksum, its first words, or else the letter's HTML."""

    sha256: str = ""
    words: str = ""  # whole: cut as reading does; rough: behind the first label of a text
    cpu_s: float = BUDGET.cpu_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was taken out of a mail."""

    octets: bytes = field(repr=False)
    has_secrets: bool = False  # of HTML: holds what is redacted wherever we store it


class NotOpenedError(Exception):
    """The part cannot be opened; the message is for the operator."""


def open_apart(raw: bytes, wanted: Wanted, *, timeout_s: float = TIMEOUT_S) -> Opened:
    """Open a part of a mail in a child process; HTML comes back sanitised, in UTF-8.

    Raises NotOpenedError when the part is not there or the child dies or gives up.
    """
    head = json.dumps(asdict(wanted))
    try:
        child = subprocess.run(
            [sys.executable, "-m", "workers.open_apart"],
            input=head.encode() + b"\n" + raw,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotOpenedError(f"opening it took longer than {timeout_s:.0f} s") from None
    if child.returncode < 0:
        raise NotOpenedError(f"opening it ends its process with signal {-child.returncode}")
    answer, _, octets = child.stdout.partition(b"\n")
    try:
        told = json.loads(answer)
        cause = str(told["cause"])
    except (ValueError, KeyError, TypeError):
        raise NotOpenedError(f"its reader ended with status {child.returncode} and no answer") from None
    if cause:
        raise NotOpenedError(cause)
    return Opened(octets=octets, has_secrets=bool(told.get("secrets")))


def sanitised(markup: str) -> str:
    """Return the words of an HTML letter with their layout, and nothing that acts or loads."""
    return nh3.clean(
        markup,
        tags=set(_TAGS),
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        generic_attribute_prefixes=set(),
        url_schemes=set(),
        link_rel=None,
    )


def _opened(octets: bytes, wanted: Wanted) -> Opened:
    if wanted.words:
        words = letter_words(octets) if wanted.words == WHOLE else rough_words(octets)
        return Opened(octets=words.encode("utf-8", "replace"))
    if not wanted.sha256:
        shown = sanitised(letter_html(octets))
        return Opened(octets=shown.encode("utf-8", "replace"), has_secrets=_has_secrets(shown))
    found = file_octets(octets, wanted.sha256)
    if found is None:
        raise NotOpenedError(GONE)
    return Opened(octets=found)


def _has_secrets(markup: str) -> bool:
    """Tell whether HTML says what would have been redacted: its plain twin may have left that out."""
    words = html_to_text(markup).text
    fields = MailFields(subject="", body=words, quoted="", signature="")
    return bool(extract(fields, mail_date=None, language="unknown", marketplace="unknown").redactions)


def main() -> None:
    """Open one part of the mail on standard input; print a line of JSON and the octets."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    head, _, octets = sys.stdin.buffer.read().partition(b"\n")
    wanted = Wanted(**json.loads(head))
    if wanted.words:
        rough_words(b"\n\nwords and patterns are loaded before the budget runs")
    cause, found = "", Opened(octets=b"")
    try:
        found = within(replace(BUDGET, cpu_s=wanted.cpu_s), lambda: _opened(octets, wanted))
    except OverBudgetError as error:
        cause = f"opening it takes {error}"
    except Exception as error:  # noqa: BLE001 - the process edge: any fault is the mail's answer
        cause = str(error) if isinstance(error, NotOpenedError) else fault_words(error)
    sys.stdout.buffer.write(
        json.dumps({"cause": cause, "secrets": found.has_secrets}).encode() + b"\n" + found.octets
    )


if __name__ == "__main__":
    main()
