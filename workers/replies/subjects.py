"""The subject of an outgoing reply: one tag, no stacked prefixes, no line breaks (rule A11).

In goes a ticket number and the subject as the seller wrote it (hostile text), out comes
`Re: [RZ-100042] <what it was about>`. Every tag that the subject already carried is taken
out, also a foreign one: the reply must name one ticket. Doing it twice changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

SUBJECT_CAP_CHARS: Final = 150
_PREFIX: Final = re.compile(
    r"(?:re|fwd?|fw|aw|wg|vs|sv|vl|tr|rv|antw|отв|ответ|fwd|пер|пересл|на|回复|回覆|答复|答覆|转发|轉發|转寄)"
    r"\s{0,2}(?:[\[(（]\s?\d{1,3}\s?[\])）])?\s{0,2}[:：]\s{0,5}",
    re.IGNORECASE,
)
_TAG: Final = re.compile(
    r"[\[［【(（]?\s{0,2}(?<![0-9A-Za-z])[RＲrｒ][ZＺzｚ]\s{0,2}[-‐‑‒–—−－_]?\s{0,2}"
    r"[0-9０-９]{6,15}(?![0-9０-９])\s{0,2}[\]］】)）]?"
)
_OWN_TAG: Final = re.compile(r"Re: \[RZ-([0-9]{6,15})\]")  # as `outgoing_subject` writes it
_EMPTY_BRACKETS: Final = re.compile(r"[\[［【(（]\s*[\]］】)）]")


def outgoing_subject(number: int, original: str) -> str:
    """Write the subject of a reply on ticket `number`; `original` is the decoded one of the mail answered."""
    about = clean_subject(original)
    return f"Re: {ticket_tag(number)} {about}".rstrip()


def ticket_tag(number: int) -> str:
    """Write a ticket number as the subject carries it: `[RZ-100042]`."""
    return f"[{ticket_name(number)}]"


def ticket_name(number: int) -> str:
    """Write a ticket number as people read it; 0 stands for a ticket that has no number yet."""
    return f"RZ-{number:06d}"


def tagged_ticket(subject: str) -> int | None:
    """Return the number that a subject of ours carries; None without one."""
    found = _OWN_TAG.match(subject)
    return int(found.group(1)) if found else None


def clean_subject(original: str) -> str:
    """`original` without tags, stacked prefixes, control and direction characters, capped in length."""
    text = header_text(original)
    while True:
        shorter = _EMPTY_BRACKETS.sub(" ", _TAG.sub(" ", text))
        shorter = " ".join(shorter.split())
        prefix = _PREFIX.match(shorter)
        if prefix:
            shorter = shorter[prefix.end() :]
        if shorter == text:
            break
        text = shorter
    if len(text) > SUBJECT_CAP_CHARS:
        text = text[: SUBJECT_CAP_CHARS - 1].rstrip() + "…"
    return text


def header_text(text: str) -> str:
    """Text that can stand in a header: no control, format or line-breaking character, single spaces."""
    visible = (
        " " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char for char in text[:2_000]
    )
    return " ".join("".join(visible).split())
