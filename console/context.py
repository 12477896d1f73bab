"""What all pages share, and who is asking: `Console` lives as long as the process, `Visitor` one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi import Request

from console.access import allows
from console.counted import CountsShelf
from console.desk import Desk
from console.figures_shelf import FiguresShelf
from console.moments import Moments, zone_of
from console.presence import Presence
from console.throttle import LoginThrottle
from console.topic_names import TopicNames
from console.undo import UndoShelf
from console.wording import Words, language_of, words_of
from models.store import Store
from models.store.people import PersonCard
from models.topics import topic_name

if TYPE_CHECKING:
    from console.oidc import OidcProvider  # loaded only where a provider is configured

LANGUAGE_COOKIE = "razbor_language"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """The settings that pages look at."""

    timezone: str = "Europe/Moscow"
    public_url: str = ""  # its origin is the one that forms may be sent from; "" is the request's own
    relay: bool = False  # whether replies can leave at all
    precision_target: float = 0.98  # share of automatically routed mails that must be right
    metrics_token: str = ""  # who shows it may read /metrics; "" lets only this machine
    api_requests_per_minute: int = 600  # of one token; 0 lets everything through
    idle: timedelta = timedelta(hours=8)  # a session ends after so long without a request
    longest: timedelta = timedelta(hours=24)  # and at the latest after so long

    @property
    def is_https(self) -> bool:
        """True when cookies and links belong to https only."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Store, desk and options of one console process."""

    store: Store
    desk: Desk
    options: ConsoleOptions = field(default_factory=ConsoleOptions)
    throttle: LoginThrottle = field(default_factory=LoginThrottle)
    figures: FiguresShelf = field(default_factory=FiguresShelf)
    shelf: UndoShelf = field(default_factory=UndoShelf)
    counts: CountsShelf = field(default_factory=CountsShelf)
    topic_names: TopicNames = field(default_factory=TopicNames)
    presence: Presence = field(default_factory=Presence)
    oidc: OidcProvider | None = None  # who else may say who somebody is
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # ends streams at shutdown

    def forget(self) -> None:
        """Look anew at what is kept in memory: something was changed."""
        self.counts.forget()
        self.topic_names.forget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who is logged in, for one request."""

    person: PersonCard
    csrf_token: str

    @property
    def login(self) -> str:
        """The name under which acts are audited."""
        return self.person.login

    def may(self, route_name: str) -> bool:
        """Tell whether this person may use a route: what they may not is not shown."""
        return allows(self.person.role, route_name)


def console_of(request: Request) -> Console:
    """Return the console that a request belongs to."""
    found: Console = request.app.state.console
    return found


def visitor_of(request: Request) -> Visitor:
    """Return who is asking; only on routes behind the login."""
    found: Visitor = request.state.visitor
    return found


def words_for(request: Request) -> Words:
    """Return the words of the reader: of the person, else of the cookie, else of the browser."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is not None:
        return words_of(visitor.person.language)
    chosen = request.cookies.get(LANGUAGE_COOKIE) or language_of(request.headers.get("accept-language", ""))
    return words_of(chosen)


def topic_words(request: Request) -> Callable[[str], str]:
    """Return how the reader calls a topic."""
    console, language = console_of(request), words_for(request).language
    own = console.topic_names.of(console.store)

    def name(slug: str) -> str:
        return own.get(slug, {}).get(language) or topic_name(slug, language)

    return name


def moments_for(request: Request) -> Moments:
    """Return how the reader sees moments."""
    console = console_of(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    own = visitor.person.timezone if visitor is not None else ""
    return Moments(
        words=words_for(request), zone=zone_of(own, console.options.timezone), now_utc=console.desk.now()
    )
