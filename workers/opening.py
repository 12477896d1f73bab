"""What a person opens of a mail as it was sent: a file, the HTML of the letter, all of it; always audited.

Stored texts are redacted, the mail itself is not: a picture, a table or the HTML may hold what was
taken out. Who may ask is the console's to decide; that somebody did stands in the audit trail.
"""

from __future__ import annotations

from models.opened_file import MailPreview, OpenedFile
from models.store.mails import mail_end
from models.store.raw_mail import fetch_readable
from models.store.ticket_life import audit
from models.store.ticket_page import attachment_of, mail_of
from models.topics import Disposition
from workers.acts import ActError
from workers.open_apart import ROUGH, WHOLE, NotOpenedError, Opened, Wanted, open_apart
from workers.service import Service

PREVIEW_CPU_S = 2.0
SECRETS = "secrets were taken out of this mail: only leads see it as it was sent"
PURGED = "the mail itself is no longer kept: its time is over"


def open_file(service: Service, attachment_id: int, actor: str, *, how: str) -> OpenedFile:
    """Return a file of a mail; `how` (preview, download) goes into the audit trail.

    Raises ActError when there is no such file, the mail is gone or the file cannot be taken out.
    """
    with service.store.read() as db:
        row = attachment_of(db, attachment_id)
    if row is None or not row.sha256:
        msg = "there is no such file"
        raise ActError(msg)
    opened = _taken_out(service, row.raw_id, Wanted(sha256=row.sha256))
    with service.store.write() as db:
        subject = f"ticket:{row.ticket_id}" if row.ticket_id else f"raw:{row.raw_id}"
        audit(db, actor, "open_file", subject, service.now(), file=attachment_id, how=how)
    return OpenedFile(name=row.name, content_type=row.content_type, octets=opened.octets)


def open_letter(service: Service, raw_id: int, actor: str, *, sees_secrets: bool) -> str:
    """Return the sanitised HTML of a mail, "" where it has none.

    Raises ActError as `open_file` does, and for a letter with secrets when the person must not see them.
    """
    with service.store.read() as db:
        row = mail_of(db, raw_id)
    if row is None:
        msg = "there is no such mail"
        raise ActError(msg)
    opened = _taken_out(service, raw_id, Wanted())
    if (opened.has_secrets or row.redacted) and not sees_secrets:
        raise ActError(SECRETS)
    with service.store.write() as db:
        subject = f"ticket:{row.ticket_id}" if row.ticket_id else f"raw:{raw_id}"
        audit(db, actor, "open_letter", subject, service.now(), raw_id=raw_id)
    return opened.octets.decode("utf-8", "replace")


def open_raw(service: Service, raw_id: int, actor: str) -> bytes:
    """Return a mail octet for octet as it was accepted.

    Raises ActError when there is no such mail or its octets are gone.
    """
    raw = _readable(service, raw_id)
    with service.store.write() as db:
        audit(db, actor, "open_raw", f"raw:{raw_id}", service.now(), raw_id=raw_id)
    return raw


def preview_held(service: Service, raw_id: int, actor: str, *, cpu_s: float = PREVIEW_CPU_S) -> MailPreview:
    """Return the first words of a held mail, without secrets, found in a process of their own.

    They are found as reading finds them or, where that costs too much or dies, roughly. Raises ActError when
    the mail is not held, its octets are gone or sealed with a key that is missing, or both ways fail.
    """
    with service.store.read() as db:
        end = mail_end(db, raw_id)
    if end is None or end.disposition != Disposition.HELD:
        msg = "this mail is not held: its text stands where it was read"
        raise ActError(msg)
    raw = _readable(service, raw_id)
    with service.store.write() as db:
        audit(db, actor, "preview_held", f"raw:{raw_id}", service.now(), raw_id=raw_id)
    try:
        found = open_apart(raw, Wanted(words=WHOLE, cpu_s=cpu_s))
        return MailPreview(text=found.octets.decode("utf-8", "replace"))
    except NotOpenedError as error:
        because = str(error)
    try:
        found = open_apart(raw, Wanted(words=ROUGH, cpu_s=cpu_s))
    except NotOpenedError as error:
        msg = f"it cannot be opened: {error}"
        raise ActError(msg) from error
    return MailPreview(text=found.octets.decode("utf-8", "replace"), rough_because=because)


def _taken_out(service: Service, raw_id: int, wanted: Wanted) -> Opened:
    raw = _readable(service, raw_id)
    try:
        return open_apart(raw, wanted)
    except NotOpenedError as error:
        msg = f"it cannot be opened: {error}"
        raise ActError(msg) from error


def _readable(service: Service, raw_id: int) -> bytes:
    """Return the octets of a mail, unsealed; raises ActError with the reason when they cannot be had."""
    mails, faults = fetch_readable(service.store, [raw_id])
    if raw_id not in mails:
        raise ActError(faults.get(raw_id, PURGED))
    return mails[raw_id].raw
