"""What becomes of one mail: duplicate, auto, quarantined, appended or opened (design 2, 3).

In go the mail, what the classifier says of it and what is known of other mails, out comes a
`Decision`, the same for the same input: no database, clock or network. `held` is never an
answer here: it is the caller's, for a mail that could not be read or stored. Rules: A3-A7
(kept as `suppress_replies`), A14 (unsure: the number and no question), A15, A16, A20, R19.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from models.decisions import Decision, Link
from models.topics import NON_PERSON_KINDS, OTHER, SLUGS, SPAM, Disposition
from workers.linking import is_trusted, link
from workers.phishing import LOOKALIKE, phishing_signals
from workers.priority import is_called_urgent
from workers.replies.compose import ReplyContext, draft_received, draft_redirect
from workers.subkind import subkind_of

if TYPE_CHECKING:
    from models.decisions import LinkContext, TicketCard
    from models.records import Mail, Prediction, ReplyDraft
    from workers.phishing import PhishingSignals

SPAM_SUSPECTED: Final = 0.3  # probability of spam from which nothing is answered automatically
_AUTO_CAUSES: Final = {
    "auto_reply": "an automatic reply, kept and not answered",
    "out_of_office": "an out-of-office reply, kept and not answered",
    "bounce": "a delivery report, kept and not answered",
    "own": "our own mail came back",
}


def decide(mail: Mail, prediction: Prediction, context: LinkContext) -> Decision:
    """Decide about `mail`. Total: every mail and prediction gets exactly one answer."""
    found = link(mail, context)
    if found.duplicate_of is not None:
        return _duplicate(prediction, found)
    if mail.kind in NON_PERSON_KINDS:
        return _auto(mail, found)
    signals = phishing_signals(mail)
    suppress = _suppress_reason(mail, prediction, signals)
    if found.ticket is not None:
        return _appended(prediction, context, found, suppress)
    cause = _quarantine_cause(prediction, signals)
    twin = None if cause else _twin(mail, prediction, context)
    if twin is not None:
        found = replace(found, twin=twin.number)
        if context.appends_same_matter:
            same = replace(found, ticket=twin.number, evidence="same_matter", related=())
            return _appended(prediction, context, same, suppress)
    if cause:
        return Decision(
            disposition=Disposition.QUARANTINED,
            decision="quarantine",
            topic=SPAM,
            link=found,
            cause=cause,
            suppress_replies=suppress or cause,
        )
    return _opened(mail, prediction, found, suppress)


def _duplicate(prediction: Prediction, found: Link) -> Decision:
    return Decision(
        disposition=Disposition.DUPLICATE,
        decision="auto",
        topic=_known(prediction.topic),
        link=found,
        cause="the same mail was delivered before",
        suppress_replies="duplicate",
    )


def _auto(mail: Mail, found: Link) -> Decision:
    """Keep an automatic mail on the ticket that it names; it neither reopens nor opens one."""
    return Decision(
        disposition=Disposition.AUTO,
        decision="auto",
        topic=OTHER,
        link=replace(found, reopens=False, related=()),
        cause=_AUTO_CAUSES[mail.kind],
        suppress_replies=mail.suppress_replies or mail.kind,
    )


def _appended(prediction: Prediction, context: LinkContext, found: Link, suppress: str) -> Decision:
    """Keep the ticket's topic: "see attached" says nothing about it. No reply from here."""
    topic = _ticket_topic(found, context)
    return Decision(
        disposition=Disposition.APPENDED,
        decision="route" if topic else "review",
        topic=topic or _known(prediction.topic),
        link=found,
        review=not topic,
        suppress_replies=suppress,
    )


def _opened(mail: Mail, prediction: Prediction, found: Link, suppress: str) -> Decision:
    """Open a ticket; one whose forged sender claims another's ticket goes to an operator."""
    topic = _known(prediction.topic)
    claims_in_vain = mail.authentication.failed and found.claimed is not None
    sure = prediction.sure and topic == prediction.topic and topic != SPAM and not claims_in_vain
    reply = None if suppress else _first_reply(mail, topic, sure=sure)
    return Decision(
        disposition=Disposition.OPENED,
        decision="route" if sure else "review",
        topic=topic,
        link=found,
        review=not sure,
        suppress_replies=suppress,
        reply=reply,
    )


def _first_reply(mail: Mail, topic: str, *, sure: bool) -> ReplyDraft | None:
    """Answer from the read stage: the neutral acknowledgement, or a buyer's or the press's redirect."""
    reply = ReplyContext(
        number=0,
        language=mail.language,
        subject=mail.subject,
        marketplace=mail.marketplace,
        urgent=is_called_urgent(f"{mail.subject}\n{mail.text}"),
        secrets=tuple(redaction.type for redaction in mail.redacted),
    )
    if not sure:
        return draft_received(reply)
    role = outside_role(topic, f"{mail.subject}\n{mail.text}", _stated_roles(mail))
    return draft_redirect(reply, role) if role else None


def outside_role(topic: str, text: str, stated: tuple[str, ...] = ()) -> str:
    """Return "buyer" or "press" when a letter of topic `other` comes from one of them, else ""."""
    if topic != OTHER:
        return ""
    if {"seller", "pvz_owner", "agency"}.intersection(stated):
        return ""  # a seller who tells what a buyer wrote
    role = next((role for role in stated if role in {"buyer", "press"}), "")
    return role or {"buyer": "buyer", "press": "press"}.get(subkind_of(OTHER, text, ()), "")


def _stated_roles(mail: Mail) -> tuple[str, ...]:
    return tuple(finding.value for finding in mail.findings if finding.type == "sender_role")


def _suppress_reason(mail: Mail, prediction: Prediction, signals: PhishingSignals) -> str:
    """Say why nothing goes out automatically, "" when it may (rules A3-A7, A15)."""
    if mail.suppress_replies:
        return mail.suppress_replies
    if mail.authentication.failed:
        return "sender authentication failed"
    if LOOKALIKE in signals.names:
        return "the sender's domain looks like a marketplace's"
    if prediction.topic == SPAM or prediction.spam_probability >= SPAM_SUSPECTED or signals.suspicious:
        return "suspected spam"
    return "" if mail.from_.address else "no sender address"


def _quarantine_cause(prediction: Prediction, signals: PhishingSignals) -> str:
    if prediction.topic == SPAM and prediction.sure:
        return f"spam or phishing, {prediction.confidence:.0%} sure"
    is_other_topic_for_sure = prediction.sure and LOOKALIKE not in signals.names
    if signals.strong and not is_other_topic_for_sure:
        return "poses as the marketplace: " + ", ".join(name.replace("_", " ") for name in signals.names)
    return ""


def _twin(mail: Mail, prediction: Prediction, context: LinkContext) -> TicketCard | None:
    """Return the open ticket that is likely the same matter: same seller, identifier and topic (rule R3)."""
    if not prediction.sure or not is_trusted(mail):
        return None
    return next((card for card in context.same_matter if card.topic == prediction.topic), None)


def _ticket_topic(found: Link, context: LinkContext) -> str:
    cards: tuple[TicketCard, ...] = (
        *context.own_references,
        *context.sender_references,
        *context.subject_cited,
        *((context.resend_of,) if context.resend_of is not None else ()),
        *context.body_cited,
        *context.same_matter,
    )
    return next((card.topic for card in cards if found.ticket in {card.number, card.merged_into}), "")


def _known(topic: str) -> str:
    """Return the topic, or `other` for an empty one; an operator's own topics are kept."""
    return topic or OTHER if topic not in SLUGS else topic
