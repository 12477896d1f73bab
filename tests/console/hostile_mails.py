"""Mails that are hostile to the console: scripts wherever a page shows words, sent over real SMTP.

In go the tables of hostile words and HTML, out come raw mails, and mails accepted over SMTP.
"""

from __future__ import annotations

import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid

from models.raw_store import RawStore
from tests.console.test_files import HOSTILE_HTML
from tests.console.test_ticket import HOSTILE
from tests.intake.smtp_harness import RunningListener
from tests.workers.conftest import SUPPORT


def hostile_letter(words: str, answers: str = "") -> bytes:
    """Write a mail that is hostile everywhere: name, subject, text, HTML, name of a file."""
    mail, header = EmailMessage(), words.replace("\u202e", "")
    mail["From"] = Address(header.replace("\n", " "), "seller", "shop.example")
    mail["To"], mail["Subject"] = SUPPORT, header
    mail["Message-ID"] = "<thread@shop.example>" if answers == "first" else make_msgid()
    if answers and answers != "first":
        mail["In-Reply-To"] = answers
    mail.set_content(f"unsure {words}")
    mail.add_alternative(f"<div>{words}</div><p>after</p>", subtype="html")
    mail.add_attachment(words.encode(), maintype="text", subtype="html", filename=f"{header}.html")
    return mail.as_bytes()


def through_smtp(raw_store: RawStore, *mails: bytes) -> None:
    """Send mails through a real SMTP listener in one session."""
    with (
        RunningListener(raw_store, mailboxes=(SUPPORT,)) as listener,
        smtplib.SMTP("127.0.0.1", listener.port, local_hostname="shop.example") as client,
    ):
        for raw in mails:
            client.sendmail("seller@shop.example", [SUPPORT], raw)


def hostile_mails() -> list[bytes]:
    """Write the whole table: a ticket for each of the short ones, the HTML ones in one conversation."""
    first, *others = HOSTILE_HTML[len(HOSTILE) :]
    thread = [hostile_letter(words, "<thread@shop.example>") for words in others]
    return [*map(hostile_letter, HOSTILE), hostile_letter(first, "first"), *thread]
