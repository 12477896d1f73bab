"""What a log may not hold: addresses, names and words of the mails that went through."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

WORD = re.compile(r"[^\W\d_]{5,}|[一-鿿]{3}")  # a word of a letter; of Chinese, three characters
NUMBER = re.compile(r"\d{7,}")
# Words that our own log lines are made of, and that letters hold too.
OWN = frozenset({"supply", "acceptance", "hello", "please", "razbor", "warehouse", "support", "november"})


def leaks(text: str, letters: Iterable[tuple[str, str]], addresses: Iterable[str]) -> set[str]:
    """Give what of the letters (subject, words) and addresses a log quotes; empty when it is clean."""
    told = text.lower()
    found = {address for address in addresses if address.lower() in told}
    found |= {part for address in addresses if (part := address.partition("@")[2]) and part in told}
    for subject, words in letters:
        letter = f"{subject} {words}".lower()
        wanted = {word for word in WORD.findall(letter) if word not in OWN} | set(NUMBER.findall(letter))
        found |= {word for word in wanted if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", told)}
    return found


def way_of_mail(lines: list[dict[str, Any]], raw_id: int) -> list[str]:
    """Give the events that name a mail or, once it has one, its ticket: its way through the log."""
    tickets = {line["ticket"] for line in lines if line.get("raw_id") == raw_id and line.get("ticket")}
    return [
        line["event"]
        for line in lines
        if line.get("raw_id") == raw_id or raw_id in line.get("raw_ids", ()) or line.get("ticket") in tickets
    ]
