"""Running a macro: its reply, assignment, note and status, each by the act that does it by hand.

The reply comes first and is refused where a variable has no value; then nothing else is done.
"""

from __future__ import annotations

from models.macro import Macro, macros_of, shipped_macros
from models.store import Db
from models.store.policies import read_policy
from models.store.reply_templates import reply_templates
from models.store.ticket_life import ticket_row
from models.topics import Status
from workers import acts, reply_acts
from workers.acts import ActError
from workers.service import Service

POLICY = "macros"


def macros_for(service: Service, number: int) -> tuple[Macro, ...]:
    """Return the macros for a ticket's topic whose template there is in its language."""
    with service.store.read() as db:
        row = ticket_row(db, number)
        known = {template.name for template in reply_templates(db, row.topic, row.language)}
        return tuple(
            macro
            for macro in _macros(db)
            if (not macro.topics or row.topic in macro.topics)
            and (not macro.template or macro.template in known)
        )


def run_macro(service: Service, number: int, actor: str, name: str) -> None:
    """Run a macro on a ticket; raises ActError with the reason when a step is refused."""
    macro = next((one for one in macros_for(service, number) if one.name == name), None)
    if macro is None:
        msg = f"there is no macro {name!r} for this ticket"
        raise ActError(msg)
    with service.store.read() as db:
        row = ticket_row(db, number)
        words = next(
            (one.text for one in reply_templates(db, row.topic, row.language) if one.name == macro.template),
            "",
        )
    if words:
        waits = macro.status == Status.WAITING_SELLER
        reply_acts.write_reply(service, number, actor, words, waits_for_seller=waits)
    if macro.takes and row.assignee != actor:
        acts.take(service, number, actor)
    if macro.note:
        acts.write_note(service, number, actor, macro.note)
    if macro.status == Status.CLOSED:
        acts.close(service, number, actor, resolution=macro.resolution, reason=macro.title("en"))
    elif macro.status:
        acts.move(service, number, actor, Status(macro.status), macro.title("en"))


def _macros(db: Db) -> tuple[Macro, ...]:
    try:
        body = read_policy(db, POLICY)
        return macros_of(body) if body else shipped_macros()
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"the policy `{POLICY}` cannot be read ({error}): write it in the shape of macros.toml"
        raise ActError(msg) from error
