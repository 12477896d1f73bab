"""One mail from octets to record: the order of all reading stages in one place.

Raw octets, envelope and options go in, a `Mail` comes out. Any octets are accepted: what
cannot be read is left empty and named in `Mail.warnings`. There is no clock and no network
here; the one effect: the child processes that read spreadsheets, PDF and winmail.dat, which
`ReadOptions.read_attachments` switches off. Bounds: 1,000 parts, 50 levels, 256 kB of
header, 2 MB per text part, 200,000 characters of text, 100 attachments.

All text in the record is redacted: secrets are taken out by the extraction stage, which
sees every field at once because identifiers and secrets compete for the same digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from intake.attachments import gather_attachments
from intake.authentication import read_authentication
from intake.bodies import gather_letter
from intake.calendar_parts import calendar_words
from intake.extraction import Extraction, MailFields, extract
from intake.file_texts import PROSE
from intake.fingerprints import content_sha256, text_sha256
from intake.html_links import MAX_MISMATCHES, LinkMismatch
from intake.kind import judge_kind
from intake.language import detect_language
from intake.mime import HeaderFields, read_fields
from intake.mime_tree import cut
from intake.octets import tidy_octets
from intake.quotes import is_reply_subject, split_quotes
from intake.reader_process import ReadingBudget
from intake.signatures import Signed, split_signature
from intake.tnef import open_tnef
from models.records import Address, Attachment, Envelope, Finding, Mail

MAX_TEXT_CHARS: Final = 200_000
MAX_WARNINGS: Final = 30
# A Date field this far after the arrival is a wrong clock, and the arrival is the better date.
_CLOCK_TOLERANCE: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What reading must be told from outside."""

    timezone: str = "Europe/Moscow"  # of the desk: decides which day a mail belongs to
    authserv_id: str = ""  # name in Authentication-Results of the front server that is trusted
    own_addresses: frozenset[str] = frozenset()  # mailboxes of the desk, addr-specs
    own_domain: str = ""  # domain of the Message-IDs that the desk issues
    now_utc: datetime | None = None  # date of last resort for a mail without Date and envelope
    read_attachments: bool = True  # False: describe attachments, read no text from them


def read_mail(raw: bytes, envelope: Envelope | None, options: ReadOptions) -> Mail:
    """Read one mail. Never raises for any octets (save MemoryError)."""
    tree = cut(octets := tidy_octets(raw))
    letter = gather_letter(tree.root)
    budget = ReadingBudget()
    if options.read_attachments:
        open_tnef(letter, budget)
    fields = read_fields(tree.root.header, letter.codec)
    # An invitation may have nothing beside it.
    whole_text, cut_warning = _bounded(letter.text or calendar_words(letter.attachments))
    split = split_quotes(whole_text, is_reply=is_reply_subject(fields.subject))
    kind = judge_kind(
        tree.root,
        fields,
        whole_text,
        envelope,
        own_addresses=options.own_addresses,
        own_domain=options.own_domain,
        new_text=split.new,
    )
    authentication, distrust = read_authentication(tree.root.header, options.authserv_id)
    signed = split_signature(split.new)
    language = _language(signed.text, fields.subject)
    gathered = gather_attachments(
        letter.attachments,
        letter.codec,
        read_content=options.read_attachments,
        budget=budget,
        shown_ids=frozenset(letter.shown_ids),
    )
    warnings = (*tree.limits, *fields.warnings, *letter.warnings, cut_warning, distrust, *gathered.warnings)
    names = _names(fields, gathered.attachments)
    extraction = extract(
        _searched(fields.subject, split.quoted, signed, gathered.attachments, (*names, *_kept(warnings))),
        mail_date=_local_date(fields.date_utc, envelope, options),
        language=language,
        marketplace="unknown",
    )
    fields, attachments = _redacted(fields, gathered.attachments, names, extraction)
    return Mail(
        message_id=fields.message_id,
        in_reply_to=fields.in_reply_to,
        references=fields.references,
        date_utc=fields.date_utc,
        from_=fields.from_,
        sender=fields.sender,
        reply_to=fields.reply_to,
        to=fields.to,
        cc=fields.cc,
        subject=extraction.fields.subject,
        kind=kind.name,
        suppress_replies=kind.suppress_replies,
        language=language,
        text=extraction.fields.body,
        quoted=extraction.fields.quoted,
        signature=extraction.fields.signature,
        marketplace=extraction.marketplace,
        attachments=attachments,
        subject_tickets=extraction.subject_tickets,
        body_tickets=extraction.body_tickets,
        entities=extraction.entities,
        findings=(*extraction.findings, *_mismatch_findings(letter.mismatches, extraction)),
        redacted=extraction.redactions,
        authentication=authentication,
        bounce=kind.bounce,
        warnings=extraction.fields.labels[len(names) :],
        content_sha256=content_sha256(octets, tree.root.header),
        text_sha256=_text_hash(gathered.attachments, extraction),
    )


def _searched(
    subject: str, quoted: str, signed: Signed, attachments: list[Attachment], labels: tuple[str, ...]
) -> MailFields:
    """Lay out what extraction sees; `labels` are texts that are only redacted."""
    return MailFields(
        subject=subject,
        body=signed.text,
        quoted=quoted,
        signature=signed.signature,
        attachments=tuple((attachment.name, attachment.text) for attachment in attachments),
        documents=frozenset(part.name for part in attachments if part.content_type in PROSE),
        labels=labels,
    )


def _kept(warnings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, warnings)))[:MAX_WARNINGS]


def _names(fields: HeaderFields, attachments: list[Attachment]) -> tuple[str, ...]:
    """Return what a header calls people and parts, each once: secrets have been seen there too."""
    people = (fields.from_, fields.sender, *fields.reply_to, *fields.to, *fields.cc)
    names = [*(address.name for address in people), *(part.content_id for part in attachments)]
    return tuple(dict.fromkeys(filter(None, names)))


def _without_secrets(fields: HeaderFields, clean_names: dict[str, str]) -> HeaderFields:
    """Put redacted names in; identifiers and addresses stay, linking needs them whole."""

    def clean(address: Address) -> Address:
        return Address(clean_names.get(address.name, ""), address.address)

    return replace(
        fields,
        from_=clean(fields.from_),
        sender=clean(fields.sender),
        reply_to=tuple(map(clean, fields.reply_to)),
        to=tuple(map(clean, fields.to)),
        cc=tuple(map(clean, fields.cc)),
    )


def _text_hash(attachments: list[Attachment], extraction: Extraction) -> str:
    """Hash the redacted words: the hash of a short code would give the code away."""
    files = (attachment.sha256 for attachment in attachments)
    return text_sha256(extraction.fields.subject, extraction.fields.body, files)


def _mismatch_findings(mismatches: list[LinkMismatch], extraction: Extraction) -> Iterator[Finding]:
    """Give each link that shows another address than it leads to the place where its text stands."""
    fields = {
        "body": extraction.fields.body,
        "quoted": extraction.fields.quoted,
        "signature": extraction.fields.signature,
    }
    for mismatch in mismatches[:MAX_MISMATCHES]:
        where = next((name for name, text in fields.items() if mismatch.label in text), "body")
        start = max(0, fields[where].find(mismatch.label))
        end = start + len(mismatch.label) if mismatch.label in fields[where] else start
        yield Finding(
            type="link_mismatch",
            text=mismatch.shown,
            value=mismatch.target,
            where=where,
            start=start,
            end=end,
        )


def _bounded(text: str) -> tuple[str, str]:
    if len(text) <= MAX_TEXT_CHARS:
        return text.replace("\x00", ""), ""
    return text[:MAX_TEXT_CHARS].replace(
        "\x00", ""
    ), f"text: only its first {MAX_TEXT_CHARS} characters were read"


def _language(text: str, subject: str) -> str:
    """Language of the new words, or of the subject where the letter has none."""
    language = detect_language(text)
    return detect_language(subject) if language == "unknown" else language


def _local_date(date_utc: datetime | None, envelope: Envelope | None, options: ReadOptions) -> date | None:
    """Day on which the mail was written, in the desk's time zone: it gives dates without a year theirs."""
    arrived = envelope.received_at_utc if envelope is not None else None
    if arrived is not None and arrived.tzinfo is None:
        arrived = arrived.replace(tzinfo=UTC)
    moment = date_utc
    if moment is None or (arrived is not None and moment > arrived + _CLOCK_TOLERANCE):
        moment = arrived or moment or options.now_utc
    if moment is None:
        return None
    try:
        return moment.astimezone(ZoneInfo(options.timezone)).date()
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return moment.date()


def _redacted(
    fields: HeaderFields, attachments: list[Attachment], names: tuple[str, ...], extraction: Extraction
) -> tuple[HeaderFields, tuple[Attachment, ...]]:
    """Put the redacted names and texts back into fields and attachments; they come in the same order."""
    if not extraction.redactions:
        return fields, tuple(attachments)
    clean_names = dict(zip(names, extraction.fields.labels, strict=False))
    return _without_secrets(fields, clean_names), tuple(
        replace(attachment, name=name, text=text, content_id=clean_names.get(attachment.content_id, ""))
        for attachment, (name, text) in zip(attachments, extraction.fields.attachments, strict=True)
    )
