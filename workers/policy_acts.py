"""Changing the desk's policies: replies, duplicates, retention, calendar, terms; checked, versioned, audited.

In goes the whole body of a policy with the version that it was made from, out comes the number of
the new version. A body that a worker could not use is refused, and so is one made from a version
that somebody has replaced meanwhile. The one in force before stays and can be written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from models.retention import RETENTION, parse_retention
from models.store.policies import REPLIES, REPLY_CHOICES, read_policy, write_policy
from models.store.policy_history import newest_version, policy_version
from models.store.ticket_life import audit
from models.topics import SLUGS
from workers.acts import ActError
from workers.business_time import parse_calendar
from workers.service import Service
from workers.sla import terms_of
from workers.word_lists import read_table

DUPLICATES: Final = "duplicates"
CALENDAR: Final = "calendar"
TERMS: Final = "sla"
SAME_MATTER: Final = ("show", "append")  # a likely duplicate is shown, or appended to the ticket it repeats
_MARKETPLACES: Final = ("ozon", "wb", "unknown")


def policy_in_force(service: Service, name: str) -> tuple[dict[str, Any], int]:
    """Return a policy as workers use it, and its version; 0 is what is shipped. KeyError for no policy."""
    shipped = _SHIPPED[name]
    with service.store.read() as db:
        return read_policy(db, name) or shipped(), newest_version(db, name)


def change_policy(service: Service, actor: str, name: str, body: Mapping[str, Any], was: int) -> int:
    """Write a new version and return its number; ActError when it cannot be used or `was` is over."""
    problem = policy_problem(name, body)
    if problem:
        raise ActError(problem)
    with service.store.write([f"policy:{name}"]) as db:
        if newest_version(db, name) != was:
            msg = "somebody changed this meanwhile: open the page again, then change it"
            raise ActError(msg)
        before, now = read_policy(db, name) or _SHIPPED[name](), service.now()
        version = write_policy(db, name, dict(body), author=actor, now_utc=now)
        changed = sorted(key for key in {*before, *body} if before.get(key) != body.get(key))
        audit(db, actor, "policy", f"policy:{name}", now, version=version, changed=changed)
    return version


def restore_policy(service: Service, actor: str, name: str, version: int) -> int:
    """Put an earlier version in force again; ActError for one that was never written."""
    with service.store.read() as db:
        earlier, newest = policy_version(db, name, version), newest_version(db, name)
    if earlier is None or name not in _SHIPPED:
        msg = f"there is no version {version} of this policy"
        raise ActError(msg)
    return change_policy(service, actor, name, earlier.body, newest)


def policy_problem(name: str, body: Mapping[str, Any]) -> str:
    """Return why a body cannot be used, "" for one that can."""
    try:
        _CHECKS[name](body)
    except KeyError as error:
        return f"{name}: {error} is missing"
    except (ValueError, TypeError, AttributeError) as error:
        return str(error)
    return ""


def _check_replies(body: Mapping[str, Any]) -> None:
    for key, choice in body.items():
        if choice not in REPLY_CHOICES:
            msg = f"replies: {key} = {choice!r}; choose of {', '.join(REPLY_CHOICES)}"
            raise ValueError(msg)
    if "default" not in body:
        msg = "replies: there is no default; choose what happens where nothing else is said"
        raise ValueError(msg)


def _check_duplicates(body: Mapping[str, Any]) -> None:
    if set(body) != {"same_matter"} or body["same_matter"] not in SAME_MATTER:
        msg = f"duplicates: same_matter is one of {', '.join(SAME_MATTER)}"
        raise ValueError(msg)


def _check_terms(body: Mapping[str, Any]) -> None:
    for topic in SLUGS:
        for marketplace in _MARKETPLACES:
            for priority in ("", *body.get("priority_factor", {})):
                terms = terms_of(dict(body), marketplace=marketplace, topic=topic, priority=priority)
                if not 0 < terms.first_reaction_s <= terms.resolution_s:
                    msg = f"terms of {topic}: the first reaction is due before the resolution, and after 0"
                    raise ValueError(msg)


_CHECKS: Final[dict[str, Callable[[Any], object]]] = {
    REPLIES: _check_replies,
    DUPLICATES: _check_duplicates,
    RETENTION: parse_retention,
    CALENDAR: parse_calendar,
    TERMS: _check_terms,
}
_SHIPPED: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    REPLIES: lambda: {"default": "send"},
    DUPLICATES: lambda: {"same_matter": "show"},
    RETENTION: lambda: dict(parse_retention({}).as_policy()),
    CALENDAR: lambda: dict(read_table("calendar.toml")),
    TERMS: lambda: dict(read_table("sla.toml")),
}
