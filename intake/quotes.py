"""The writer's new words apart from the mail they answer or forward.

The text of a letter goes in, new text and quoted text come out; together they hold every
line. The rules, in the order of the lines:

- a separator or header block (Outlook, QQ, Foxmail) makes the rest quoted;
- an attribution (Gmail, Apple, Yandex, Mail.ru) makes the marked lines after it quoted, and
  what follows those is new again: bottom-posted and interleaved answers keep their words;
- an attribution without marked lines after it makes the rest quoted;
- marked lines without attribution are quoted at the end; above the writer's words they are
  a citation and stay;
- when nothing new stands before, a forwarded mail is the content: only its header is quoted.

Line-wise and linear: each line is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from intake.attributions import attribution, may_open
from intake.quote_marks import header_block, is_forward, is_quote, label_of, separator
from intake.shown_lines import fences, shown
from intake.signatures import is_signature

_NEW, _QUOTED, _CITED, _TOP_SIGNATURE = 0, 1, 2, 3
_RULER: Final = re.compile(r"^[\s>]{0,8}[_\-=—*]{5,}\s{0,8}$")
_NAME_MARK: Final = re.compile(r"^\s{0,2}(?:[A-Za-zА-Яа-яЁё]{1,12}|\|)\s?[>|]|^\|(?:\s|$)")
_INITIALS: Final = re.compile(r"^\s{0,2}[A-ZА-ЯЁ]{1,3}> ")
_MARK: Final = re.compile(r"^ {0,3}> ?")
MAX_LINES: Final = 6_000
_MAX_ANSWER_LINES: Final = 100  # between two quoted questions
_MAX_UNWRAPPED: Final = 8  # forwards inside the marks of a forward


_REPLY_SUBJECT: Final = re.compile(
    r"^\s{0,9}(?:\[[^\]\n]{1,40}\]\s{0,3})?(?:re|aw|sv|antw|odp|res|rif|rép|vs|ynt|отв|ответ|回复|回覆|答复)"
    r"\s{0,2}(?:\[\d{1,3}\])?\s{0,2}[:：]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Split:
    """New text and quoted text of one letter."""

    new: str
    quoted: str


class _Opener(NamedTuple):
    """What opens a quote: the index after it, whether all the rest is quoted, whether it may be a forward."""

    end: int
    swallows: bool = False
    forwards: bool = False


@dataclass(slots=True)
class _Effort:
    """How often the costly looks may still be taken at one letter: crafted text must not buy time."""

    attributions: int = 200
    blocks: int = 100
    runs: int = 200
    forwards: int = 20

    def is_spent(self, name: str) -> bool:
        """Take one look of a kind; answers whether there was none left."""
        left = getattr(self, name)
        setattr(self, name, left - 1)
        return bool(left <= 0)


def is_reply_subject(subject: str) -> bool:
    """Tell whether a subject says that the mail answers another ("Re:", «Отв:», 回复:)."""
    return bool(_REPLY_SUBJECT.match(subject))


def split_quotes(text: str, *, is_reply: bool = False) -> Split:
    """Separate the new text of a letter from what it quotes.

    With `is_reply` (see `is_reply_subject`) an old mail under a lone signature is what the
    letter answers; without, it is what the letter forwards, if its header can mean both.
    """
    return _split(text.split("\n", MAX_LINES), may_forward=not is_reply, depth=0)


def _split(written: list[str], *, may_forward: bool, depth: int) -> Split:
    lines = shown(written)
    marks = [_NEW] * len(lines)
    fenced = fences(lines)
    at, top = 0, 0
    has_words = False
    answers = False  # an attribution was seen: marked lines are the mail that is answered
    effort, may = _Effort(), may_open(lines)
    while at < len(lines):
        if not lines[at] or lines[at].isspace():
            at += 1
        elif at in fenced:
            at, has_words = fenced[at], True
        elif is_quote(lines[at]):
            end = _cite_run(lines, marks, at, effort, answers=answers)
            answers = answers or marks[at] == _QUOTED  # a run that names its sender: later runs are his, too
            at = end
        elif answers and _INITIALS.match(lines[at]):
            # The Bat! puts the sender's initials before the mark of every quoted line.
            end = _run_end(lines, at, named=True)
            marks[at:end] = [_QUOTED] * (end - at)
            at = end
        elif (
            may[at]
            and effort.attributions > 0
            and (opener := _opener(lines, at, effort, ends=may[at] > 1, may_forward=may_forward)).end > at
        ):
            effort.attributions -= 1
            if (
                opener.forwards
                and has_words
                and not effort.is_spent("forwards")
                and is_signature(lines[top:at])
            ):
                marks[top:at] = [_TOP_SIGNATURE] * (at - top)
                has_words = False
            if opener.swallows and has_words:
                marks[at:] = [_QUOTED] * (len(lines) - at)
                break
            marks[at : opener.end] = [_QUOTED] * (opener.end - at)
            at = top = _quote_marked(lines, marks, _skip_blank(lines, opener.end), opener.end)
            answers = True
        else:
            has_words = has_words or bool(lines[at].strip(" \t\u00a0-_*=~"))
            at += 1
    _settle_citations(lines, marks)
    split = _collect(written, marks)
    return _unwrapped(split, may_forward=may_forward, depth=depth) if depth < _MAX_UNWRAPPED else split


def _opener(lines: list[str], at: int, effort: _Effort, *, ends: bool, may_forward: bool) -> _Opener:
    """Find what opens a quote at this line; its end is `at` when nothing does."""
    line = lines[at]
    is_known, is_sure = separator(line)
    if is_known:
        following = _skip_blank(lines, at + 1)
        end = header_block(lines, following, after_separator=True) if following < len(lines) else following
        if is_sure or end > following or _is_marked(lines, following):
            return _block(lines, max(end, at + 1), forwards=may_forward or is_forward(line))
    first = _skip_blank(lines, at + 1) if _RULER.match(line) else at
    if first < len(lines) and label_of(lines[first]) and not effort.is_spent("blocks"):
        if (end := header_block(lines, first)) > first:
            return _block(lines, end, forwards=may_forward)
        first = _past_labels(lines, first)
    elif first > at:
        return _Opener(at)
    if not ends or effort.is_spent("attributions"):
        return _Opener(at)
    opener = _attributed(lines, first)
    return opener if opener.end > first else _Opener(at)


def _past_labels(lines: list[str], at: int) -> int:
    """Index after up to three labels: Yandex names recipient and subject above its attribution."""
    for _ in range(3):
        if at + 1 < len(lines) and label_of(lines[at]) in {"to", "subject"}:
            at += 1
    return at


def _block(lines: list[str], end: int, *, forwards: bool) -> _Opener:
    """Judge what follows a separator or header block: two runs of marked lines are answered in between.

    One run is more likely a citation with which the old mail itself begins.
    """
    run = _skip_blank(lines, end)
    if not _is_marked(lines, run):
        return _Opener(end, swallows=True, forwards=forwards)
    after = _run_end(lines, run)
    is_answered = any(map(is_quote, lines[after : after + _MAX_ANSWER_LINES]))
    return _Opener(end, swallows=not is_answered, forwards=forwards)


def _attributed(lines: list[str], at: int) -> _Opener:
    count, sure = attribution(lines, at)
    following = _skip_blank(lines, at + count)
    if count and (
        _is_marked(lines, following) or (following < len(lines) and _NAME_MARK.match(lines[following]))
    ):
        return _Opener(at + count)
    return _Opener(at + count, swallows=True) if sure else _Opener(at)


def _is_marked(lines: list[str], at: int) -> bool:
    return at < len(lines) and is_quote(lines[at])


def _quote_marked(lines: list[str], marks: list[int], run: int, end: int) -> int:
    """Mark the quoted lines that follow an attribution; answers the index after them."""
    if run >= len(lines) or not (is_quote(lines[run]) or _NAME_MARK.match(lines[run])):
        return end
    last = _run_end(lines, run, named=not is_quote(lines[run]))
    marks[end:last] = [_QUOTED] * (last - end)
    return last


def _cite_run(lines: list[str], marks: list[int], at: int, effort: _Effort, *, answers: bool) -> int:
    """Mark a run of marked lines: quoted when it is known whose they are, else to be settled."""
    end = _run_end(lines, at)
    own = answers or (not effort.is_spent("runs") and _names_sender(lines[at : min(end, at + 12)]))
    marks[at:end] = [_QUOTED if own else _CITED] * (end - at)
    return end


def _names_sender(run: list[str]) -> bool:
    """Tell whether a run of marked lines begins with an attribution, a separator or a header block."""
    inner = [_MARK.sub("", line).lstrip("> ") for line in run]
    first = _skip_blank(inner, 0)
    if first >= len(inner):
        return False
    return (
        attribution(inner, first)[0] > 0
        or separator(inner[first])[0]
        or (bool(label_of(inner[first])) and header_block(inner, first) > first)
    )


def _run_end(lines: list[str], at: int, *, named: bool = False) -> int:
    """Index after a run of marked lines; blanks between them and wrapped tails belong to it."""
    end = at
    number = at
    while number < len(lines):
        line = lines[number]
        if is_quote(line) or (named and _NAME_MARK.match(line)):
            end = number + 1
        elif line.strip() and not _is_wrapped_tail(lines, number):
            break
        number += 1
    return end


def _is_wrapped_tail(lines: list[str], number: int) -> bool:
    """Tell a quoted line that was cut without repeating its mark: long before, short, more quote after."""
    before, after = lines[number - 1], lines[number + 1] if number + 1 < len(lines) else ""
    return is_quote(before) and len(before) > 68 and len(lines[number]) < 40 and is_quote(after)


def _skip_blank(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _settle_citations(lines: list[str], marks: list[int]) -> None:
    """Quote the marked lines at the end; keep those above the writer's words, or that are all there is."""
    if _CITED not in marks:
        return
    new = [number for number, mark in enumerate(marks) if mark == _NEW and lines[number].strip()]
    last_new = new[-1] if new else -1
    for number, mark in enumerate(marks):
        if mark == _CITED:
            marks[number] = _QUOTED if new and number > last_new else _NEW


def _collect(lines: list[str], marks: list[int]) -> Split:
    """Join the lines of a kind; a client's signature above a forwarded mail goes under its text."""
    signature = [line for line, mark in zip(lines, marks, strict=True) if mark == _TOP_SIGNATURE]
    quoted = [line for line, mark in zip(lines, marks, strict=True) if mark == _QUOTED]
    return Split(_above("\n".join(_new_lines(lines, marks)), signature), "\n".join(quoted).strip("\n"))


def _above(text: str, signature: list[str]) -> str:
    text, below = text.strip("\n"), "\n".join(signature).strip("\n")
    return f"{text}\n\n{below}" if text and below.strip() else text or below


def _new_lines(lines: list[str], marks: list[int]) -> list[str]:
    """Lines of the writer; where a quote was taken out, one blank line is enough."""
    new: list[str] = []
    is_cut = False
    for line, mark in zip(lines, marks, strict=True):
        if mark == _NEW:
            if line or not (is_cut and (not new or not new[-1])):
                new.append(line)
            is_cut = is_cut and not line
        else:
            is_cut = True
    return new


def _unwrapped(split: Split, *, may_forward: bool, depth: int) -> Split:
    """Take a forwarded mail out of its `>` marks when it is all there is (Apple Mail, Mail.ru, Foxmail)."""
    if not split.quoted:
        return split
    new, quoted = split.new.split("\n"), split.quoted.split("\n")
    if not is_signature(new):
        return split
    bare = [_MARK.sub("", line) for line in quoted]
    is_named = separator(bare[0])[0]
    following = _skip_blank(bare, 1) if is_named else 0
    if not _is_marked(quoted, following) or not (is_named or (may_forward and label_of(bare[0]))):
        return split
    end = header_block(bare, following, after_separator=is_named)
    if end == following and not is_named:
        return split
    inner = _split(bare[end:], may_forward=may_forward, depth=depth + 1)
    if not inner.new.strip():
        return split
    return Split(_above(inner.new, new), "\n".join([*quoted[:end], inner.quoted]).strip("\n"))
