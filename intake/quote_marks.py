"""The lines with which mail clients open a quoted mail: separators, header labels, header blocks.

One line, or a few that belong together, go in; out comes whether they open a quote and how
sure that is. A separator is "----- Original Message -----", a header block «От: ... /
Отправлено: ... / Тема: ...»; attributions are in `intake.attributions`. All phrases are data
(`intake/phrases`); every expression is anchored and bounded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from intake.phrases import words

MAX_LINE_CHARS: Final = 400
_MIN_FOLDED_LABEL_CHARS: Final = 60
_MAX_BLOCK_LINES: Final = 16
_MAX_SEPARATOR_CHARS: Final = 50


def alternatives(*keys: str) -> str:
    """Join the phrases of some lists to the inside of a regular expression, the longest first."""
    found = [word for key in keys for word in words("quotes", key)]
    return "|".join(re.escape(word) for word in sorted(found, key=len, reverse=True))


_LABEL_CLASSES: Final[dict[str, str]] = {
    label: kind for kind in ("to", "subject", "date", "from") for label in words("quotes", f"{kind}_labels")
}
_LABEL: Final = re.compile(
    r"^[\s>*_|]{0,12}([^\W\d_][\w'’()./ \u3000\u0e31-\u0e4e-]{0,24}?)[\s*_]{0,4}(?:[:：]|\|)[\s*_]{0,4}(.*)$"
)
_LABEL_END: Final = re.compile(r"[:：|]")
_SEPARATORS: Final = frozenset(words("quotes", "separators"))
_WORD: Final = re.compile(r"[^\W\d_]+")
_FILLERS: Final = frozenset(words("quotes", "separator_fillers"))
_MESSAGE: Final = re.compile(alternatives("message_stems"))
_EARLIER: Final = re.compile(alternatives("original_stems", "forward_stems"))
_DECORATION: Final = " \t\u00a0\u3000>*_=-—–:："
_RULED: Final = re.compile(r"-{2,}|_{2,}|={2,}|—|\*|#-|-#")
_REPLY_LINE: Final = re.compile(alternatives("reply_lines"), re.IGNORECASE)
_WEAK_SEPARATOR: Final = re.compile(r"[:：]$|^[\u4e00-\u9fff ]{4,}$")
_FORWARD: Final = re.compile(alternatives("forwards", "forward_stems"), re.IGNORECASE)
_PLAIN_DATE_LABELS: Final = frozenset(words("quotes", "plain_date_labels"))
MAILBOX: Final = re.compile(r"[<\[(](?:mailto:)?\s{0,2}[^<>\s\[\]]{1,100}@[^<>\s]{1,100}[>\])]?")
# With a full stop (Finnish, Italian clients) it must not be a part of a date.
TIME: Final = re.compile(r"(?<!\d)\d{1,2}[:时点]\d{2}(?!\d)|(?<![\d.])\d{1,2}\.\d{2}(?![.\d])")


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
    is_ruled = _RULED.search(plain) is not None
    phrase = plain.strip(_DECORATION).lower().replace("\u0307", "")  # Turkish: İ becomes two signs
    if phrase not in _SEPARATORS:
        is_known = is_ruled and (_names_earlier_mail(phrase) or _REPLY_LINE.search(plain) is not None)
        return is_known, is_known
    if is_ruled:
        return True, True
    return bool(_WEAK_SEPARATOR.search(plain.strip())), False


def _names_earlier_mail(phrase: str) -> bool:
    """Tell "mail original" or "Ursprüngliche Nachricht" by their grammar: a mail, an earlier one, no more."""
    if len(phrase) > _MAX_SEPARATOR_CHARS or not _EARLIER.search(phrase) or not _MESSAGE.search(phrase):
        return False
    return all(
        word in _FILLERS or _MESSAGE.search(word) is not None or _EARLIER.match(word) is not None
        for word in _WORD.findall(phrase)
    )


def is_forward(line: str) -> bool:
    """Tell whether a separator speaks of a forwarded mail, not of the one that is answered."""
    return bool(_FORWARD.search(line[:160]))


@lru_cache(maxsize=4096)  # a block is looked at once per line that might begin it
def label_of(line: str) -> str:
    """Class of the header label that a line begins with: from, date, to, subject or ""."""
    if len(line) > MAX_LINE_CHARS or not _LABEL_END.search(line, 0, 60):
        return ""
    match = _LABEL.match(line)
    if not match:
        return ""
    label = match[1].strip().lower()
    return _LABEL_CLASSES.get(label) or _LABEL_CLASSES.get(re.sub(r"\s", "", label), "")


def header_block(lines: list[str], at: int, *, after_separator: bool = False) -> int:
    """Index of the line after the header block that begins at `at`; `at` when there is none.

    A block names the sender and the date or the subject; standing free it needs a mailbox
    behind the sender's name, or three labels with the subject and the time of sending: a claim with «От:»,
    «Кому:», «Тема:» and «Дата:» is the seller's own.
    """
    if not label_of(lines[at]):
        return at
    found: dict[str, str] = {}
    whole: tuple[int, dict[str, str]] | None = None  # the block as it was before its first blank line
    end, strays = at, 0
    for number in range(at, min(len(lines), at + _MAX_BLOCK_LINES)):
        line = lines[number].lstrip("> ").strip()
        kind = label_of(lines[number])
        if kind:
            if kind in found and (kind == "from" or (whole is not None and kind != "to")):
                # The writer's own label stands above a block, or a label of the old mail's text below it.
                end, found = whole or (end, found)
                break
            found.setdefault(kind, line)
            end, strays = number + 1, 0
        elif line:
            strays += 1
            if strays > 2 or len(line) > 160:
                break
        elif number + 1 >= len(lines) or not label_of(lines[number + 1]):
            break
        elif whole is None:
            whole = end, dict(found)
    if not after_separator and not _is_complete(found, lines, end):
        return at
    return _past_folded(lines, end) if len(found) > 1 or after_separator else at


def _is_complete(found: dict[str, str], lines: list[str], end: int) -> bool:
    if "from" not in found or not ({"date", "subject"} & set(found)):
        return False
    has_mailbox = bool(MAILBOX.search(found["from"]))
    is_stamped = _is_stamped(found.get("date", ""))
    if any(is_quote(line) for line in lines[end : end + 2]):
        return has_mailbox or is_stamped
    if has_mailbox and (len(found) > 2 or "date" in found):
        return True
    return len(found) > 2 and is_stamped and "subject" in found


def _is_stamped(line: str) -> bool:
    """Tell whether a client dated the block: with a time, or under a label like «Отправлено», not «Дата»."""
    match = _LABEL.match(line)
    if not match:
        return False
    return bool(TIME.search(match[2])) or match[1].strip().lower() not in _PLAIN_DATE_LABELS


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
