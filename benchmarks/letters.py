"""Mails of sellers for measurements: as many as are asked for, from the bundled corpus (synthetic).

Every letter has a sender and a Message-ID of its own and digits of its own in its words, so that
no two of them belong together: each opens a ticket, as a storm of a hundred thousand sellers would.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any, Final

from benchmarks.smtp_load import Letter
from classifier.dataset import default_corpus_paths
from cli.corpus_mail import render

MAILBOX: Final = "support@razbor.local"
_DIGIT: Final = re.compile(r"\d")


def letters(count: int, *, seed: str) -> list[Letter]:
    """Return `count` letters in three languages; another seed gives letters of other sellers."""
    chance = random.Random(seed)  # the same letters at every run
    rows = _rows()
    return [_letter(chance.choice(rows), chance, f"{seed}-{number}") for number in range(count)]


def _letter(row: dict[str, Any], chance: random.Random, name: str) -> Letter:
    sender = f"seller-{name}@shop-{name}.example"
    body = _DIGIT.sub(lambda _digit: chance.choice("123456789"), row["body"])
    changed = row | {"from": sender, "to": MAILBOX, "id": f"{row['id']}-{name}", "body": body}
    return Letter(sender=sender, octets=render(changed))


def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for path in default_corpus_paths() for line in path.read_text().splitlines()]
