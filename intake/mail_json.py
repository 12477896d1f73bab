"""A mail as the JSON object of `razbor read --json` (the contract of the command).

A `Mail` goes in, a dict of plain values comes out, in the documented order of keys.
Entities are those of the corpus' types; other findings stand under `facts`.
"""

from __future__ import annotations

from typing import Any

from models.records import Address, Entity, Mail


def mail_as_json(mail: Mail, file: str) -> dict[str, Any]:
    """Turn a mail into the object that `read --json` prints; `file` is the path as given."""
    return {
        "file": file,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "date": mail.date_utc.isoformat() if mail.date_utc else None,
        "from": _address(mail.from_),
        "reply_to": [_address(address) for address in mail.reply_to],
        "to": [_address(address) for address in mail.to],
        "cc": [_address(address) for address in mail.cc],
        "subject": mail.subject,
        "kind": mail.kind,
        "suppress_replies": mail.suppress_replies,
        "language": mail.language,
        "marketplace": mail.marketplace,
        "text": mail.text,
        "quoted": mail.quoted,
        "signature": mail.signature,
        "attachments": [
            {
                "name": attachment.name,
                "content_type": attachment.content_type,
                "size_bytes": attachment.size_bytes,
                "kind": attachment.kind,
            }
            | ({"row_count": attachment.row_count} if attachment.row_count is not None else {})
            for attachment in mail.attachments
        ],
        "ticket_ids": list(dict.fromkeys((*mail.subject_tickets, *mail.body_tickets))),
        "entities": [_entity(entity) for entity in mail.entities],
        "facts": [
            {
                "type": finding.type,
                "text": finding.text,
                "value": finding.value,
                "where": finding.where,
                "start": finding.start,
                "end": finding.end,
            }
            for finding in mail.findings
        ],
        "redacted": [{"type": redaction.type, "where": redaction.where} for redaction in mail.redacted],
        "authentication": {
            "spf": mail.authentication.spf,
            "dkim": mail.authentication.dkim,
            "dmarc": mail.authentication.dmarc,
        },
        "bounce": _bounce(mail),
        "warnings": list(mail.warnings),
    }


def _address(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}


def _entity(entity: Entity) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "type": entity.type,
        "text": entity.text,
        "value": entity.value,
        "where": entity.where,
        "start": entity.start,
        "end": entity.end,
    }
    for name in ("subtype", "role"):
        if value := getattr(entity, name):
            plain[name] = value
    return plain


def _bounce(mail: Mail) -> dict[str, Any] | None:
    if mail.bounce is None:
        return None
    return {
        "original_message_id": mail.bounce.original_message_id,
        "recipient": mail.bounce.recipient,
        "status": mail.bounce.status,
        "permanent": mail.bounce.permanent,
    }
