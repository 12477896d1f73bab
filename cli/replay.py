"""`razbor replay`: stored mail read with today's code; what would change, and with `--apply` changing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from models.store import Store
    from models.store.replay import ReplayFilter
    from workers.replaying import MailChanges

DUTY = "replay"
DUTY_S = 900  # longer than one portion can take; a dead holder's duty is free at once
EXAMPLES = 3  # of each field

DAY_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
Moment = Annotated[datetime | None, typer.Option(formats=DAY_FORMATS, help="Received at or after (UTC).")]
MomentBefore = Annotated[datetime | None, typer.Option(formats=DAY_FORMATS, help="Received before (UTC).")]


def replay(
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Store the new readings. No ticket moves, no reply is sent.")
    ] = False,
    since: Moment = None,
    until: MomentBefore = None,
    topic: Annotated[str, typer.Option(help="Only mails of tickets of this topic (slug).")] = "",
    ticket: Annotated[str, typer.Option(help="Only mails of this ticket, e.g. RZ-100042.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Most mails, oldest first; 0: every mail.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Read stored mails again and show what would change, per field with counts and examples."""
    from cli.counted_progress import counted_progress
    from cli.log_setup import log_to_stderr
    from cli.opened_store import opened_store
    from models.store.leases import process_token, take_duty
    from models.store.replay import count_replayable, replayable
    from settings import load_settings
    from workers.app import service_over
    from workers.replaying import PORTION, only_changed
    from workers.replaying import replay as read_again

    log_to_stderr()
    settings = load_settings()
    wanted = _filter(since, until, topic, ticket)
    tally = _Tally()
    count, last = 0, 0
    with opened_store(settings) as store:
        if wanted.ticket is not None:
            _require_ticket(store, wanted.ticket)
        service = service_over(store, settings)
        with store.read() as db:
            total = min(filter(None, (count_replayable(db, wanted), limit)), default=0)
        with counted_progress("mails read again", total, quiet=as_json) as advance:
            while count < total:
                holder = process_token(DUTY)
                if apply and not take_duty(store, DUTY, holder, now_utc=service.now(), hold_s=DUTY_S):
                    raise KnownError("Another `razbor replay --apply` is at work: wait until it is done.")
                with store.read() as db:
                    some = replayable(db, wanted, after=last, limit=min(PORTION, total - count))
                if not some:
                    break
                changed = only_changed(read_again(service, some, apply=apply))
                for mail in changed:
                    tally.add(mail)
                    if as_json:
                        print_json(_row(mail))
                count, last = count + len(some), some[-1]
                advance(len(some))
    if as_json:
        print_json(tally.summary(count, applied=apply))
    else:
        _show(tally, tally.summary(count, applied=apply))


@dataclass(slots=True)
class _Tally:
    """Counts per field and the first examples: a replay of millions of mails keeps no more of them."""

    changed: int = 0
    failed: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    mails: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    causes: list[str] = field(default_factory=list)

    def add(self, mail: MailChanges) -> None:
        """Count one mail."""
        self.changed += bool(mail.changes)
        self.failed += bool(mail.cause)
        if mail.cause and len(self.causes) < EXAMPLES:
            self.causes.append(f"mail {mail.raw_id}: {mail.cause}")
        where = f"RZ-{mail.ticket}" if mail.ticket else f"mail {mail.raw_id}"
        for change in mail.changes:
            self.changes[change.field] += 1
            shown = self.examples.setdefault(change.field, [])
            if len(shown) < EXAMPLES:
                shown.append(f"{where}: {change.before or '(nothing)'} -> {change.after or '(nothing)'}")
        self.mails.update({change.field for change in mail.changes})

    def summary(self, count: int, *, applied: bool) -> dict[str, Any]:
        """Return the last line of `--json`."""
        fields = {
            name: {"changes": self.changes[name], "mails": self.mails[name]} for name in sorted(self.changes)
        }
        return {
            "read": count,
            "changed": self.changed,
            "failed": self.failed,
            "applied": applied,
            "fields": fields,
        }


def _require_ticket(store: Store, number: int) -> None:
    """Refuse a ticket that is not there: no mails of it would look like nothing to change."""
    from models.store import overview

    with store.read() as db:
        try:
            overview.ticket(db, number)
        except KeyError:
            raise KnownError(f"There is no ticket RZ-{number}: `razbor tickets list` shows all.") from None


def _filter(since: datetime | None, until: datetime | None, topic: str, ticket: str) -> ReplayFilter:
    from datetime import UTC

    from models.store.replay import ReplayFilter

    digits = ticket.upper().removeprefix("RZ-")
    if ticket and not digits.isdecimal():
        raise KnownError(f"{ticket!r} is no ticket number: they look like RZ-100042.")
    return ReplayFilter(
        since_utc=since.replace(tzinfo=UTC) if since else None,
        until_utc=until.replace(tzinfo=UTC) if until else None,
        topic=topic,
        ticket=int(digits) if ticket else None,
    )


def _row(mail: MailChanges) -> dict[str, Any]:
    return {
        "raw_id": mail.raw_id,
        "ticket": f"RZ-{mail.ticket}" if mail.ticket else None,
        "cause": mail.cause,
        "changes": [
            {"field": change.field, "before": change.before, "after": change.after} for change in mail.changes
        ],
    }


def _show(tally: _Tally, summary: dict[str, Any]) -> None:
    verb = "changed" if summary["applied"] else "would change"
    read = _count(summary["read"], "mail")
    typer.echo(f"{read} read again, {summary['changed']} {verb}, {summary['failed']} could not be read")
    for name, counts in summary["fields"].items():
        typer.echo(f"{name}: {_count(counts['changes'], 'change')} in {_count(counts['mails'], 'mail')}")
        for example in tally.examples[name]:
            typer.echo(f"    {example}")
    for cause in tally.causes:
        typer.echo(cause)
    if summary["changed"] and not summary["applied"]:
        typer.echo("Nothing was stored; `--apply` stores it.")


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"
