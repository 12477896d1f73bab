"""The lines with which mail clients open a quoted mail.

One line, or a few that belong together, go in; out comes whether they open a quote and how
sure that is. Three kinds: an attribution ("On Tue, 10 Nov 2026, X <a@b> wrote:"), a header
block ("От: ... / Отправлено: ... / Тема: ...") and a separator ("----- Original Message
-----"). All phrases are data (`intake/phrases`); every expression is anchored and bounded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from intake.phrases import words

MAX_LINE_CHARS: Final = 400
_MAX_ATTRIBUTION_LINES: Final = 5
_MIN_FOLDED_LABEL_CHARS: Final = 60
_MIN_FOLDED_CHARS: Final = 30  # clients fold a line that is long
_MAX_BLOCK_LINES: Final = 16


def _alternatives(*keys: str) -> str:
    found = [word for key in keys for word in words("quotes", key)]
    return "|".join(re.escape(word) for word in sorted(found, key=len, reverse=True))


_LABEL_CLASSES: Final[dict[str, str]] = {
    label: kind for kind in ("to", "subject", "date", "from") for label in words("quotes", f"{kind}_labels")
}
_LABEL: Final = re.compile(
    r"^[\s>*_|]{0,12}([^\W\d_][\w'() -]{0,24}?)[\s*_]{0,4}(?:[:：]|\|)[\s*_]{0,4}(.*)$"
)
_SEPARATOR: Final = re.compile(
    rf"^[\s>*_=\-—–]{{0,60}}(?:{_alternatives('separators')})[\s*_=\-—–:：]{{0,60}}$", re.IGNORECASE
)
_RULED: Final = re.compile(r"-{2,}|_{2,}|={2,}|—|\*")
_WEAK_SEPARATOR: Final = re.compile(r"[:：]$|^[\u4e00-\u9fff ]{4,}$")
_FORWARD: Final = re.compile(_alternatives("forwards"), re.IGNORECASE)
_FIRST_PERSON: Final = re.compile(
    rf"^\W{{0,4}}(?:{_alternatives('first_persons')})(?![^\W\d_])", re.IGNORECASE
)
_PLAIN_DATE_LABELS: Final = frozenset(words("quotes", "plain_date_labels"))
_VERB: Final = re.compile(rf"(?<!\w)(?:{_alternatives('verbs')})(?!\w)", re.IGNORECASE)
_VERB_CJK: Final = re.compile("写道|寫道|写到|来信写道")
_UNMISTAKABLE: Final = re.compile(rf"(?:{_alternatives('unmistakable_verbs')})", re.IGNORECASE)
_OPENING: Final = re.compile(
    rf"^[\s>*-]{{0,12}}(?:(?:{_alternatives('starters', 'weekdays')})(?![^\W\d])"
    r"|\d|[\"“«'„]|[^<>\n]{1,80}[<\[(])",
    re.IGNORECASE,
)
_STARTER: Final = re.compile(
    rf"^[\s>*-]{{0,12}}(?:{_alternatives('starters', 'weekdays')})(?![^\W\d])", re.IGNORECASE
)
_HINT: Final = re.compile(r"\d|@")
_ENDING: Final = re.compile(r"(?:[:：]|(?:wrote|写道|寫道)\s{0,2}[-:：]{0,6})\s{0,3}$", re.IGNORECASE)
_ENDING_WITHOUT_COLON: Final = re.compile(
    r"(?:GMT[+-]\d\d:\d\d|<[^<>\s]{3,100}@[^<>\s]{3,100}>)\s{0,3}\S{0,40}(?: \S{1,40}){0,4}$"
)
_MAILBOX: Final = re.compile(r"[<\[(](?:mailto:)?\s{0,2}[^<>\s\[\]]{1,100}@[^<>\s]{1,100}[>\])]?")
# With a full stop (Finnish, Italian clients) it must not be a part of a date.
_TIME: Final = re.compile(r"(?<!\d)\d{1,2}[:时点]\d{2}(?!\d)|(?<![\d.])\d{1,2}\.\d{2}(?![.\d])")
_YEAR_DATE: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:20)?\d\d)(?!\d)"
)
_MONTH: Final = f"(?:{_alternatives('months')})"
_MONTH_DATE: Final = re.compile(
    rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th|\.)?,? (?:de )?{_MONTH}|{_MONTH}[a-zа-яё.]{{0,8}} \d{{1,2}}(?!\d)",
    re.IGNORECASE,
)
_MACHINE_STAMP: Final = re.compile(
    r"^\d{4}[-/]\d{1,2}[-/]\d{1,2} (?:\d{1,2}:\d{2} GMT[+-]\d{2}:\d{2} )?.{1,120}$"
)
_CONTINUED: Final = re.compile(r"^[\s>]{0,6}(?:wrote|写道|<|mailto:)|^>\s{0,2}[:：]$", re.IGNORECASE)


def is_quote(line: str) -> bool:
    """Tell whether a line carries the mark of quoted text (`>`, at most three blanks before it)."""
    return line[:4].lstrip(" ").startswith(">")


def separator(line: str) -> tuple[bool, bool]:
    """Tell whether a line says that another mail follows, and whether it stands by itself.

    "-------- Пересылаемое сообщение --------" does; «Исходное сообщение:» without rulers may
    be the seller's own heading and needs a header block or quoted lines after it.
    """
    if not 3 <= len(line) <= 160:
        return False, False
    plain = line.replace("&nbsp;", " ")  # QQ writes it into plain text
    if not _SEPARATOR.match(plain):
        return False, False
    if _RULED.search(plain):
        return True, True
    return bool(_WEAK_SEPARATOR.search(plain.strip())), False


def is_forward(line: str) -> bool:
    """Tell whether a separator speaks of a forwarded mail, not of the one that is answered."""
    return bool(_FORWARD.search(line[:160]))


@lru_cache(maxsize=4096)  # a block is looked at once per line that might begin it
def label_of(line: str) -> str:
    """Class of the header label that a line begins with: from, date, to, subject or ""."""
    if len(line) > MAX_LINE_CHARS:
        return ""
    match = _LABEL.match(line)
    if not match:
        return ""
    label = match[1].strip().lower()
    return _LABEL_CLASSES.get(label) or _LABEL_CLASSES.get(re.sub(r"\s", "", label), "")


def header_block(lines: list[str], at: int, *, after_separator: bool = False) -> int:
    """Index of the line after the header block that begins at `at`; `at` when there is none.

    A block names the sender and the date or the subject; standing free it needs a mailbox
    behind the sender's name, or three labels with the time of sending: a claim with «От:»,
    «Кому:», «Тема:» and «Дата:» is the seller's own.
    """
    if not label_of(lines[at]):
        return at
    found: dict[str, str] = {}
    end, strays = at, 0
    for number in range(at, min(len(lines), at + _MAX_BLOCK_LINES)):
        line = lines[number].lstrip("> ").strip()
        kind = label_of(lines[number])
        if kind:
            found.setdefault(kind, line)
            end, strays = number + 1, 0
        elif line:
            strays += 1
            if strays > 2 or len(line) > 160:
                break
        elif number + 1 >= len(lines) or not label_of(lines[number + 1]):
            break
    if not after_separator and not _is_complete(found, lines, end):
        return at
    return _past_folded(lines, end) if len(found) > 1 or after_separator else at


def _is_complete(found: dict[str, str], lines: list[str], end: int) -> bool:
    if "from" not in found or not ({"date", "subject"} & set(found)):
        return False
    if any(is_quote(line) for line in lines[end : end + 2]):
        return True
    has_mailbox = bool(_MAILBOX.search(found["from"]))
    return has_mailbox or (len(found) > 2 and _is_stamped(found.get("date", "")))


def _is_stamped(line: str) -> bool:
    """Tell whether a client dated the block: with a time, or under a label like «Отправлено», not «Дата»."""
    match = _LABEL.match(line)
    if not match:
        return False
    return bool(_TIME.search(match[2])) or match[1].strip().lower() not in _PLAIN_DATE_LABELS


def _past_folded(lines: list[str], end: int) -> int:
    """Skip the rest of a folded last label: lines up to the blank one, at most two."""
    is_folded = len(lines[end - 1]) >= _MIN_FOLDED_LABEL_CHARS or lines[end : end + 1] == [""]
    for number in range(end, min(len(lines), end + 2)):
        if not is_folded and not lines[end].lstrip(">").startswith((" ", "\t")):
            break
        if not lines[number].lstrip("> ").strip():
            return number
        if number > end or len(lines[number]) > 120:
            break
    return end


def attribution(lines: list[str], at: int) -> tuple[int, bool]:
    """Length in lines of the attribution that begins at `at` (0: none), and whether it stands by itself.

    One that does not stand by itself ("18.11.2026 в 11:20 поддержка ответила:") counts only
    when quoted lines follow it: a seller may tell a story in the same words.
    """
    first = lines[at]
    if not first.strip() or len(first) > MAX_LINE_CHARS:
        return 0, False
    is_opening = bool(_OPENING.match(first)) and not _FIRST_PERSON.match(first)
    if not is_opening and not _HINT.search(first):
        return 0, False
    joined = ""
    longest = _MAX_ATTRIBUTION_LINES if is_opening and _may_be_folded(first) else 1
    for count in range(1, longest + 1):
        if at + count > len(lines):
            break
        line = lines[at + count - 1].strip()
        if (not line and not _goes_on(lines, at + count)) or (count > 1 and _begins_anew(line)):
            break
        joined = f"{joined} {line}" if joined else line
        if len(joined) > MAX_LINE_CHARS:
            break
        if verdict := _judge(joined):
            return count, verdict == "sure" and is_opening
    return 0, False


def _may_be_folded(first: str) -> bool:
    """Tell whether an attribution can go on after this line; the seller's own line before one cannot."""
    if _STARTER.match(first):
        return True
    if len(first.strip()) < _MIN_FOLDED_CHARS:
        return False
    return "<" in first or any(date.search(first) for date in (_YEAR_DATE, _MONTH_DATE, _TIME))


def _goes_on(lines: list[str], at: int) -> bool:
    return at < len(lines) and bool(_CONTINUED.match(lines[at]))


def _begins_anew(line: str) -> bool:
    """Tell a ruler or a header label from the rest of a folded attribution."""
    return line[:3] in {"---", "___", "===", "***"} or bool(label_of(line))


def _judge(joined: str) -> str:
    """Rate a candidate: "sure", "maybe" (quoted lines must follow) or "" (no attribution)."""
    if joined.count("<") > joined.count(">"):
        return ""
    if not _ENDING.search(joined[-24:]):
        is_stamp = joined[0].isdigit() and bool(_MACHINE_STAMP.match(joined))
        names_sender = is_stamp and ("GMT" in joined or bool(_MAILBOX.search(joined)))
        return "sure" if names_sender and _ENDING_WITHOUT_COLON.search(joined) else ""
    has_mailbox = bool(_MAILBOX.search(joined))
    has_date = bool(_YEAR_DATE.search(joined) or _MONTH_DATE.search(joined))
    has_verb = bool(_VERB.search(joined) or _VERB_CJK.search(joined))
    has_time = bool(_TIME.search(joined))
    is_dated_verb = has_verb and has_date and (joined[:3].lower() == "on " or "you wrote" in joined.lower())
    sure = (
        (has_mailbox and (has_verb or (has_date and has_time)))
        or (_UNMISTAKABLE.search(joined) and (has_date or has_time))
        or (is_dated_verb and has_time)
    )
    if sure:
        return "sure"
    return "maybe" if has_date or has_mailbox or (has_verb and has_time) else ""
