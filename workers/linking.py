"""Where a mail belongs: design 7, rules A16, A17, R1-R4.

In go the mail and what the database knows of the tickets it may belong to, out comes a
`Link`. Evidence is weighed in a fixed order: our own Message-IDs in its references, mails of
the same sender in its references, a tag in the subject, the same content sent again. A mail
is appended only when its sender is a party of the ticket (it takes part in it, or its address
is bound to the ticket's seller) and its authentication has not failed; a stranger's mail
opens a ticket of its own with the claim noted for the operator. Nothing else links by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from models.decisions import Link
from models.topics import NON_PERSON_KINDS, Status
from workers.escalation import asks_for_escalation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.decisions import LinkContext, TicketCard
    from models.records import Mail

RELATED_LIMIT: Final = 10  # a forwarded chain may cite dozens


@dataclass(frozen=True, slots=True)
class _Candidate:
    card: TicketCard
    evidence: str


def link(mail: Mail, context: LinkContext) -> Link:
    """Weigh the evidence for `mail`; a pure function of its arguments."""
    if context.duplicate_of is not None:
        return Link(duplicate_of=context.duplicate_of)
    if mail.kind == "bounce" and context.bounced is not None:
        return Link(ticket=_target(context.bounced), evidence="bounce")
    is_person = mail.kind not in NON_PERSON_KINDS
    claimed: int | None = None
    predecessors: list[int] = []
    for candidate in _candidates(mail, context):
        card = _followed(candidate.card, context)
        if not _is_party(mail, card, context) and not _is_party(mail, candidate.card, context):
            claimed = claimed or candidate.card.number
        elif card.status is Status.CLOSED and is_person and not _reopens(card, context):
            predecessors.append(card.number)
        else:
            return Link(
                ticket=card.number,
                evidence=candidate.evidence,
                related=_related(context, without=card.number),
                reopens=card.status is Status.CLOSED and is_person,
            )
    return Link(
        related=_related(context, before=predecessors) if is_person else (),
        claimed=claimed or _claimed_in_body(mail, context),
    )


def is_trusted(mail: Mail) -> bool:
    """Tell whether the From address may count at all: a failed check makes any sender a stranger."""
    return bool(mail.from_.address) and not mail.authentication.failed


def _candidates(mail: Mail, context: LinkContext) -> Iterator[_Candidate]:
    """Yield the tickets in the order of the strength of their evidence (design 7).

    A number in the body makes a related ticket (rule R4), but an escalation never opens a second
    ticket (R26): then it counts last.
    """
    for card in context.own_references:
        yield _Candidate(card, "reference")
    for card in context.sender_references:
        yield _Candidate(card, "sender_reference")
    for card in context.subject_cited:
        yield _Candidate(card, "subject_tag")
    if context.resend_of is not None:
        yield _Candidate(context.resend_of, "resend")
    if context.body_cited and asks_for_escalation(mail.text):
        for card in context.body_cited:
            yield _Candidate(card, "escalation")


def _is_party(mail: Mail, card: TicketCard, context: LinkContext) -> bool:
    if not is_trusted(mail):
        return False
    takes_part = mail.from_.address.casefold() in {party.casefold() for party in card.parties}
    is_bound = bool(context.bound_seller_id) and context.bound_seller_id == card.seller_id
    return takes_part or is_bound


def _reopens(card: TicketCard, context: LinkContext) -> bool:
    """Rule A17: a closed ticket reopens within N days of its closing."""
    if card.closed_at_utc is None:
        return True
    return context.now_utc - card.closed_at_utc <= timedelta(days=context.reopen_days)


def _target(card: TicketCard) -> int:
    return card.merged_into if card.merged_into is not None else card.number


def _followed(card: TicketCard, context: LinkContext) -> TicketCard:
    """Return the ticket that `card` was merged into: it may be closed by now, as any other."""
    if card.merged_into is None:
        return card
    for known in (*context.targets, *context.own_references, *context.subject_cited):
        if known.number == card.merged_into:
            return known
    # A context without it: whoever merged the tickets works on the target, so it counts as open.
    return replace(
        card, number=card.merged_into, status=Status.IN_PROGRESS, closed_at_utc=None, merged_into=None
    )


def _related(
    context: LinkContext, *, without: int | None = None, before: list[int] | None = None
) -> tuple[int, ...]:
    """List closed predecessors, numbers in the body (rule R4) and the same matter (rule R3), each once."""
    cited = [_target(card) for card in (*context.body_cited, *context.same_matter)]
    numbers = dict.fromkeys([*(before or ()), *cited])
    return tuple(number for number in numbers if number != without)[:RELATED_LIMIT]


def _claimed_in_body(mail: Mail, context: LinkContext) -> int | None:
    """Return a ticket that a stranger names in the body: the operator should know."""
    return next((card.number for card in context.body_cited if not _is_party(mail, card, context)), None)
