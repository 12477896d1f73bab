"""Changing the desk's policies: replies, duplicates, retention, calendar, terms, topics.

Each is checked, versioned and audited. In goes the whole body of a policy with the version that it
was made from, out comes the number of the new version. A body that a worker could not use is
refused, and so is one made from a version that somebody has replaced meanwhile. The one in force
before stays and can be written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from models.retention import RETENTION, parse_retention
from models.store.policies import REPLIES, REPLY_CHOICES, read_policy, write_policy
from models.store.policy_history import newest_version, policy_version
from models.store.ticket_life import audit
from models.topic_policy import MAX_NAME_CHARS, MOST_ALTERNATIVES, MOST_PARTS, RULES, TOPICS
from models.topics import LANGUAGES, SLUGS
from workers.acts import ActError
from workers.business_time import check_calendar
from workers.replies.compose import askable_fields
from workers.service import Service
from workers.sla import check_terms
from workers.word_lists import read_table

DUPLICATES: Final = "duplicates"
CALENDAR: Final = "calendar"
TERMS: Final = "sla"
SAME_MATTER: Final = ("show", "append")  # a likely duplicate is shown, or appended to the ticket it repeats


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
    """Put an earlier version in force again, 0 for what is shipped; ActError for one that never was."""
    with service.store.read() as db:
        earlier, newest = policy_version(db, name, version), newest_version(db, name)
    if version == 0 and name in _SHIPPED:
        return change_policy(service, actor, name, _SHIPPED[name](), newest)
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
        if "@" not in key and key not in {"default", *SLUGS}:
            msg = f"replies: {key} names no topic; remove it or write one of {', '.join(SLUGS)}"
            raise ValueError(msg)
    if "default" not in body:
        msg = "replies: there is no default; choose what happens where nothing else is said"
        raise ValueError(msg)


def _check_duplicates(body: Mapping[str, Any]) -> None:
    if set(body) != {"same_matter"} or body["same_matter"] not in SAME_MATTER:
        msg = f"duplicates: same_matter is one of {', '.join(SAME_MATTER)}"
        raise ValueError(msg)


def _check_topics(body: Mapping[str, Any]) -> None:
    known = frozenset(askable_fields())
    for key, value in body.items():
        rule, _, rest = key.partition("/")
        topic, _, kind = rest.partition("/")
        if topic not in SLUGS:
            msg = f"topics: {key} names no topic"
            raise ValueError(msg)
        if rule == "name":
            _check_name(key, kind, value)
        elif rule in RULES:
            _check_parts(key, value, known)
        else:
            msg = f"topics: {key} is no rule; a rule is name, required or skip"
            raise ValueError(msg)


def _check_name(key: str, language: str, value: object) -> None:
    is_text = isinstance(value, str) and value.isprintable() and value.strip() == value
    if language not in LANGUAGES or not is_text or not 0 < len(str(value)) <= MAX_NAME_CHARS:
        msg = f"topics: {key} has 1 to {MAX_NAME_CHARS} characters on one line"
        raise ValueError(msg)


def _check_parts(key: str, value: object, known: frozenset[str]) -> None:
    if not isinstance(value, list | tuple) or len(value) > MOST_PARTS:
        msg = f"topics: {key} has at most {MOST_PARTS} parts"
        raise ValueError(msg)
    for part in value:
        names = str(part).split("|")
        if len(names) > MOST_ALTERNATIVES or not known.issuperset(names) or len({*names}) != len(names):
            msg = f"topics: {key} asks for {part!r}, which nobody could be asked for in three languages"
            raise ValueError(msg)
    if len({*value}) != len(value):
        msg = f"topics: {key} asks twice for the same"
        raise ValueError(msg)


_CHECKS: Final[dict[str, Callable[[Any], object]]] = {
    REPLIES: _check_replies,
    DUPLICATES: _check_duplicates,
    RETENTION: parse_retention,
    CALENDAR: check_calendar,
    TERMS: check_terms,
    TOPICS: _check_topics,
}
_SHIPPED: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    REPLIES: lambda: {"default": "send"},
    DUPLICATES: lambda: {"same_matter": "show"},
    RETENTION: lambda: dict(parse_retention({}).as_policy()),
    CALENDAR: lambda: dict(read_table("calendar.toml")),
    TERMS: lambda: dict(read_table("sla.toml")),
    TOPICS: dict,
}
