"""Checking the senders of a batch: the one place where reading asks the network.

Readings go in, the same readings come out with `Mail.authentication` and warnings. A mail that
a front server on our own network has judged, and one of our own, are left alone. All
mails of a batch are asked for at once, each within its own time, so that one slow sender
delays nobody; what is not answered in time is "temperror" and the mail goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from intake.dns_lookup import MailLookUps, Resolver
from intake.sender_checks import SenderCheck, check_sender
from intake.spf_check import is_public
from models.records import Authentication

if TYPE_CHECKING:
    from models.records import Mail, RawMail

QUERY_S: Final = 2.0
MAIL_S: Final = 5.0  # for all questions of one mail
BATCH_S: Final = 10.0
MAX_THREADS: Final = 64  # they wait, they do not work
MAX_WARNINGS: Final = 40

log = structlog.get_logger(__name__)


def check_senders(resolver: Resolver, mails: Sequence[tuple[RawMail, Mail]], within_s: float) -> list[Mail]:
    """Return the mails, in their order, with what could be found out about their senders in that time."""
    until_s = time.monotonic() + min(within_s, BATCH_S)
    check = partial(_check, resolver=resolver, until_s=until_s)
    asked = [at for at, given in enumerate(mails) if _needs_check(*given)]
    checked = [mail for _, mail in mails]
    if not asked:
        return checked
    with ThreadPoolExecutor(min(len(asked), MAX_THREADS), thread_name_prefix="sender") as pool:
        answers = pool.map(check, (mails[at] for at in asked))
        for at, answer in zip(asked, answers, strict=True):
            checked[at] = _with_answer(checked[at], answer)
    return checked


def _needs_check(raw: RawMail, mail: Mail) -> bool:
    """Tell whether nobody vouched yet; who hands in from outside may have written the results himself."""
    vouched = bool(mail.authentication.source) and not is_public(raw.envelope.peer)
    return not vouched and mail.kind != "own"


def _check(given: tuple[RawMail, Mail], resolver: Resolver, until_s: float) -> SenderCheck:
    """Check one mail; a fault of the check is a failed check, never a lost mail."""
    raw, mail = given
    until_s = min(until_s, time.monotonic() + MAIL_S)
    look_up = MailLookUps(resolver, until_s=until_s, query_s=QUERY_S, clock=time.monotonic)
    try:
        return check_sender(raw.raw, raw.envelope, mail.from_.address, look_up)
    except MemoryError:
        raise
    except Exception as error:  # the edge of one mail
        log.exception("sender cannot be checked", raw_id=raw.raw_id)
        failed = Authentication("temperror", "temperror", "temperror", source="own")
        return SenderCheck(failed, (f"authentication: the check broke off: {type(error).__name__}",))


def _with_answer(mail: Mail, answer: SenderCheck) -> Mail:
    warnings = (*mail.warnings, *answer.warnings)[:MAX_WARNINGS]
    return replace(mail, authentication=answer.authentication, warnings=warnings)
