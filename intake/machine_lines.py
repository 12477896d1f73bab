"""Lines that no writer wrote: what mail clients, gateways and mailing lists add to a letter.

Lines go in, indices of lines come out. Three kinds: the line of a mobile client («Отправлено
с iPhone»), legal, antivirus and mailing-list footers, and the banner that a gateway puts above
a letter from outside («Внешний отправитель», 外部邮件, "CAUTION: external"). All phrases are
data (`intake/phrases`); every expression is bounded, every search looks at a bounded number of
lines.
"""

from __future__ import annotations

import re
from typing import Final

from intake.phrase_finder import PhraseFinder
from intake.phrases import words

MAX_CLIENT_LINE_CHARS: Final = 200
_MAX_SHOWN_CHARS: Final = 100  # of a client's line without its links
_MAX_BANNER_LINES: Final = 8
_MAX_BANNER_CHARS: Final = 500
_MAX_HEADING_CHARS: Final = 40
_MAX_FOOTER_LINES: Final = 30
_LONG_FOOTER_CHARS: Final = 90  # one of two words in a short sentence is no footer


def any_of(key: str) -> PhraseFinder:
    """Finder of any word of one list of the signature phrases; it may stand inside a word."""
    return PhraseFinder(words("signatures", key))


def _whole_words(key: str) -> PhraseFinder:
    """As `any_of`; words of the Latin alphabet count only as whole ones."""
    return PhraseFinder(words("signatures", key), whole_words=True)


def _whole_line(key: str, ending: str) -> re.Pattern[str]:
    # For lines in lower case: where case counts, an alternative is dropped at its first letter.
    alternatives = "|".join(f"(?:{pattern})" for pattern in words("signatures", key))
    return re.compile(rf"^[\s>\[*_]{{0,4}}(?:{alternatives}){ending}")


_CLIENT_LINE: Final = _whole_line("client_patterns", r"[\s\].*_]{0,4}$")
_CLIENT_OPENING: Final = _whole_line("client_openings", "")
_CLIENT_CLOSINGS: Final = words("signatures", "client_closings")
_CLIENT_CLOSED: Final = _whole_line("client_closed_patterns", r"[\s\].*_]{0,4}$")
_CLIENT_WORD: Final = _whole_words("client_words")
_CLIENT_STEM: Final = any_of("client_stems")
_EXCUSE: Final = any_of("excuses")
_LINK: Final = re.compile(r"[<(\[]?https?://[^\s<>()]{1,400}[>)\]]?")
_SLOGAN_CHARS: Final = 30
# A date, a long number or a clause after a comma: a sentence about goods that were sent.
_STORY: Final = re.compile(
    r"\d{5,}|(?<![\d.])(?:[1-9]|[0-3]\d)[./](?:0[1-9]|1[0-2])(?!\d)|\d{1,2} [^\W\d_]{3,12},"
    r"|[,:;] \S{1,40} \S{1,40} \S{1,40}",
)
DISCLAIMER: Final = any_of("disclaimer_words")
_BANNER: Final = any_of("banner_words")
_BANNER_ADVICE: Final = any_of("banner_advice")
_BRACKETS: Final = re.compile(r"^[\s\[【(*<!-]{1,6}[^\[\]【】]{3,60}[\]】)*>!-]{1,6}\s{0,4}$")


def is_client_line(line: str) -> bool:
    """Tell whether a line is the one that a (mobile) client adds: "Sent from my iPhone", 发自我的iPhone."""
    if not 3 < len(line) <= MAX_CLIENT_LINE_CHARS:
        return False
    small = line.lower()
    is_sure = bool(
        _CLIENT_LINE.match(small)
        or (small.rstrip("].*_ \t").endswith(_CLIENT_CLOSINGS) and _CLIENT_CLOSED.match(small))
    )
    if not is_sure and not _CLIENT_OPENING.match(small):
        return False
    shown = _LINK.sub("", line)
    if _EXCUSE.search(shown):
        return True
    if len(shown) > _MAX_SHOWN_CHARS or (_STORY.search(shown) and not _is_slogan(shown.lower())):
        return False
    return is_sure or _names_client(line)


def _names_client(line: str) -> bool:
    return bool(_CLIENT_WORD.search(line) or _CLIENT_STEM.search(line))


def _is_slogan(shown: str) -> bool:
    """Tell "Sent from Tutanota, the secure mailbox" from a story: it begins and ends with what it sells."""
    return _names_client(shown[:_SLOGAN_CHARS]) and _names_client(shown.rstrip(" .!")[-_SLOGAN_CHARS:])


def footer_start(lines: list[str], end: int) -> int:
    """Index of the first line of a legal or list footer that ends before `end`; `end` when there is none.

    A paragraph is a footer when it is long and holds two words of such footers, or three: a
    seller who writes that a file is confidential keeps the sentence.
    """
    first, start = end, end
    if not DISCLAIMER.may_find(" ".join(lines[max(0, end - _MAX_FOOTER_LINES) : end])):
        return end
    while start > 0 and end - start < _MAX_FOOTER_LINES and lines[start - 1].strip():
        start -= 1
        if DISCLAIMER.search(lines[start][:2000]):
            first = start
    paragraph = " ".join(lines[first:end])[:4000]
    found = {match[0].lower() for match in DISCLAIMER.finditer(paragraph)}
    return first if len(found) > 2 or (len(found) == 2 and len(paragraph) >= _LONG_FOOTER_CHARS) else end


def banner_end(lines: list[str]) -> int:
    """Index after the banner of a gateway above the letter, 0 when there is none.

    The banner names the outside and gives advice; in brackets or alone on its line the name
    is enough.
    """
    names, advises, end, seen = False, False, 0, 0
    for number, line in enumerate(lines[:40]):
        if not line.strip(" \t\u00a0-_*=|"):
            continue
        seen += 1
        is_named = bool(_BANNER.search(line[:_MAX_BANNER_CHARS]))
        may_be_heading = seen == 1 and len(line) <= _MAX_HEADING_CHARS
        looked_at = line[:_MAX_BANNER_CHARS] if is_named or names or may_be_heading else ""
        is_advice = bool(_BANNER_ADVICE.search(looked_at))
        is_short = is_named and (
            _BRACKETS.match(line) is not None or _BANNER.sub("", line).strip(" .!:*") == ""
        )
        if (
            len(line) > _MAX_BANNER_CHARS
            or seen > _MAX_BANNER_LINES
            or not (is_named or (is_advice and names))
        ):
            if not (may_be_heading and is_advice):
                break
            continue
        names, advises = True, advises or is_advice or is_short
        end = number + 1
    return end if names and advises else 0
