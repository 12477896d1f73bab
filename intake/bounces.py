"""Delivery reports: what they say about which of our mails (RFC 3464, and reports in plain words).

The tree and the letter's text go in, a `Bounce` comes out, or None when the mail is no
delivery report. A report by the standard is read from its message/delivery-status part; the
others (qmail, Exim, Mail.ru, many mail hosts in Asia) are known by their sender, their
subject and an error code in the text, of which one alone does not suffice.
"""

from __future__ import annotations

import re
from typing import Final

from intake.header_block import HeaderBlock, split_header
from intake.headers import message_ids, tidy_header_text
from intake.mime_tree import Part, walk
from intake.phrase_finder import PhraseFinder
from intake.phrases import words
from models.records import Bounce

_MAX_STATUS_BYTES: Final = 64 * 1024
_MAX_LISTED_BYTES: Final = 4_000
_ROBOT_SENDER: Final = re.compile(
    r"^(?:mailer-?daemon|mail-?daemon|postmaster|mdaemon|mail-?delivery(?:-system)?|bounces?[+-].*|(?:double-)?bounces?"
    r"|mailsystem|mail-?system|microsoftexchange[0-9a-f]{8,40}|mailerdaemon|autobounce)$",
    re.IGNORECASE,
)
_ROBOT_NAME: Final = re.compile(
    r"mail(?:er)?[\s-]?(?:daemon|delivery|system)|delivery (?:sub)?system|postmaster|mail administrator"
    r"|邮件系统|почтовая система|служба доставки почты|系统退信|郵件管理員|邮件管理员|邮局管理员",
    re.IGNORECASE,
)
_SUBJECT: Final = PhraseFinder(words("kind", "bounce_subjects"))
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.[0-7]\.\d{1,3})(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.-])([45]\d\d)[ -](?:[45]\.\d|[#<\"'(]|[A-Za-z])")
_WORDS: Final = PhraseFinder(words("kind", "bounce_bodies"))
# What only a mail system writes: a reply code with its enhanced code, the command it answers, an AWS notice.
_SMTP_ERROR: Final = re.compile(
    r"(?<![\d.])[45]\d\d[ -]{1,3}\(?#?[45]\.[0-7]\.\d{1,3}|\bRCPT TO\b|\bsmtp;|\bsaid: [45]\d\d"
    r"|notificationType"
    r"|\(#[45]\.[0-7]\.\d{1,3}\)|\bSMTP error\b|\bremote mail server\b",
    re.IGNORECASE,
)
_NAMELESS_ROBOT: Final = re.compile(rb"mailer-?daemon|postmaster|<>", re.IGNORECASE)
_FORWARDED: Final = re.compile(
    r"^\s{0,4}(?:re|fwd?|aw|wg|отв|ответ|переслано|пересл|回复|答复|转发|轉寄|回覆)\s{0,2}[:：]",
    re.IGNORECASE,
)
_MAIL_NOUN: Final = PhraseFinder(words("kind", "mail_nouns"))
_DELAY: Final = PhraseFinder(words("kind", "bounce_delays"))
_ADDRESS: Final = re.compile(
    r"(?<![A-Za-z0-9.+@_-])([A-Za-z0-9_.+=&/-]{1,80}@[A-Za-z0-9.-]{1,120}\.[a-z]{2,24})", re.IGNORECASE
)
_COPIED_ID: Final = re.compile(r"(?im)^[\s>]{0,12}message-id\s{0,4}:\s{0,4}(<[^<>\s]{3,300}>)")
_TEXT_CHARS: Final = 20_000
_DELAY_CHARS: Final = 1_000


def find_bounce(
    root: Part, text: str, subject: str, from_address: str, from_name: str, *, null_sender: bool
) -> Bounce | None:
    """Read the mail as a delivery report; None when it is none.

    `null_sender` says that the envelope sender is empty (RFC 5321 section 4.5.5).
    """
    report = next((part for part in walk(root) if part.content_type in _STATUS_TYPES), None)
    failed = _failed_recipient(root)
    if (
        report is None
        and not failed
        and not _is_report_in_words(root, text, subject, from_address, from_name, null_sender=null_sender)
    ):
        return None
    fields = _status_fields(report) if report is not None else None
    sample = f"{subject}\n{text[:_TEXT_CHARS]}"
    recipient = _recipient(fields) or failed or _first_address(text, from_address)
    status = _field(fields, "status", _STATUS) or _status_of(sample)
    action = _field(fields, "action", re.compile(r"([a-z]+)", re.IGNORECASE)).lower()
    return Bounce(
        original_message_id=_original_id(root, text),
        recipient=recipient.lower(),
        status=status,
        permanent=action not in {"delayed", "delivered", "relayed", "expanded"}
        and not status.startswith(("4", "2"))
        and bool(action or status or not _DELAY.search(sample[:_DELAY_CHARS])),
    )


_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})


def is_abuse_report(root: Part) -> bool:
    """Tell a complaint about one of our mails (RFC 5965, feedback-type report)."""
    return root.parameters.get("report-type", "").lower() == "feedback-report" or any(
        part.content_type == "message/feedback-report" for part in walk(root)
    )


def is_robot_sender(local_part: str) -> bool:
    """Tell the local parts from which mail systems write."""
    return bool(_ROBOT_SENDER.match(local_part))


def _is_report_in_words(
    root: Part, text: str, subject: str, from_address: str, from_name: str, *, null_sender: bool
) -> bool:
    """Weigh sender, subject and text: two of three must speak for a report.

    A seller writes "not delivered" of parcels and forwards reports with a question of his own,
    so a sender that is no mail system must show what only SMTP says.
    """
    if root.parameters.get("report-type", "").lower() == "delivery-status":
        return True
    if from_address.lower().startswith("mailer-daemon@"):
        return True  # nobody else writes under that name
    if not from_address and _NAMELESS_ROBOT.search(root.header.first("from")):
        return True  # "From: MAILER-DAEMON <>"
    sample = text[:_TEXT_CHARS]
    says_so = bool(_SUBJECT.search(subject))
    if null_sender:
        in_codes = bool(_STATUS.search(sample) or _REPLY_CODE.search(sample))
        return says_so or in_codes or bool(_WORDS.search(sample))
    if is_robot_sender(from_address.partition("@")[0]) or _ROBOT_NAME.search(from_name):
        in_words = bool(_SMTP_ERROR.search(sample) or _WORDS.search(sample) or _STATUS.search(sample))
        return says_so or (in_words and bool(_MAIL_NOUN.search(sample) or _SMTP_ERROR.search(sample)))
    return says_so and not _FORWARDED.match(subject) and bool(_SMTP_ERROR.search(sample))


def _status_fields(report: Part) -> list[HeaderBlock]:
    """Header-like groups of a delivery-status part: one for the message, one per recipient."""
    octets = report.octets()[0][:_MAX_STATUS_BYTES].replace(b"\x00", b"")
    blocks: list[HeaderBlock] = []
    at = 0
    while at < len(octets) and len(blocks) < 20:
        block = split_header(octets, at)
        if block.body_start <= at:
            break
        if block.fields:
            blocks.append(block)
        at = block.body_start
    return blocks


def _field(blocks: list[HeaderBlock] | None, name: str, pattern: re.Pattern[str]) -> str:
    for block in blocks or []:
        if match := pattern.search(block.first(name).decode("utf-8", "replace")):
            return match[1]
    return ""


def _recipient(blocks: list[HeaderBlock] | None) -> str:
    pattern = re.compile(r"(?:;\s{0,9}|^\s{0,9})<?([^\s<>;]{1,200}@[^\s<>;]{1,200})>?")
    return (
        _field(blocks, "original-recipient", pattern)
        or _field(blocks, "final-recipient", pattern)
        or _field(blocks, "x-actual-recipient", pattern)
    )


def _failed_recipient(root: Part) -> str:
    """Return the first address of the field that Exim and Gmail write, without control characters."""
    listed = root.header.first("x-failed-recipients")[:_MAX_LISTED_BYTES].decode("ascii", "replace")
    return tidy_header_text(listed.partition(",")[0])


def _first_address(text: str, own: str) -> str:
    """First address in the report that is not the reporter's own."""
    for match in _ADDRESS.finditer(text[:_TEXT_CHARS]):
        if match[1].lower() != own.lower() and not is_robot_sender(match[1].partition("@")[0]):
            return match[1]
    return ""


def _status_of(text: str) -> str:
    match = _STATUS.search(text)
    if match:
        return match[1]
    code = _REPLY_CODE.search(text)
    return f"{code[1][0]}.0.0" if code else ""


def _original_id(root: Part, text: str) -> str:
    """Message-ID of the mail that came back: from the returned part, else from the copied header."""
    for part in walk(root):
        if part.content_type in {"message/rfc822", "message/global"} and part.children:
            header = part.children[0].header
        elif part.content_type in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            header = split_header(part.octets()[0][:_MAX_STATUS_BYTES])
        else:
            continue
        if ids := message_ids(header.first("message-id")):
            return ids[0]
    copied = _COPIED_ID.search(text[:200_000])
    return next(iter(message_ids(copied[1].encode())), "") if copied else ""
