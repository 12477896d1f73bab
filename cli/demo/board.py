"""What the demo shows: a live table while mails are worked, then whole replies and what to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.demo.manifest import DemoMail
from models.store.outcomes import MailOutcome, ReplyMade
from models.topics import LANGUAGES, Disposition

PIPE_WIDTH_CHARS: Final = 160
FOUND_CHARS: Final = 46
_STYLES: Final = {
    Disposition.OPENED: "green",
    Disposition.APPENDED: "cyan",
    Disposition.AUTO: "yellow",
    Disposition.QUARANTINED: "magenta",
    Disposition.DUPLICATE: "blue",
    Disposition.HELD: "red",
}


class LiveBoard:
    """A table that follows the run on a terminal; in a pipe only the last state is printed."""

    def __init__(self, mails: Sequence[DemoMail], console: Console) -> None:
        self._mails = {mail.name: mail for mail in mails}
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the moving table away: the caller prints the final one."""
        if self._console.is_terminal:
            self._live.stop()

    def show(self, by_name: Mapping[str, MailOutcome], sent: Sequence[str]) -> None:
        """Draw the newest rows that fit on the screen."""
        if self._console.is_terminal:
            room = max(self._console.height - 8, 5)
            shown = [self._mails[name] for name in list(sent)[-room:]]
            self._live.update(outcome_table(shown, by_name, one_line=True), refresh=True)


def demo_console() -> Console:
    """Make the console of the demo: as wide as the terminal, or wide enough for a log file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH_CHARS)


def outcome_table(
    mails: Sequence[DemoMail], by_name: Mapping[str, MailOutcome], *, one_line: bool = False
) -> Table:
    """Draw one row per mail; `one_line` cuts cells instead of wrapping them."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("sample mail", ratio=6, no_wrap=one_line)
    table.add_column("", no_wrap=True)
    table.add_column("topic", ratio=4, min_width=22, no_wrap=one_line)
    table.add_column("found", ratio=5, no_wrap=one_line)
    table.add_column("asked for", ratio=4, no_wrap=one_line)
    table.add_column("ended as", no_wrap=True, min_width=18)
    for mail in mails:
        table.add_row(mail.shows, *_cells(by_name.get(mail.name)))
    return table


def _cells(outcome: MailOutcome | None) -> tuple[str | Text, ...]:
    if outcome is None or outcome.disposition is None:
        return ("", "", "", "", Text("in flight", style="dim"))
    ticket = f" RZ-{outcome.ticket}" if outcome.ticket else ""
    ended = Text(f"{outcome.disposition}{ticket}", style=_STYLES[Disposition(outcome.disposition)])
    if outcome.disposition == Disposition.DUPLICATE:
        return ("", "", "", "", ended)
    if outcome.disposition == Disposition.APPENDED:
        topic = Text(
            outcome.ticket_topic, style="dim"
        )  # the ticket's: an answer seldom has a topic of its own
    else:
        topic = Text(f"{outcome.confidence:.0%} {outcome.topic}" if outcome.topic else "")
    if outcome.decision == "review":
        topic.append(" review", style="yellow")
    asked = ", ".join(field.replace("|", " or ") for reply in outcome.replies for field in reply.asked)
    return (outcome.language, topic, _found(outcome), asked, ended)


def _found(outcome: MailOutcome) -> str:
    text = ", ".join(dict.fromkeys(f"{kind} {value}".strip() for kind, value in outcome.entities))
    return text if len(text) <= FOUND_CHARS else f"{text[: FOUND_CHARS - 1]}…"


def print_replies(console: Console, outcomes: Sequence[MailOutcome]) -> None:
    """Print one whole reply per language, a question rather than an acknowledgement."""
    for language in LANGUAGES:
        replies = [reply for outcome in outcomes for reply in outcome.replies if reply.language == language]
        replies.sort(key=lambda reply: not reply.asked)
        if replies:
            _print_reply(console, replies[0])


def _print_reply(console: Console, reply: ReplyMade) -> None:
    console.rule(f"a reply as the seller gets it ({reply.language})", align="left")
    console.print(f"To: {reply.rcpt_to}\nSubject: {reply.subject}\n\n{reply.text.rstrip()}\n", markup=False)


def next_steps(host: str, port: int, mailbox: str, ticket: int | None, page: str) -> str:
    """Write what to try next, ready to paste, with the real ports."""
    number = f"RZ-{ticket}" if ticket else "RZ-100001"
    return f"""\
What to try next:

  Open the operators' console, {page}
    as admin; the first start printed the password above (`razbor users passwd admin` gives another).

  Send a mail of your own (with swaks, or with Python alone):
    swaks --server {host}:{port} --from me@my-shop.example --to {mailbox} \\
          --header 'Subject: Payout is missing' --body 'No payout came for October. Seller ID 318742'
    python3 -c "import smtplib; smtplib.SMTP('{host}', {port}).sendmail('me@my-shop.example', '{mailbox}', \
'From: me@my-shop.example\\nTo: {mailbox}\\nSubject: Payout is missing\\n\\n\
No payout came for October. Seller ID 318742')"

  Look at what became of it:
    razbor status
    razbor tickets list
    razbor tickets show {number}
"""
