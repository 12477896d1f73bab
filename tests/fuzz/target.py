"""What must hold for any octets that call themselves a mail."""

from __future__ import annotations

import re
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime

from intake.mail_json import mail_as_json
from intake.read_mail import ReadOptions, read_mail
from models.records import Envelope, Mail
from tests.fuzz.campaign import FindingError
from workers.read_budget import Budget, OverBudgetError, within
from workers.warm_reader import warm_reader

OPTIONS = ReadOptions(
    own_addresses=frozenset({"seller-support@market.example"}),
    own_domain="mail.market.example",
    read_attachments=False,  # spreadsheets cost a process each; they have tests of their own
)
ENVELOPE = Envelope(
    mail_from="anna@svechi.example",
    rcpt_tos=("seller-support@market.example",),
    peer="192.0.2.1",
    received_at_utc=datetime(2026, 11, 17, 9, 31, tzinfo=UTC),
)
WITH_FILES = replace(OPTIONS, read_attachments=True)
MAX_TEXT_CHARS = 200_000
_BUDGET = Budget()
_TWO_OCTETS = re.compile(rb"(?i)utf-?(16|32)|ucs|unicode|\xff\xfe|\xfe\xff")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\x00")  # as repr shows one; a warning may quote one as four letters


def check_mail(
    raw: bytes, *, slow_s: float = 0.0, reads_again: bool = True, options: ReadOptions = OPTIONS
) -> Mail:
    """Read octets and check the record; raises `FindingError` with the cause.

    Read as a worker does, within a mail's budget of time and memory: what exceeds it is a finding. Never
    raises otherwise, nothing that a database refuses, bounded text; with `reads_again` also twice the same,
    and line ends do not matter; with `slow_s` also bounded in CPU time.
    """
    try:
        return _check(raw, options, slow_s=slow_s, reads_again=reads_again)
    except FindingError as finding:
        finding.material = raw
        raise


def _check(raw: bytes, options: ReadOptions, *, slow_s: float, reads_again: bool) -> Mail:
    warm_reader()  # as in a worker: what is compiled once is billed to no mail
    started_s = time.process_time()
    mail = _read(raw, options)
    cost_s = time.process_time() - started_s
    if slow_s and cost_s > slow_s and len(raw) < 1_000_000:
        raise FindingError(f"cost {cost_s:.2f} s of CPU for {len(raw)} octets")
    if reads_again and _read(raw, options) != mail:
        raise FindingError("read twice, it differs")
    shown = repr(mail_as_json(mail, "x"))
    if _NUL.search(shown):
        raise FindingError("a NUL is left in the record")
    try:
        repr(mail).encode("utf-8")
        f"{mail.text}{mail.subject}{mail.quoted}{mail.signature}".encode()
    except UnicodeEncodeError as error:
        raise FindingError(f"half a character is left: {error}") from error
    if len(mail.text) > MAX_TEXT_CHARS:
        raise FindingError(f"text of {len(mail.text)} characters")
    if reads_again:
        _check_line_ends(raw, mail, options)
    return mail


def _check_line_ends(raw: bytes, mail: Mail, options: ReadOptions) -> None:
    """The same mail with the other kind of line end reads the same."""
    if b"\x00" in raw or b"\r" in raw.replace(b"\r\n", b"") or _TWO_OCTETS.search(raw):
        return  # binary content, bare carriage returns and characters of two octets change their meaning
    other = raw.replace(b"\r\n", b"\n")
    if other == raw:
        other = raw.replace(b"\n", b"\r\n")
    again = _read(other, options)
    for name in ("text", "subject", "quoted", "signature", "kind", "message_id"):
        if getattr(again, name) != getattr(mail, name):
            raise FindingError(f"{name} depends on the line ends")


def _read(raw: bytes, options: ReadOptions) -> Mail:
    try:
        return within(_BUDGET, lambda: read_mail(raw, ENVELOPE, options))
    except OverBudgetError as error:
        raise FindingError(f"{error} for {len(raw)} octets") from error
    except Exception as error:  # the target's purpose: whatever comes out here is a finding
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise FindingError(f"{type(error).__name__}: {error} at {last.filename}:{last.lineno}") from error
