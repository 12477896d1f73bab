"""The signature apart from the words before it.

New text goes in, the text and its signature come out. Three marks, looked for at the end
only: a separator line ("-- ", RFC 3676 section 4.3, or a ruler before a short block), a
sign-off («С уважением», 此致, "Best regards") with a short block after it, and the line that
a mobile client adds («Отправлено с iPhone», 发自我的iPhone). A postscript, a question or a
long sentence after the mark shows that it is no signature. Identifiers in a signature are
not lost: extraction reads it as a field of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intake.phrases import LANGUAGES, phrases, words

_DASHES: Final = re.compile(r"^\s{0,3}-- ?$|^\s{0,3}—\s?$")
_RULER: Final = re.compile(r"^\s{0,8}(?:[-_*—–]{2,}|[=~#+]{3,}|\W{0,2}\u1427\W{0,2})\s{0,8}$")
_TRAILING: Final = re.compile(r"^[\s\u00a0]*(?:[-_*—–=~#+\u1427]{2,}|[—–\u1427])?[\s\u00a0]*$")
_CLIENT_LINE: Final = re.compile(
    r"^[\s>\[]{0,4}(?:"
    + "|".join(f"(?:{pattern})" for pattern in words("signatures", "client_patterns"))
    + r")[\s\].]{0,4}$",
    re.IGNORECASE,
)
_CONTACT: Final = re.compile(
    r"@|https?://|www\.|\+?\d[\d\s()-]{8,}\d|(?:тел|моб|tel|phone|mob|fax|факс|电话|手机|传真|微信|wechat|whatsapp)\b",
    re.IGNORECASE,
)
_POSTSCRIPT: Final = re.compile(
    r"^\s{0,3}(?:p\.?\s?s\b|пс\b|з\.?ы\b|п\.с|附[:：]|另[:：]|另外|又及|ps[:：])", re.IGNORECASE
)
_DISCLAIMER: Final = re.compile(
    "|".join(map(re.escape, words("signatures", "disclaimer_words"))), re.IGNORECASE
)
_SIGN_OFFS: Final[dict[str, int]] = {
    phrase: int(phrases(language, "signatures").get("min_block", 0))
    for language in LANGUAGES
    for phrase in phrases(language, "signatures").get("sign_offs", [])
}
_SIGN_OFF: Final = re.compile(
    r"^\s{0,8}("
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
MAX_BLOCK_LINES: Final = 9
MAX_LINE_CHARS: Final = 110
_MAX_DASHED_LINES: Final = 16


@dataclass(frozen=True, slots=True)
class Signed:
    """Text without its signature, and the signature."""

    text: str
    signature: str


def split_signature(text: str) -> Signed:
    """Separate the signature at the end of a new text."""
    lines = text.split("\n")
    end = len(lines)
    end = _without_trailing(lines, end)
    clients = end
    while clients > 0 and _is_client_line(lines[clients - 1]):
        clients = _without_trailing(lines, clients - 1)
    start = _separated(lines, clients)
    if start == clients:
        start = _signed_off(lines, clients)
    start = _without_trailing(lines, start)
    if start == 0 and not any(_is_client_line(line) for line in lines[:1]):
        # A mail that is nothing but a block: the words of the writer, whatever they look like.
        start = _without_trailing(lines, clients) or end
    return Signed("\n".join(lines[:start]).strip("\n"), "\n".join(lines[start:end]).strip("\n"))


def _without_trailing(lines: list[str], end: int) -> int:
    """Step back over blank lines and rulers."""
    while end > 0 and _TRAILING.match(lines[end - 1][:80]) and len(lines[end - 1]) <= 80:
        end -= 1
    return end


def _is_client_line(line: str) -> bool:
    return 3 < len(line) <= 160 and bool(_CLIENT_LINE.match(line))


def _filled(lines: list[str], start: int, end: int) -> list[str]:
    return [line for line in lines[start:end] if line.strip()]


def _separated(lines: list[str], end: int) -> int:
    """Index of the separator line that a signature follows, `end` when there is none."""
    for number in range(max(0, end - 40), end):
        line = lines[number]
        if len(line) > 80:
            continue
        block = _filled(lines, number + 1, end)
        if _DASHES.match(line) and block and len(block) <= _MAX_DASHED_LINES:
            return number
        if _RULER.match(line) and "#" not in line and block and _looks_like_footer(block):
            return number
    return end


def _looks_like_footer(block: list[str]) -> bool:
    """Tell a footer under a ruler from the next section of a letter."""
    text = " ".join(block)
    if len(block) > 6 or "?" in text or "？" in text:
        return False
    if _DISCLAIMER.search(text):
        return True
    return len(block) <= 4 and all(len(line) <= 70 for line in block) and not re.search(r"[.!]\s+\S", text)


def _signed_off(lines: list[str], end: int) -> int:
    """Index of the sign-off line that begins the signature, `end` when there is none."""
    filled = 0
    found = end
    for number in range(end - 1, -1, -1):
        line = lines[number]
        if not line.strip():
            continue
        filled += 1
        if filled > MAX_BLOCK_LINES or _POSTSCRIPT.match(line) or len(line) > MAX_LINE_CHARS:
            break
        match = _SIGN_OFF.match(line) or _SIGN_OFF_CJK.match(line)
        if match and _is_name_or_empty(match[2]):
            block = _filled(lines, number + 1, end)
            if len(block) >= _SIGN_OFFS[match[1].lower()] or any(map(_CONTACT.search, [match[2], *block])):
                found = number
        elif line.rstrip().endswith(("?", "？")):
            break
    return found


def _is_name_or_empty(rest: str) -> bool:
    """Tell what may follow a sign-off on its line: a name, a firm, nothing; but no sentence."""
    tail = rest.strip(" ,.!;，。！~^_)")
    return len(tail) <= 70 and not re.search(r"[.!?？]\s+\S+\s+\S+\s+\S", tail) and len(tail.split()) <= 9
