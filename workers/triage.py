"""A dry run of the whole decision for one new mail: what `razbor triage` shows.

In go a read mail, its mailbox and the prediction, out come decision, topic work and the reply
that would leave. The very functions of the workers are used with an empty context, so nothing
is known of other mails. The ticket would get its number later: drafts carry `RZ-000000`.
Where the topic is unsure, the topic work is still shown for the best topic; its question
would not be sent before an operator confirmed the topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.decisions import LinkContext, TicketState, TriageResult
from models.topics import Disposition, Status
from workers.disposition import decide
from workers.facts import facts_of
from workers.topics import decide_topic

if TYPE_CHECKING:
    from datetime import datetime

    from models.decisions import Decision
    from models.records import Mail, Prediction


def triage(mail: Mail, mailbox: str, prediction: Prediction, *, now_utc: datetime) -> TriageResult:
    """Decide about `mail` as if it were the first mail ever; `mailbox` is the one it was sent to."""
    del mailbox  # policy per mailbox is the database's; the classifier has seen it already
    decision = decide(mail, prediction, LinkContext(now_utc=now_utc))
    topic = decide_topic(ticket_state_of(mail, decision, now_utc))
    is_open = decision.disposition is Disposition.OPENED
    reply = decision.reply
    if reply is None and is_open and decision.decision == "route":
        reply = topic.reply
    return TriageResult(decision=decision, prediction=prediction, topic=topic, reply=reply)


def ticket_state_of(mail: Mail, decision: Decision, now_utc: datetime) -> TicketState:
    """Return the state of the ticket that `mail` would open, before it has a number."""
    return TicketState(
        number=0,
        status=Status.NEW,
        topic=decision.topic,
        language=mail.language,
        marketplace=mail.marketplace,
        subject=mail.subject,
        text=mail.text,
        facts=facts_of(mail, None),
        # A picture that the letter shows and that is no evidence is the logo of a signature.
        attachment_kinds=tuple(
            part.kind for part in mail.attachments if part.kind != "other" or not part.content_id
        ),
        secrets=tuple(redaction.type for redaction in mail.redacted),
        suppress_replies=decision.suppress_replies,
        findings=tuple((finding.type, finding.value or finding.text) for finding in mail.findings),
        now_utc=now_utc,
    )


def triage_as_json(mail_json: dict[str, Any], result: TriageResult) -> dict[str, Any]:
    """Return the object of `triage --json` (design 13): the reading's keys and the decision's."""
    prediction, reply = result.prediction, result.reply
    is_read = result.decision.decision in {"route", "review"}
    return mail_json | {
        "topic": result.decision.topic,
        "confidence": prediction.confidence,
        "decision": result.decision.decision,
        "probabilities": dict(prediction.probabilities),
        "reasons": [
            {"text": reason.text, "weight": reason.weight}
            for reason in prediction.reasons
            if reason.topic in ("", result.decision.topic)
        ],
        "missing": list(result.topic.missing) if is_read else [],
        "how_to": result.topic.how_to if is_read else False,
        "subkind": result.topic.subkind if is_read else "",
        "priority": result.topic.priority,
        "reply": None
        if reply is None
        else {"language": reply.language, "subject": reply.subject, "text": reply.text},
        "model": prediction.model,
    }
