"""`razbor import PATH…`: stored mail (eml files, folders of them, mbox, maildir) through the same acceptance.

Each mail goes over SMTP to the running listener, so it is accepted, limited and answered for like
any other; a mail that was imported before ends as `duplicate`. The envelope sender is the
Return-Path, else From; the recipient is the first of our mailboxes that the header names, else
`--mailbox`. A mail that the listener refuses is named with its answer, and the others go on.
"""

from __future__ import annotations

import mailbox
import re
import smtplib
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from settings import Settings

TIMEOUT_S = 60
MAILS_PER_SESSION = 500
_LINE_END = re.compile(rb"\r?\n")  # files hold lines as their system does, SMTP wants CRLF
_RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")


def import_mail(
    paths: Annotated[
        list[Path], typer.Argument(exists=True, help="eml files, folders of eml files, mbox files, maildirs.")
    ],
    *,
    mailbox_: Annotated[
        str,
        typer.Option("--mailbox", help="Our mailbox for mails that name none; default: the first."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Hand stored mails to the running listener."""
    from cli.counted_progress import counted_progress
    from settings import load_settings

    settings = load_settings()
    fallback = mailbox_.casefold() or settings.mailboxes[0]
    if fallback not in settings.mailboxes and f"*@{fallback.rpartition('@')[2]}" not in settings.mailboxes:
        known = ", ".join(settings.mailboxes)
        raise KnownError(f"{fallback} is none of our mailboxes: choose of {known}.")
    sources = [source for path in paths for source in _sources(path)]
    total = sum(count for _, count in sources)
    accepted, refused = 0, 0
    with counted_progress("importing", total, quiet=as_json) as advance, _Listener(settings) as listener:
        for name, raw in (mail for path, _ in sources for mail in _mails(path)):
            sender, rcpt = _envelope(raw, settings.mailboxes, fallback)
            answer = listener.hand_in(sender, rcpt, raw)
            accepted, refused = accepted + (not answer), refused + bool(answer)
            if as_json:
                print_json({"mail": name, "rcpt_to": rcpt, "accepted": not answer, "answer": answer})
            elif answer:
                typer.echo(f"{name}: not accepted: {answer}", err=True)
            advance(1)
    if not as_json:
        typer.echo(f"{accepted} of {total} mails were accepted; `razbor status` shows what becomes of them.")
    if refused:
        raise typer.Exit(1)


class _Listener:
    """A session with the running listener, opened anew when it ends."""

    def __init__(self, settings: Settings) -> None:
        self.host, self.port = settings.smtp_host, settings.smtp_port
        self.client: smtplib.SMTP | None = None
        self.sent = 0

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        if self.client is not None:
            self.client.close()

    def hand_in(self, sender: str, rcpt: str, raw: bytes) -> str:
        """Hand in one mail; return "" or why the listener did not take it."""
        if self.client is None or self.sent >= MAILS_PER_SESSION:
            self._connect()
        self.sent += 1
        assert self.client is not None  # noqa: S101 - _connect raised otherwise
        try:
            self.client.sendmail(sender, [rcpt], _LINE_END.sub(b"\r\n", raw))
        except smtplib.SMTPServerDisconnected as error:
            self.client = None
            return f"the connection ended: {error}"
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return f"{code} {_words(text)}"
        except smtplib.SMTPResponseException as error:
            words = error.smtp_error
            return (
                f"{error.smtp_code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
            )
        return ""

    def _connect(self) -> None:
        if self.client is not None:
            self.client.close()
        try:
            self.client = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        except OSError as error:
            raise KnownError(
                f"No listener answers at {self.host}:{self.port}: start `razbor serve`, then import again."
            ) from error
        self.sent = 0


def _words(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def _sources(path: Path) -> Iterator[tuple[Path, int]]:
    """Yield what is to be read with the number of mails in it."""
    if path.is_dir() and not _is_maildir(path):
        for inner in sorted(path.rglob("*")):
            if inner.is_file() and inner.suffix.casefold() in {".eml", ".mbox"}:
                yield from _sources(inner)
    elif path.is_dir():
        yield path, len(mailbox.Maildir(path, create=False))
    elif _is_mbox(path):
        yield path, len(mailbox.mbox(path, create=False))
    else:
        yield path, 1


def _mails(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the octets of each mail with a name that finds it again."""
    if path.is_dir():
        maildir = mailbox.Maildir(path, create=False)
        yield from ((f"{path}#{key}", maildir.get_bytes(key)) for key in maildir.iterkeys())
    elif _is_mbox(path):
        mbox = mailbox.mbox(path, create=False)
        yield from ((f"{path}#{key}", mbox.get_bytes(key)) for key in mbox.iterkeys())
    else:
        yield str(path), path.read_bytes()


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _is_mbox(path: Path) -> bool:
    """Tell an mbox by its first line; one mail saved with such a line is an mbox of one."""
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _envelope(raw: bytes, mailboxes: tuple[str, ...], fallback: str) -> tuple[str, str]:
    """Return sender and recipient of a stored mail, whose real envelope is gone."""
    header = BytesHeaderParser().parsebytes(raw[: 256 * 1024])
    returned = str(header.get("Return-Path", "")).strip()
    claimed = returned if returned.strip("<>") else str(header.get("From", ""))
    sender = "" if returned == "<>" else parseaddr(claimed)[1]
    named = [str(value) for name in _RECIPIENTS for value in header.get_all(name, [])]
    for _, address in getaddresses(named):
        plain = address.casefold()
        if plain in mailboxes or f"*@{plain.rpartition('@')[2]}" in mailboxes:
            return _ascii(sender), plain
    return _ascii(sender), fallback


def _ascii(address: str) -> str:
    """Leave out a sender that no envelope without SMTPUTF8 can hold: the header keeps it."""
    return address if address.isascii() and " " not in address else ""
