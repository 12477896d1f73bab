"""Attributions: the words with which a mail client names the mail that it quotes.

Lines of a letter go in; out comes how many of them are one attribution ("On Tue, 10 Nov 2026,
X <a@b> wrote:"), which clients fold over up to five lines, and whether it stands by itself.
All phrases are data (`intake/phrases`); every expression is anchored and bounded.
"""

from __future__ import annotations

import re
from typing import Final

from intake.quote_marks import MAILBOX, MAX_LINE_CHARS, TIME, alternatives, label_of

_MAX_ATTRIBUTION_LINES: Final = 5
_MIN_FOLDED_CHARS: Final = 30  # clients fold a line that is long
# Ruled, or with a label in front, or a line of Chinese alone (which may be a separator without rulers).
_MARKED_LINE: Final = re.compile(
    r"\s{0,9}(?:[-_=*#—–>|]|[^\n:：|]{0,50}[:：|]|[^\n]{1,30}[-_=*—–]\s*$|[\u4e00-\u9fff ]{4,40}$)"
)
_FIRST_PERSON: Final = re.compile(
    rf"^\W{{0,4}}(?:{alternatives('first_persons')})(?![^\W\d_])", re.IGNORECASE
)
_VERB: Final = re.compile(rf"(?<!\w)(?:{alternatives('verbs')})(?!\w)", re.IGNORECASE)
_VERB_CJK: Final = re.compile("写道|寫道|写到|来信写道")
_UNMISTAKABLE: Final = re.compile(rf"(?:{alternatives('unmistakable_verbs')})", re.IGNORECASE)
_OPENING: Final = re.compile(
    rf"^[\s>*-]{{0,12}}(?:(?:{alternatives('starters', 'weekdays')})(?![^\W\d])"
    r"|\d|[\"“«'„]|[^<>\n]{1,80}[<\[(])",
    re.IGNORECASE,
)
_STARTER: Final = re.compile(
    rf"^[\s>*-]{{0,12}}(?:{alternatives('starters', 'weekdays')})(?![^\W\d])", re.IGNORECASE
)
# "tir. 3. nov.", "Στις Τρί 3", "ב-3": a day or an hour after at most four words, whatever the language.
_EARLY_NUMBER: Final = re.compile(r"^[\s>*-]{0,12}(?:[^\s\d-]{1,14}[\s-]){1,4}\d")
# «ответила нам:», "nous a écrit": somebody tells what was written, a client never does.
_TOLD: Final = re.compile(
    rf"(?<!\w)(?:{alternatives('addressees')}) (?:{alternatives('verbs')})(?!\w)"
    rf"|(?<!\w)(?:{alternatives('verbs')}) (?:to )?(?:{alternatives('addressees')})(?!\w)",
    re.IGNORECASE,
)
_MAX_BEFORE_DATE: Final = 16
_MAX_AFTER_MAILBOX: Final = 16
_HINT: Final = re.compile(r"\d|@")
_ENDS: Final = (":", "：", "-", "wrote", "道")
_ENDING: Final = re.compile(
    r"(?:[:：]|(?:wrote|写道|寫道)\s{0,2}[-:：]{0,6}|[\w>]\.\.\.)\s{0,3}$", re.IGNORECASE
)
_ENDING_WITHOUT_COLON: Final = re.compile(
    r"(?:GMT[+-]\d\d:\d\d|<[^<>\s]{3,100}@[^<>\s]{3,100}>)\s{0,3}\S{0,40}(?: \S{1,40}){0,4}$"
)
_YEAR_DATE: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d\s?[-/.年년]\s?\d{1,2}\s?[-/.月월]\s?\d{1,2}"
    r"|\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?(?:20)?\d\d)(?!\d)"
)
_MONTH: Final = f"(?:{alternatives('months')})"
_MONTH_DATE: Final = re.compile(
    rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th|\.)?,? (?=[^\W\d_])(?:de )?{_MONTH}"
    rf"|(?<![^\W\d_])(?=[^\W\d_]){_MONTH}[^\W\d_]{{0,8}}\.? \d{{1,2}}(?!\d)"
    r"|(?<!\d)\d{1,2}\.? [^\W\d_]{2,14}[.,׳']{0,2} \d{4}(?!\d)",  # day, any word, year
    re.IGNORECASE,
)
_MACHINE_STAMP: Final = re.compile(
    r"^\d{4}[-/]\d{1,2}[-/]\d{1,2} (?:\d{1,2}:\d{2} GMT[+-]\d{2}:\d{2} )?.{1,120}$"
)
_CONTINUED: Final = re.compile(r"^[\s>]{0,6}(?:wrote|写道|<|mailto:)|^>\s{0,2}[:：]$", re.IGNORECASE)


def attribution(lines: list[str], at: int) -> tuple[int, bool]:
    """Length in lines of the attribution that begins at `at` (0: none), and whether it stands by itself.

    One that does not stand by itself ("18.11.2026 в 11:20 поддержка ответила:") counts only
    when quoted lines follow it: a seller may tell a story in the same words.
    """
    first = lines[at]
    is_others = not _FIRST_PERSON.match(first)
    is_opening = is_others and bool(_OPENING.match(first))
    is_early = is_others and not is_opening and _may_be_early(lines, at)
    if not (is_opening or is_early) and not _HINT.search(first):
        return 0, False
    joined = ""
    longest = _MAX_ATTRIBUTION_LINES if (is_opening or is_early) and _may_be_folded(first) else 1
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
            is_sure = verdict == "sure" and (is_opening or (is_early and _is_stamped(joined)))
            if is_sure or is_opening or count == 1:
                return count, is_sure
    return 0, False


def _may_be_early(lines: list[str], at: int) -> bool:
    """Tell whether a line begins with few words and a number, and an address stands on it or soon below."""
    if _EARLY_NUMBER.match(lines[at]) is None:
        return False
    return any("@" in line for line in lines[at : at + _MAX_ATTRIBUTION_LINES])


def may_open(lines: list[str]) -> list[int]:
    """Tell cheaply of every line whether something that opens a quote can begin there.

    2 where an attribution can end on the line or on one of the next, 1 where the line is at
    least ruled or labelled, else 0.
    """
    may = [0] * len(lines)
    reach = 0  # lines above that an ending below is still good for
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        tail = line[-60:].rstrip()
        if tail.endswith(_ENDS) or "@" in tail or "GMT" in tail:
            reach = _MAX_ATTRIBUTION_LINES
        may[at] = 2 if reach > 0 else int(_MARKED_LINE.match(line) is not None)
        reach -= 1
    return may


def _may_be_folded(first: str) -> bool:
    """Tell whether an attribution can go on after this line; the seller's own line before one cannot."""
    if _STARTER.match(first):
        return True
    if len(first.strip()) < _MIN_FOLDED_CHARS:
        return False
    return "<" in first or any(date.search(first) for date in (_YEAR_DATE, _MONTH_DATE, TIME))


def _goes_on(lines: list[str], at: int) -> bool:
    return at < len(lines) and bool(_CONTINUED.match(lines[at]))


def _begins_anew(line: str) -> bool:
    """Tell a ruler or a header label from the rest of a folded attribution."""
    return line[:3] in {"---", "___", "===", "***"} or bool(label_of(line))


def _judge(joined: str) -> str:
    """Rate a candidate: "sure", "maybe" (quoted lines must follow) or "" (no attribution)."""
    if joined.count("<") > joined.count(">"):
        return ""
    if not _ENDING.search(joined[-24:]) or (joined.endswith("...") and "news:" not in joined):
        is_stamp = joined[0].isdigit() and bool(_MACHINE_STAMP.match(joined))
        names_sender = is_stamp and ("GMT" in joined or bool(MAILBOX.search(joined)))
        return "sure" if names_sender and _ENDING_WITHOUT_COLON.search(joined) else ""
    if not _HINT.search(joined):
        return ""  # no date, time or mailbox
    has_mailbox = bool(MAILBOX.search(joined))
    has_date = _is_dated(joined)
    has_verb = bool(_VERB.search(joined) or _VERB_CJK.search(joined))
    has_time = bool(TIME.search(joined))
    is_stamped = has_date and has_time
    sure = (
        (has_mailbox and (has_verb or (is_stamped and _is_ordered(joined))))
        or (_UNMISTAKABLE.search(joined) and (has_date or has_time))
        or (has_verb and is_stamped and _names_writer(joined))
    )
    if sure and not _TOLD.search(joined):
        return "sure"
    return "maybe" if has_date or has_mailbox or (has_verb and has_time) else ""


def _is_ordered(joined: str) -> bool:
    """Tell whether an attribution without a verb has the client's order: the date first, the mailbox last."""
    dates = [date.start() for kind in (_YEAR_DATE, _MONTH_DATE) if (date := kind.search(joined))]
    boxes = [box.end() for box in MAILBOX.finditer(joined)]
    return min(dates) <= _MAX_BEFORE_DATE and len(joined) - boxes[-1] <= _MAX_AFTER_MAILBOX


def _is_dated(joined: str) -> bool:
    return bool(_YEAR_DATE.search(joined) or _MONTH_DATE.search(joined))


def _is_stamped(joined: str) -> bool:
    return _is_dated(joined) and bool(TIME.search(joined))


def _names_writer(joined: str) -> bool:
    """Tell whether the one who wrote is named as clients do: "On ...", an address, a name beside the verb.

    «В 14:05 менеджер написал:» tells a story; Russian clients put a mailbox or marks behind a name.
    """
    if joined[:3].lower() == "on " or "you wrote" in joined.lower() or joined[0] in "在于於":
        return True
    for verb in _VERB.finditer(joined):
        after = joined[verb.end() :].lstrip(' "')[:1]
        before = joined[: verb.start()].rstrip(' "').rpartition(" ")[2]
        name = before[:1] if after in ":：" else after
        if "@" in before or (name.isupper() and name < "\u0400"):
            return True
    return False
