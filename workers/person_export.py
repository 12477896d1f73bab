"""Everything about an address in one ZIP file: `person.json` and each mail as .eml (`razbor person export`).

In goes an address, out comes the file: rows of the database as JSON, mails of the person as they
were received (while their bytes are kept), our replies as they were sent. It holds personal data and
secrets that a person may have written: the file is for its owner alone.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from models.store.outbox import load_outgoing
from models.store.person_export import person_rows
from models.store.person_search import Holdings
from models.store.raw_mail import fetch_mails, first_that_fit
from workers.outgoing import build_reply
from workers.service import Service

PORTION: Final = 20
PORTION_BYTES: Final = 64 * 1024 * 1024

Progress = Callable[[int], None]


def export_person(
    service: Service, address: str, found: Holdings, out: Path, progress: Progress = lambda _: None
) -> dict[str, int]:
    """Write the file and return what is in it. Raises FileExistsError rather than write over a file."""
    with service.store.read() as db:
        rows = person_rows(db, address, found)
    about = {"address": address, "exported_at": service.now().isoformat(), "found": asdict(found)}
    with out.open("xb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        words = json.dumps(about | rows, ensure_ascii=False, indent=1, default=str)
        archive.writestr("person.json", words)
        kept = _write_mails(service, found.mails, archive, progress)
        replies = _write_replies(service, found.replies, archive, progress)
    return {"mails": len(found.mails), "raw_mails": kept, "replies": replies, "tickets": len(found.tickets)}


def _write_mails(
    service: Service, raw_ids: tuple[int, ...], archive: zipfile.ZipFile, progress: Progress
) -> int:
    kept, left = 0, list(raw_ids)
    while left:
        some = first_that_fit(service.store, left[:PORTION], PORTION_BYTES)
        for raw_id, mail in sorted(fetch_mails(service.store, some).items()):
            archive.writestr(f"mails/{raw_id}.eml", mail.raw)
            kept += 1
        progress(len(some))
        left = [raw_id for raw_id in left if raw_id not in some]
    return kept


def _write_replies(
    service: Service, ids: tuple[int, ...], archive: zipfile.ZipFile, progress: Progress
) -> int:
    options, written = service.options, 0
    with service.store.read() as db:
        mails = load_outgoing(db, ids)
    for mail in mails:
        progress(1)
        try:
            octets = build_reply(mail, now_utc=mail.created_at_utc, mail_domain=options.mail_domain)
        except ValueError:  # purged, or to an address that no header can hold: it stands in person.json
            continue
        archive.writestr(f"replies/{mail.outbox_id}.eml", octets)
        written += 1
    return written
