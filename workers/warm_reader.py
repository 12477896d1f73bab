"""Paying the first-use costs of reading once, before any mail is timed.

Patterns and vocabularies are compiled when a mail first needs them, which takes about half a
second of processor time; the mail that happens to come first must not be billed for it.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from intake.read_mail import ReadOptions, read_mail
from models.records import Mail
from workers.facts import facts_of

SAMPLES: Final = (
    "Поставка 2000061286750, штраф 1 000 руб за 16.11.2026, пароль: Qwerty12!",
    "货件 2000061286750，罚款 1000 卢布，2026年11月16日，验证码 804417",
    "Supply 2000061286750, a fine of 1,000 RUB on 16 November 2026, SMS code 418 662",
)


@cache
def warm_reader() -> None:
    """Read a few words in each language; the second call does nothing."""
    for text in SAMPLES:
        for kind in ("plain", "html"):
            head = f"From: a@b.example\nSubject: x\nContent-Type: text/{kind}; charset=utf-8\n\n"
            mail: Mail = read_mail(f"{head}{text}\n\n> {text}\n".encode(), None, ReadOptions())
            facts_of(mail, None)
