"""One request of the API: who asks, cursors, If-Match and Idempotency-Key.

A change is made only to what its sender saw (`If-Match`, RFC 9110 13.1.1), and once however often it is
sent (`Idempotency-Key`, IETF draft): both are looked at inside the transaction of the act.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from console.api_faults import ApiError
from console.api_guard import token_of
from console.api_records import Ticket, etag_of, ticket_of
from console.context import Console, console_of
from console.desk import Desk
from models.store import Db
from models.store.api_reads import PageWish, related_numbers, ticket_row_of
from models.store.api_tokens import DoneRequest, TokenCard, done_request, note_outcome, note_request

RowKey = Callable[[Any], tuple[int, datetime | None]]
LARGEST: Final = 2**53 - 1  # the largest whole number that every JSON reader keeps
MOST_ITEMS: Final = 200
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


# No database and no mail should hold control characters, but for line breaks and tabs.
_PLAIN: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


def _storable(at: datetime) -> datetime:
    """Return a moment in UTC; one that no calendar of ours holds is the first or the last that it does."""
    try:
        in_utc = at.astimezone(UTC)
    except OverflowError:
        in_utc = _FIRST if at.year < 1970 else _LAST
    return min(max(in_utc, _FIRST), _LAST)


def _written_out(text: Any) -> Any:
    """Refuse a bare number, which pydantic would take for seconds: RFC 3339 dates hold a dash."""
    if not isinstance(text, str) or "-" not in text[1:]:
        msg = "write a moment as 2026-11-22T09:30:00Z"
        raise ValueError(msg)
    return text


Since = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_storable)]


def one_of(values: Iterable[str]) -> Any:
    """Return the type of a text that is one of some values which stand in data."""
    known = tuple(values)

    def check(text: str) -> str:
        if text not in known:
            msg = f"choose of {', '.join(known)}"
            raise ValueError(msg)
        return text

    return Annotated[str, AfterValidator(check), Field(json_schema_extra={"enum": list(known)})]


Word = Annotated[str, Field(max_length=200, pattern=_PLAIN)]
Line = Annotated[str, Field(max_length=1000, pattern=_PLAIN)]
Words = Annotated[str, Field(min_length=1, max_length=20_000, pattern=_PLAIN)]
Number = Annotated[int, Path(ge=1, le=LARGEST)]
IfMatch = Annotated[str | None, Header(max_length=1000)]
IfNoneMatch = Annotated[str | None, Header(max_length=1000)]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[!-~]+$"),
]


class Wish(BaseModel):
    """Query parameters of a list; one that is not known is refused, since it would be ignored silently."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MOST_ITEMS)
    cursor: str = Field("", max_length=300, description="`next` of the page before.")

    def page(self, *, newest_first: bool = True) -> PageWish:
        """Read the cursor; raises ApiError for one that was never given out for this list."""
        if not self.cursor:
            return PageWish(limit=self.limit + 1, newest_first=newest_first)
        after_id, after_utc = _read_cursor(self.cursor, self._filters())
        return PageWish(
            limit=self.limit + 1, after_id=after_id, after_utc=after_utc, newest_first=newest_first
        )

    def next_cursor(
        self, rows: Sequence[Any], key: Callable[[Any], tuple[int, datetime | None]]
    ) -> str | None:
        """Return the cursor of the next page; None when these rows are the last ones."""
        if len(rows) <= self.limit:
            return None
        number, at_utc = key(rows[self.limit - 1])
        said = [number, at_utc.isoformat() if at_utc else None, self._filters()]
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    def _filters(self) -> str:
        """Name the list: a cursor is good for the filters that it came from."""
        said = self.model_dump_json(exclude={"limit", "cursor"})
        return hashlib.sha256(f"{type(self).__name__}{said}".encode()).hexdigest()[:16]


class Asked(BaseModel):
    """The body of a change: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Call:
    """One request that passed the gate."""

    def __init__(self, request: Request, response: Response) -> None:
        self.request, self.response = request, response
        self.console: Console = console_of(request)
        self.token: TokenCard = token_of(request)

    @property
    def actor(self) -> str:
        """The name under which acts are audited."""
        return self.token.actor

    @property
    def seller_id(self) -> str:
        """The seller that the token is for; "" sees all."""
        return self.token.seller_id

    def ticket(self, db: Db, number: int) -> Ticket:
        """Load a ticket; raises ApiError for one that the token does not see."""
        row = ticket_row_of(db, number, seller_id=self.seller_id)
        if row is None:
            raise ApiError("not-found", f"there is no ticket {number}")
        related = related_numbers(db, [number], seller_id=self.seller_id)
        return self.shown(row, related.get(number, ()))

    def shown(self, row: Any, related: Sequence[int]) -> Ticket:
        """Make a ticket of its row; a seller's token is not told numbers that may be another seller's."""
        ticket = ticket_of(row, related)
        if self.seller_id:
            return ticket.model_copy(update={"merged_into": None, "duplicate_of": None})
        return ticket

    def see_ticket(self, number: int) -> None:
        """Raise ApiError for a ticket that the token does not see."""
        with self.console.store.read() as db:
            self.ticket(db, number)

    def show_ticket(self, number: int) -> Ticket:
        """Return a ticket as it is now, with its entity tag in the answer."""
        with self.console.store.read() as db:
            ticket = self.ticket(db, number)
        self.response.headers["ETag"] = etag_of(ticket)
        return ticket

    def change_ticket(self, number: int, if_match: str | None, act: Callable[[Desk], object]) -> Ticket:
        """Do an act on the ticket that `If-Match` names, and return the ticket as it is then."""
        self.see_ticket(number)
        if if_match is None:
            raise ApiError("if-match-needed", "send the ETag of the ticket that you saw as If-Match, or `*`")

        def is_what_was_seen(db: Db) -> None:
            if not matches(if_match, etag_of(self.ticket(db, number))):
                raise ApiError("changed-meanwhile", "read the ticket again, decide again")

        act(self.console.desk.checked(is_what_was_seen))
        return self.show_ticket(number)

    def once(self, key: str | None, body: BaseModel | None, act: Callable[[Desk], int]) -> int:
        """Do an act once per Idempotency-Key; return what it made or changed, the same every time."""
        desk, store = self.console.desk, self.console.store
        if key is None:
            return act(desk)
        fingerprint = self._fingerprint(body)
        with store.read() as db:
            done = done_request(db, self.token.id, key)
        if done is not None:
            return self._again(done, fingerprint)

        def claim(db: Db) -> None:
            if done_request(db, self.token.id, key) is not None:  # the same request, a moment earlier
                raise ApiError("same-key-at-work", "ask again in a moment")
            note_request(db, self.token.id, key, fingerprint, desk.now())

        outcome = act(desk.checked(claim, [f"api:{self.token.id}:{key}"]))
        with store.write() as db:
            note_outcome(db, self.token.id, key, outcome)
        return outcome

    def _again(self, done: DoneRequest, fingerprint: str) -> int:
        if done.fingerprint != fingerprint:
            raise ApiError("key-of-another", "take a new key for another request")
        if done.outcome_id is None:
            raise ApiError("same-key-at-work", "ask again in a moment, or look at the ticket")
        self.response.headers["Idempotency-Replayed"] = "true"
        return done.outcome_id

    def _fingerprint(self, body: BaseModel | None) -> str:
        said = body.model_dump_json() if body is not None else ""
        whole = f"{self.request.method} {self.request.url.path}\n{said}"
        return hashlib.sha256(whole.encode()).hexdigest()


CallOf = Annotated[Call, Depends(Call)]
ListOf = Query()


def matches(header: str, etag: str) -> bool:
    """Tell whether an If-Match or If-None-Match header names an entity tag; weak tags never match."""
    return header.strip() == "*" or etag in (tag.strip() for tag in header.split(","))


def _read_cursor(cursor: str, filters: str) -> tuple[int, datetime | None]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        number, at, known = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        after_utc = datetime.fromisoformat(at) if at is not None else None
        is_right = known == filters and isinstance(number, int) and 0 <= number <= LARGEST
        if after_utc is not None:
            is_right = is_right and after_utc.tzinfo is not None and _FIRST <= after_utc <= _LAST
    except (ValueError, TypeError, binascii.Error, RecursionError):
        is_right = False
    if not is_right:
        raise ApiError("invalid", "cursor: take it from `next` of the page before, with the same filters")
    return int(number), after_utc
