"""The signature apart from the words before it.

New text goes in, the text and its signature come out. Looked for at the end only: the lines
that no writer wrote (`intake.machine_lines`), a separator line ("-- ", RFC 3676 section 4.3,
or a ruler before a short block), and a sign-off («С уважением», 此致, "Best regards") with a
short block after it. A postscript, a question, a request, a whole sentence or the number of
an order after the mark shows that the letter goes on. The banner of a gateway above the letter
goes to the signature, too. Identifiers in a signature are not lost: extraction reads it as a
field of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intake.machine_lines import DISCLAIMER, any_of, banner_end, footer_start, is_client_line
from intake.phrases import LANGUAGES, phrases
from intake.shown_lines import fences, shown

_SEPARATOR: Final = re.compile(r"^\s{0,3}-- $")
_DASHES: Final = re.compile(r"^\s{0,3}-- ?$|^\s{0,3}—\s?$")
_RULER: Final = re.compile(r"^\s{0,8}(?:[-_*—–]{2,}|—|[=~#+]{3,}|\W{0,2}\u1427\W{0,2})\s{0,8}$")
_RULES: Final = "-_*—–=~#+\u1427"
_LONE_RULES: Final = frozenset("—–\u1427")
_CONTACT: Final = re.compile(
    r"@|https?://|www\.|(?<![\d-])(?:\+\d|\(\d|[78][\s(-]{1,2}\d{3}|0\d{2})[\d\s()-]{6,}\d"
    r"|(?<![\d-])(?:8\d{10}|1[3-9]\d[\s-]?\d{4}[\s-]?\d{4})(?!\d)"
    r"|(?:тел|моб|tel|phone|mob|fax|факс|电话|手机|传真|微信|wechat|whatsapp)\b",
    re.IGNORECASE,
)
_POSTSCRIPT: Final = re.compile(
    r"^\s{0,3}(?:p\.?\s?s\b|пс\b|з\.?ы\b|п\.с|附[:：]|另[:：]|另外|又及|ps[:：])", re.IGNORECASE
)
_QUESTION: Final = re.compile(r"[?？]\s{0,3}$|[?？]\s")
_REQUEST: Final = re.compile(rf"^\s{{0,4}}(?:{any_of('request_words').expression.pattern})", re.IGNORECASE)
_MATTERS: Final = any_of("matter_words")
_MATTER: Final = re.compile(
    rf"(?:{_MATTERS.expression.pattern})[^\d\n]{{0,24}}\d(?:[\d\s-]{{0,3}}\d){{2}}",
    re.IGNORECASE,
)
_DIGIT: Final = re.compile(r"\d")  # no matter is named without one, and to look for it costs little
_ENCLOSED: Final = any_of("enclosed_words")
_NAME_AND_BOW: Final = re.compile(
    r"^\s{0,8}[\u4e00-\u9fff·]{2,12}\s{0,3}(?:敬上|谨上|拜上|敬启|谨启)\s{0,3}$"
)
_LOWER_WORD: Final = re.compile(r"(?<![^\W\d_])[a-zа-яёіїєà-ÿąćęłńóśźż]{3,}(?![^\W\d_])")
_SENTENCE_WORDS: Final = 5
_SIGN_OFFS: Final[dict[str, int]] = {
    phrase: int(phrases(language, "signatures").get("min_block", 0))
    for language in LANGUAGES
    for phrase in phrases(language, "signatures").get("sign_offs", [])
}
_SIGN_OFF: Final = re.compile(
    r"^[\s*_]{0,8}("
    + "|".join(map(re.escape, sorted(_SIGN_OFFS, key=len, reverse=True)))
    + r")(?![^\W\d_])(.{0,80})$",
    re.IGNORECASE,
)
_SIGN_OFF_CJK: Final = re.compile(
    r"^\s{0,8}("
    + "|".join(
        re.escape(p) for p in sorted(_SIGN_OFFS, key=len, reverse=True) if "\u4e00" <= p[0] <= "\u9fff"
    )
    + r")(.{0,40})$"
)
MAX_BLOCK_LINES: Final = 14
MAX_LINE_CHARS: Final = 110
_MAX_DASHED_LINES: Final = 16
_MAX_RULER_LINES: Final = 40
_MAX_MACHINE_BLOCKS: Final = 6
_MAX_CLIENT_LINES: Final = 40


@dataclass(frozen=True, slots=True)
class Signed:
    """Text without its signature, and the signature."""

    text: str
    signature: str


def split_signature(text: str) -> Signed:
    """Separate the signature at the end of a new text, and a gateway's banner above it."""
    typed = text.split("\n")
    lines = shown(typed)
    head = banner_end(lines)
    banner, lines, typed = _joined(typed[:head]), lines[head:], typed[head:]
    end = _without_trailing(lines, len(lines))
    written = _without_machine_lines(lines, end)
    start = _start(lines, written)
    if start == 0 and not any(is_client_line(line) for line in lines[:1]):
        # A mail that is nothing but a block: the words of the writer, whatever they look like.
        start = _without_trailing(lines, written) or end
    signature = _joined(typed[start:end])
    return Signed(_joined(typed[:start]), "\n".join(filter(None, (banner, signature))))


def _joined(lines: list[str]) -> str:
    """Join lines without the blank ones around them; the blanks inside a line stay."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return "\n".join(lines[first:last])


def is_signature(lines: list[str]) -> bool:
    """Tell whether lines are nothing but a signature, as a client puts it above a mail that it forwards."""
    filled = [line for line in lines if line.strip(" \t\u00a0")]
    if not filled or len(filled) > MAX_BLOCK_LINES:
        return not filled
    return _start(filled, _without_machine_lines(filled, len(filled))) == 0


def _start(lines: list[str], end: int) -> int:
    """Index of the first line of the signature that ends at `end`."""
    floor = max(fences(lines).values(), default=0)  # what is fenced off as code is no signature
    start = _separated(lines, min(floor, end), end)
    if start == end:
        start = _signed_off(lines, min(floor, end), end)
    return _without_trailing(lines, start)


def _without_machine_lines(lines: list[str], end: int) -> int:
    """Step back over the lines of clients and over footers."""
    for _ in range(_MAX_MACHINE_BLOCKS):
        before = end
        for _ in range(_MAX_CLIENT_LINES):
            if end == 0 or not is_client_line(lines[end - 1]):
                break
            end = _without_trailing(lines, end - 1)
        end = _without_trailing(lines, footer_start(lines, end))
        if end == before:
            break
    return end


def _without_trailing(lines: list[str], end: int) -> int:
    """Step back over blank lines and rulers."""
    while end > 0:
        line = lines[end - 1]
        bare = line.strip()
        if bare and (len(line) > 80 or bare.strip(_RULES) or (len(bare) == 1 and bare not in _LONE_RULES)):
            break
        end -= 1
    return end


def _filled(lines: list[str], start: int, end: int) -> list[str]:
    return [line for line in lines[start:end] if line.strip()]


def _separated(lines: list[str], floor: int, end: int) -> int:
    """Index of the separator line that a signature follows, `end` when there is none."""
    is_ruled = False  # a ruler before: the letter has sections, and the last of them is no footer
    for number in range(max(floor, end - _MAX_RULER_LINES), end):
        line = lines[number]
        if len(line) > 80 or not _RULER.match(line):
            continue
        block = _filled(lines, number + 1, end)
        if not block:
            continue
        if _DASHES.match(line) and len(block) <= _MAX_DASHED_LINES:
            if _SEPARATOR.match(line) or not _goes_on(block):
                return number
        elif "#" not in line and _looks_like_footer(block, is_section=is_ruled):
            return number
        is_ruled = True
    return end


def _looks_like_footer(block: list[str], *, is_section: bool) -> bool:
    """Tell a footer under a ruler from the next section of a letter."""
    text = " ".join(block)
    if len(block) > 6 or "?" in text or "？" in text:
        return False
    if DISCLAIMER.search(text):
        return True
    if not _CONTACT.search(text) and (is_section or re.search(r"\d", text) or any(map(_RULER.match, block))):
        return False
    is_short = len(block) <= 4 and all(len(line) <= 70 for line in block)
    return is_short and not re.search(r"[.!]\s+\S", text) and not _goes_on(block)


def _names_matter(line: str) -> bool:
    """Tell whether a line names the number of an order or the like, and no way to reach somebody."""
    if _DIGIT.search(line) is None or not _MATTERS.may_find(line) or _MATTER.search(line) is None:
        return False
    return _CONTACT.search(_MATTER.sub("", line)) is None


def _goes_on(block: list[str]) -> bool:
    """Tell whether lines after a mark are still the letter: a request, a question, a sentence, an order."""
    return any(_tells(line) and not DISCLAIMER.search(line) and not is_client_line(line) for line in block)


def _tells(line: str) -> bool:
    return bool(
        is_sentence(line)
        or _QUESTION.search(line)
        or _REQUEST.match(line)
        or _ENCLOSED.search(line)
        or _names_matter(line)
    )


def is_sentence(line: str) -> bool:
    """Tell a whole sentence from the short entries of a signature: a full stop behind several plain words."""
    return line.rstrip().endswith((".", "!", "…", ";")) and len(_LOWER_WORD.findall(line)) >= _SENTENCE_WORDS


def _signed_off(lines: list[str], floor: int, end: int) -> int:
    """Index of the sign-off line that begins the signature, `end` when there is none."""
    filled = 0
    found = end
    for number in range(end - 1, floor - 1, -1):
        line = lines[number]
        if not line.strip():
            continue
        filled += 1
        if filled > MAX_BLOCK_LINES or _POSTSCRIPT.match(line) or len(line) > MAX_LINE_CHARS:
            break
        match = _SIGN_OFF.match(line) or _SIGN_OFF_CJK.match(line)
        if match and _is_name_or_empty(match[2]):
            block = _filled(lines, number + 1, end)
            has_contact = any(map(_CONTACT.search, [match[2], *block]))
            if len(block) >= _SIGN_OFFS[match[1].lower()] or has_contact:
                found = number
        elif _NAME_AND_BOW.match(line):
            found = number
        elif _goes_on([line]):
            break
    return found


def _is_name_or_empty(rest: str) -> bool:
    """Tell what may follow a sign-off on its line: a name, a firm, nothing; but no sentence."""
    tail = rest.strip(" ,.!;，。！~^_)*")
    return len(tail) <= 70 and not re.search(r"[.!?？]\s+\S+\s+\S+\s+\S", tail) and len(tail.split()) <= 9
