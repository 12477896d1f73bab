"""Whether a letter only asks how things work and has no case of its own (domain 2.4).

In go topic, subkind, the mail's words and facts, out comes yes or no. Such letters are not
interrogated: they get a plain acknowledgement and go to the operators. The decision is a sum
of whole-number points from `how_to.toml`, so it can be read and corrected by hand; in doubt
the answer is no, since a question too many is mended by one reply and a question too few
costs a round.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from models.topics import OTHER, SPAM
from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.decisions import FactValue


def is_how_to(
    topic: str, text: str, facts: Iterable[FactValue], *, subkind: str = "", has_files: bool = False
) -> bool:
    """Tell whether `text` (subject, new words) asks about rules in general; `has_files`: with attachments."""
    if topic in {SPAM, OTHER}:
        return False
    table = read_table("how_to.toml")
    points: int = table["topics"].get(topic, 0) + table["subkinds"].get(f"{topic}.{subkind}", 0)
    points += sum(table["facts"].get(name, 0) for name in {fact.field for fact in facts if fact.value})
    points += table["with_files"] if has_files else 0
    folded = fold(text)
    for row, words in _lists():
        count = len(words.pattern.findall(folded)) if row.get("every") else len(words.found(folded))
        points += row["points"] * min(row["cap"], count)
    return points >= int(table["threshold"])


@cache
def _lists() -> tuple[tuple[dict[str, Any], WordList], ...]:
    return tuple((row, word_list(row["words"])) for row in read_table("how_to.toml")["words"])
