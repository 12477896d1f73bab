"""Why a version serves or not, in the reader's words: the notes of `classifier.gate` and of people.

In goes the stored note, which is English, out come phrases in the language of the reader; a piece
that no pattern knows (a reason that somebody typed) stays as it was written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.wording import Words

_GROUP: Final = r"(?P<group>frozen set|recent labels|topic \S{1,60}|language \S{1,10})"
_SHARE: Final = r"\d{1,3}(?:\.\d{1,2})?"
_COUNT: Final = r"\d{1,9}"
_OF: Final = rf"of (?P<n>{_COUNT})"
_PATTERNS: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "first": r"the first model that can be used",
        "by_hand": r"promoted by hand",
        "not_worse": r"no topic or language is significantly worse",
        "fell": rf"{_GROUP} fell from (?P<before>{_SHARE})% to (?P<after>{_SHARE})% {_OF} mails",
        "figure": rf"{_GROUP} (?P<after>{_SHARE})%, was (?P<before>{_SHARE})%",
        "author": rf"labels of (?P<name>.{{1,100}}) contradict (?P<wrong>{_COUNT}) {_OF} confident "
        rf"answers \(others (?P<before>{_SHARE})%\): look at them before the model learns them",
        "pinned": r"(?P<name>\S{1,100}) is pinned since a rollback: .{0,300}",
        "precision": rf"live precision (?P<after>{_SHARE})% {_OF} audited mails is under "
        rf"(?P<before>{_SHARE})%",
        "same": rf"the (?P<n>{_COUNT}) examples are those of (?P<name>\S{{1,100}}) "
        r"\((?P<reason>\w{1,20})\)",
        "busy": r"another training is running",
    }.items()
}
_PERCENT: Final = frozenset({"before", "after"})


def gate_phrases(note: str, words: Words, topic: Callable[[str], str]) -> list[str]:
    """Tell a note piece by piece in the language of `words`; `topic` names a topic as the desk calls it."""
    rolled_back = re.fullmatch(r"(rolled back from \S{1,100}): (.*)", note[:2000], re.DOTALL)
    if rolled_back:
        name = rolled_back[1].rpartition(" ")[2]
        because = " · ".join(gate_phrases(rolled_back[2], words, topic))
        return [words("gate.rolled_back", name=name, reason=because)]
    return [_phrase(piece.strip(), words, topic) for piece in note[:2000].split("; ") if piece.strip()]


def _phrase(piece: str, words: Words, topic: Callable[[str], str]) -> str:
    for name, pattern in _PATTERNS.items():
        match = pattern.fullmatch(piece)
        if match is None:
            continue
        values: dict[str, str] = {}
        for key, value in match.groupdict().items():
            values[key] = words.percent(float(value) / 100) if key in _PERCENT else value
        count = int(values.pop("n")) if "n" in values else None
        if "group" in values:
            values["group"] = _group(values["group"], words, topic)
        if name == "same":
            values["reason"] = words.name("version", values["reason"])
        return words(f"gate.{name}", count, **values)
    return piece


def _group(text: str, words: Words, topic: Callable[[str], str]) -> str:
    kind, _, name = text.partition(" ")
    if kind == "topic":
        return topic(name)
    if kind == "language":
        return words.name("language", name)
    return words.name("gate", kind)
