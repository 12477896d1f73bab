"""The order in which one mail's texts become facts; read it from top to bottom.

Secrets go first, so that nothing after them can see one. Then every field is prepared once, all extractors
make their claims, the claims compete for the text, and the winners become entities.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from intake.extraction.claims import claims_of
from intake.extraction.compete import Claim, settle
from intake.extraction.corrections import Correction, find_corrections
from intake.extraction.fields import ATTACHMENT_PREFIX, Extraction, MailFields
from intake.extraction.findings import find_findings
from intake.extraction.marketplace import infer_marketplaces
from intake.extraction.regions import (
    NEW_TEXT,
    Region,
    View,
    may_hold_secret,
    read_label,
    read_region,
    read_view,
)
from intake.extraction.secrets import PERSONAL, Secret, redact
from intake.extraction.subtypes import Refined, refine, with_roles
from models.records import Entity, Redaction

LABEL: Final = "header"  # where a secret stood that was in a name or a warning


def extract(fields: MailFields, *, mail_date: date | None, language: str, marketplace: str) -> Extraction:
    """Find every identifier, date, amount and secret of a mail.

    `mail_date` is the mail's own date (where it is None, dates without a year are not resolved and left
    out); `language` is ru, zh, en or unknown; `marketplace` is ozon, wb or unknown, as the mailbox suggests.
    Pure and linear in the length of the texts; any text is accepted.
    """
    views, labels, secrets = _without_secrets(fields, language)
    names = zip(fields.attachments, labels, strict=False)
    documents = frozenset(shown for (name, _), shown in names if name in fields.documents)
    regions = [read_region(view) for view in views if view.text]
    place, new_place = infer_marketplaces(regions, marketplace)
    corrections = _corrections(regions)
    winners = _refined(settle(claims_of(regions, mail_date, language, documents)), place, new_place)
    entities = [_entity(*winner) for winner in with_roles(winners, corrections)]
    order = {view.where: index for index, view in enumerate(views)}
    entities += [
        _secret_entity(secret) for secret in secrets if secret.kind not in PERSONAL and secret.where in order
    ]
    entities.sort(key=lambda entity: (order[entity.where], entity.start))
    return Extraction(
        fields=_redacted_fields(views, labels[len(fields.attachments) :]),
        entities=tuple(entities),
        findings=tuple(find_findings(regions, entities, mail_date, corrections)),
        redactions=tuple(Redaction(secret.kind, secret.where) for secret in secrets),
        marketplace=place,
        subject_tickets=_tickets(entities, "subject"),
        body_tickets=_tickets(entities, "body"),
    )


def _corrections(regions: list[Region]) -> dict[str, tuple[Correction, ...]]:
    texts = (
        region for region in regions if region.has_digit and not region.where.startswith(ATTACHMENT_PREFIX)
    )
    return {region.where: tuple(find_corrections(region)) for region in texts}


def _without_secrets(fields: MailFields, language: str) -> tuple[list[View], tuple[str, ...], list[Secret]]:
    """Redact every text, name of an attachment and label; a part goes by its clean name from here on."""
    regions = fields.regions()
    labels = [*(name for name, _ in fields.attachments), *fields.labels]
    texts = [read_view(where, text) for where, text in regions]
    named = (read_label(LABEL, text) for text in labels)
    if any(map(may_hold_secret, labels)):
        views, secrets = redact([*texts, *named], language)
    else:
        views, secrets = redact(texts, language, unsuspected=named)
        if not secrets:
            return views, tuple(labels), secrets
    clean = tuple(view.text for view in views[len(regions) :])
    renamed = {
        ATTACHMENT_PREFIX + name: ATTACHMENT_PREFIX + shown
        for (name, _), shown in zip(fields.attachments, clean, strict=False)
        if name != shown
    }
    kept = views[: len(regions)]
    if renamed:
        kept = [view.named(renamed.get(view.where, view.where)) for view in kept]
        secrets = [secret._replace(where=renamed.get(secret.where, secret.where)) for secret in secrets]
    return kept, clean, secrets


def _refined(winners: list[Claim], place: str, new_place: str) -> list[Refined]:
    """Subtype new text by its own marketplace: what somebody quotes below must not change it."""
    new = [claim for claim in winners if claim.region.where in NEW_TEXT]
    rest = [claim for claim in winners if claim.region.where not in NEW_TEXT]
    return refine(new, new_place) + refine(rest, place)


def _entity(claim: Claim, subtype: str, role: str) -> Entity:
    return Entity(
        type=claim.type,
        text=claim.text,
        value=claim.value,
        where=claim.region.where,
        start=claim.start,
        end=claim.end,
        subtype=subtype,
        role=role,
        reasons=claim.reasons,
    )


def _secret_entity(secret: Secret) -> Entity:
    return Entity(
        type="secret",
        text="",
        value="",
        where=secret.where,
        start=secret.start,
        end=secret.end,
        subtype=secret.kind,
    )


def _redacted_fields(views: list[View], labels: tuple[str, ...]) -> MailFields:
    subject, body, quoted, signature = (view.text for view in views[:4])
    attachments = tuple((view.where.removeprefix(ATTACHMENT_PREFIX), view.text) for view in views[4:])
    return MailFields(subject, body, quoted, signature, attachments, labels=labels)


def _tickets(entities: list[Entity], where: str) -> tuple[str, ...]:
    found = [entity.value for entity in entities if entity.type == "ticket_id" and entity.where == where]
    return tuple(dict.fromkeys(found))
