"""Compares what became of a demo mail with what the manifest intends; differences are sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cli.demo.manifest import DemoMail
from models.store.outcomes import MailOutcome
from models.topics import Disposition

QUESTION_KIND = "missing_data"


def differences(mail: DemoMail, outcome: MailOutcome | None, by_name: Mapping[str, MailOutcome]) -> list[str]:
    """List how a mail ended otherwise than intended; empty when all is as intended."""
    if outcome is None:
        return [f"{mail.name}: not accepted"]
    if outcome.disposition is None:
        return [f"{mail.name}: still in flight"]
    found = [*_endings(mail, outcome), *_questions(mail, outcome), *_links(mail, outcome, by_name)]
    return [f"{mail.name}: {sentence}" for sentence in found]


def _endings(mail: DemoMail, outcome: MailOutcome) -> Iterator[str]:
    if outcome.disposition != mail.disposition:
        cause = f" ({outcome.cause})" if outcome.cause else ""
        yield f"ended as {outcome.disposition}{cause}, not {mail.disposition}"
    if mail.disposition == Disposition.DUPLICATE:
        return  # a duplicate is not read again
    if outcome.language != mail.language:
        yield f"language {outcome.language}, not {mail.language}"
    topic = outcome.ticket_topic if mail.disposition == Disposition.APPENDED else outcome.topic
    if topic != mail.topic:
        yield f"topic {topic or 'none'} ({outcome.confidence:.2f}), not {mail.topic}"


def _questions(mail: DemoMail, outcome: MailOutcome) -> Iterator[str]:
    questions = [reply for reply in outcome.replies if reply.kind == QUESTION_KIND]
    asked = {field for reply in questions for field in reply.asked}
    if asked != set(mail.expect_question):
        wanted = ", ".join(sorted(mail.expect_question)) or "nothing"
        yield f"asked for {', '.join(sorted(asked)) or 'nothing'}, not {wanted}"
    if len(questions) > 1:
        yield f"asked {len(questions)} times"
    for reply in outcome.replies:
        if mail.language not in {"unknown", reply.language}:
            yield f"answered in {reply.language}, not {mail.language}"


def _links(mail: DemoMail, outcome: MailOutcome, by_name: Mapping[str, MailOutcome]) -> Iterator[str]:
    if not mail.link:
        return
    earlier = by_name[mail.after].ticket if mail.after in by_name else None
    if earlier is None:
        yield f"{mail.after} has no ticket to compare with"
    elif mail.link == "same":
        if outcome.ticket != earlier:
            yield f"is on ticket {outcome.ticket}, not on {earlier} of {mail.after}"
    elif outcome.ticket == earlier:
        yield f"is on ticket {earlier} of {mail.after}, it should have one of its own"
    elif mail.link == "claims" and outcome.claimed != earlier:
        yield f"claims {outcome.claimed}, not {earlier} of {mail.after}"
    elif mail.link == "relates" and earlier not in outcome.related:
        yield f"is related to {list(outcome.related)}, not to {earlier} of {mail.after}"
