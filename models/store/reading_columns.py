"""What is derived from a mail's octets alone, as columns: written at arrival, and again when it is reread.

A read mail goes in, rows of `message` and `attachment` come out. Arrival (`mails`) and reading again
(`replay`) share this one list, so that a field which one of them stores cannot be forgotten by the other.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from models.records import Attachment, Mail

ATTACHMENT_FIELDS: Final = tuple(field.name for field in fields(Attachment))  # its columns in the table too


def flat(record: Any) -> dict[str, Any]:
    """Return the fields of a record whose values are plain: a tenth of what `dataclasses.asdict` takes."""
    return {name: getattr(record, name) for name in record.__slots__}


def reading_columns(mail: Mail) -> dict[str, Any]:
    """Return the columns of `message` that are derived from a mail's octets alone."""
    return {
        "date_utc": mail.date_utc,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "from_address": mail.from_.address,
        "from_name": mail.from_.name,
        "subject": mail.subject,
        "kind": mail.kind,
        "language": mail.language,
        "marketplace": mail.marketplace,
        "text": mail.text,
        "quoted": mail.quoted,
        "signature": mail.signature,
        "entities": [flat(entity) | {"reasons": list(entity.reasons)} for entity in mail.entities],
        "findings": [flat(finding) for finding in mail.findings],
        "redacted": [flat(redaction) for redaction in mail.redacted],
        "warnings": list(mail.warnings),
        "suppress_replies": mail.suppress_replies,
        "content_sha256": mail.content_sha256,
        "text_sha256": mail.text_sha256,
    }


def attachment_columns(mail: Mail) -> tuple[dict[str, Any], ...]:
    """Return the rows of `attachment` without their numbers."""
    return tuple(map(flat, mail.attachments))
