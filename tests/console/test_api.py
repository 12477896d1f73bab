"""The JSON API as a program meets it: tokens and scopes, lists, changes made once and to what was seen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import update

from console.api import API_PATH
from console.api_faults import KINDS
from console.api_guard import MAX_BODY_BYTES
from console.api_rate import TokenBuckets
from console.api_scopes import FREE, ROUTE_SCOPES
from models.store import StoreError
from models.store.api_tokens import SCOPES, SELLER_SCOPES, add_token, revoke_token, tokens
from models.store.people import add_person
from models.store.schema import API_TOKEN, AUDIT, LABEL, TICKET
from tests.console.conftest import Web, on_sqlite

BODIES = {
    "set_ticket_status": {"status": "in_progress"},
    "set_ticket_assignee": {"assignee": "maria"},
    "set_ticket_priority": {"priority": "high", "reason": "asked"},
    "correct_fact": {"field": "supply_ref", "value": "77"},
    "create_label": {"ticket": 100001, "topic": "fines_appeals"},
    "create_draft": {"text": "Draft."},
    "send_reply": {"text": "Reply."},
    "approve_draft": {},
    "drop_draft": {},
}


class Program:
    """A program with a token of its own."""

    def __init__(self, web: Web, name: str = "shop-sync", scopes=tuple(SCOPES), **given) -> None:
        self.web = web
        with web.desk.store.write() as db:
            self.token = add_token(db, name, list(scopes), created_by="test", now_utc=web.desk.now, **given)
        self.actor = f"token:{name}"

    def ask(self, method: str, path: str, body=None, **headers: str):
        sent = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.web.client.request(method, API_PATH + path, json=body, headers=sent)

    def get(self, path: str, **headers: str):
        return self.ask("GET", path, **headers)


@pytest.fixture
def number(web) -> int:
    """A ticket of one mail that its topic queue has worked."""
    web.desk.mail()
    web.desk.read()
    web.desk.work()
    return int(web.desk.tickets()[0].id)


def api_routes(web):
    (mount,) = [route for route in web.app.routes if getattr(route, "path", "") == API_PATH]
    return [
        (context.name, method, re.sub(r"\{[^}]+\}", "100001", str(context.path)))
        for context in iter_route_contexts(mount.app.routes)
        if isinstance(context.route, APIRoute)
        for method in sorted(context.methods or ())
    ]


@on_sqlite
def test_every_route_asks_for_its_scope(web, number) -> None:
    """Walk every route with a token of every single scope, and without one."""
    named = api_routes(web)
    assert {name for name, _, _ in named} == set(ROUTE_SCOPES), "each route stands in the table, no other"
    assert set(ROUTE_SCOPES.values()) - {FREE} == set(SCOPES), "each scope opens something"
    programs = {scope: Program(web, scope.replace(":", "-"), [scope]) for scope in SCOPES}
    for name, method, path in named:
        bare = web.client.request(method, API_PATH + path, json=BODIES.get(name))
        assert (bare.status_code == 401) is (ROUTE_SCOPES[name] != FREE), name
        for scope, program in programs.items():
            answer = program.ask(method, path, BODIES.get(name), If_Match="*")
            is_open = ROUTE_SCOPES[name] in {FREE, scope}
            assert (answer.status_code == 403) is not is_open, (name, scope, answer.text)
            if not is_open:
                assert f'scope="{ROUTE_SCOPES[name]}"' in answer.headers["www-authenticate"]
            assert answer.status_code < 500, (name, answer.text)


@on_sqlite
def test_only_a_token_in_force_opens(web, number) -> None:
    program = Program(web, days=1)
    assert program.get("/tickets").status_code == 200
    stored = str(web.desk.rows(API_TOKEN))
    assert program.token not in stored, "only its hash is stored"
    assert program.token.split("_", 2)[2] not in stored
    for header in ("", "Bearer", "Bearer x", f"Basic {program.token}", f"Bearer {program.token[:-1]}x"):
        answer = web.client.get(f"{API_PATH}/tickets", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    web.enter("admin")
    assert web.get(f"{API_PATH}/tickets").status_code == 401, "a session of the console is no token"
    web.desk.now += timedelta(days=1)
    assert program.get("/tickets").status_code == 401, "it ended"
    other = Program(web, "other", days=None)
    assert other.get("/tickets").status_code == 200
    with web.desk.store.write() as db:
        revoke_token(db, "other", web.desk.now)
    assert other.get("/tickets").status_code == 401
    with web.desk.store.read() as db:
        assert tokens(db)[0].used_at_utc == web.desk.now


@on_sqlite
@pytest.mark.parametrize(
    "wish",
    [
        {"name": "Has Spaces"},
        {"scopes": []},
        {"scopes": ["read:everything"]},
        {"days": 0},
        {"days": 10_000},
        {"scopes": ["read:status"], "seller_id": "1"},
        {"name": "taken"},
    ],
    ids=str,
)
def test_a_token_that_makes_no_sense_is_not_made(store, wish) -> None:
    from tests.workers.conftest import START

    given = {"name": "fine", "scopes": ["read:tickets"], **wish}
    with store.write() as db:
        add_token(db, "taken", ["read:tickets"], created_by="test", now_utc=START)
        with pytest.raises(StoreError):
            add_token(db, given.pop("name"), given.pop("scopes"), created_by="t", now_utc=START, **given)


@on_sqlite
def test_a_sellers_token_sees_that_seller_alone(web) -> None:
    """What a mail says of itself binds nobody: only an import or an operator does."""
    for letter in ("mine", "theirs", "claimed"):
        web.desk.mail(f"Seller ID 318742, {letter}.", sender=f"{letter}@shop.example", subject=letter)
    web.desk.read()
    mine, theirs, claimed = (int(row.id) for row in web.desk.tickets())
    with web.desk.store.write() as db:
        for bound, seller in ((mine, "318742"), (theirs, "555")):
            values = {"seller_id": seller, "duplicate_of_id": claimed}
            db.execute(update(TICKET).where(TICKET.c.id == bound).values(values))
    portal = Program(web, "portal", sorted(SELLER_SCOPES), seller_id="318742")
    seen = portal.get("/tickets").json()["items"]
    assert [ticket["number"] for ticket in seen] == [mine]
    assert seen[0]["duplicate_of"] is None, "another seller's number is not told"
    assert [mail["ticket"] for mail in portal.get("/messages").json()["items"]] == [mine]
    for path in ("/tickets/{}", "/tickets/{}/facts"):
        assert portal.get(path.format(mine)).status_code == 200
        for other in (theirs, claimed):
            assert portal.get(path.format(other)).status_code == 404
    for filters in ("seller_id=555", "seller_id="):
        numbers = {ticket["number"] for ticket in portal.get(f"/tickets?{filters}").json()["items"]}
        assert numbers <= {mine}
    assert portal.get(f"/messages?ticket={theirs}").json()["items"] == []
    all_mails = Program(web).get("/messages").json()["items"]
    answers = [portal.get(f"/messages/{mail['id']}").status_code for mail in all_mails]
    assert sorted(answers) == [200, 404, 404]


def test_lists_are_paged_by_cursor(web) -> None:
    """Every row once, in order, on both engines; a cursor is good for its own list alone."""
    for shop in range(5):
        web.desk.mail(sender=f"s{shop}@shop.example", subject=f"shop {shop}")
    web.desk.read()
    program = Program(web)
    numbers = [int(row.id) for row in web.desk.tickets()]
    for path, key in (("/tickets?sort=updated", "number"), ("/tickets?", "number"), ("/messages?", "id")):
        seen, cursor = [], ""
        while cursor is not None:
            page = program.get(f"{path}&limit=2&cursor={cursor}").json()
            seen += [item[key] for item in page["items"]]
            cursor = page["next"]
        expected = numbers if key == "number" else [1, 2, 3, 4, 5]
        assert seen == (expected if "updated" in path else expected[::-1]), path
    first = program.get("/tickets?limit=2").json()["next"]
    for path in ("/messages?limit=2&cursor=", "/tickets?limit=2&status=new&cursor="):
        assert program.get(path + first).status_code == 422
    for cursor in ("x", "W10", "%00", "eyJhIjoxfQ", "WzEsbnVsbCwieCJd", "9" * 300):
        assert program.get(f"/tickets?cursor={cursor}").status_code == 422, cursor
    assert program.get("/tickets?statsu=new").status_code == 422, "a filter with a slip is not ignored"
    since = (web.desk.now + timedelta(seconds=1)).isoformat().replace("+", "%2B")
    assert program.get(f"/tickets?sort=updated&updated_since={since}").json()["items"] == []
    assert program.get("/messages?kind=person&received_since=2026-01-01T00:00:00Z&limit=200").json()["items"]


def test_a_change_is_made_to_what_was_seen(web, number) -> None:
    """If-Match is looked at inside the transaction of the act, on both engines."""
    program = Program(web)
    with web.desk.store.write() as db:
        for login, role in (("maria", "operator"), ("ivan", "operator"), ("guest", "viewer")):
            add_person(db, login, password_hash="-", role=role)
    seen = program.get(f"/tickets/{number}")
    tag = seen.headers["etag"]
    assert program.get(f"/tickets/{number}", If_None_Match=tag).status_code == 304
    path, body = f"/tickets/{number}/assignee", {"assignee": "maria"}
    assert program.ask("PUT", path, body).status_code == 428
    changed = program.ask("PUT", path, body, If_Match=tag)
    assert changed.status_code == 200
    assert changed.json()["assignee"] == "maria"
    assert changed.headers["etag"] != tag
    late = program.ask("PUT", path, {"assignee": "ivan"}, If_Match=tag)
    assert late.status_code == 412
    assert late.headers["content-type"] == "application/problem+json"
    assert web.desk.tickets()[0].assignee == "maria"
    for stranger in ("guest", "nobody"):
        assert program.ask("PUT", path, {"assignee": stranger}, If_Match="*").status_code == 409
    status = f"/tickets/{number}/status"
    refused = program.ask("PUT", status, {"status": "closed", "resolution": "nonsense"}, If_Match="*")
    assert (refused.status_code, refused.json()["type"]) == (409, "/api/v1/problems#refused")
    closed = program.ask(
        "PUT", status, {"status": "closed", "resolution": "confirmed", "reason": "found"}, If_Match="*"
    )
    assert closed.json()["resolution"] == "confirmed"
    assert {row.actor for row in web.desk.rows(AUDIT) if row.action in {"assign", "close"}} == {program.actor}


@on_sqlite
def test_a_priority_set_by_hand_stays(web, number) -> None:
    program = Program(web)
    path = f"/tickets/{number}/priority"
    assert program.ask("PUT", path, {"priority": "urgent"}, If_Match="*").status_code == 409, "no reason"
    assert program.ask("PUT", path, {"priority": "top", "reason": "x"}, If_Match="*").status_code == 422
    raised = program.ask("PUT", path, {"priority": "urgent", "reason": "court date"}, If_Match="*").json()
    assert (raised["priority"], raised["priority_by"]) == ("urgent", program.actor)
    score = web.desk.tickets()[0].score
    web.desk.mail("ID продавца 318742.", subject=f"Re: [RZ-{number}]")
    web.desk.read()
    web.desk.work()
    row = web.desk.tickets()[0]
    assert (row.priority, row.score) == ("urgent", score), "topic work does not take it back"
    assert row.score >= 72
    lowered = program.ask("PUT", path, {"priority": None}, If_Match="*").json()
    assert (lowered["priority"], lowered["priority_by"]) == ("normal", "")


def test_a_post_with_a_key_is_done_once(web, number) -> None:
    """The key is written in the transaction of the act, on both engines."""
    program, other = Program(web), Program(web, "other")
    path, body = f"/tickets/{number}/drafts", {"text": "Нашли две коробки."}
    first = program.ask("POST", path, body, Idempotency_Key="k1")
    again = program.ask("POST", path, body, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert program.ask("POST", path, {"text": "Other."}, Idempotency_Key="k1").status_code == 422
    assert other.ask("POST", path, {"text": "Other."}, Idempotency_Key="k1").status_code == 201
    assert program.ask("POST", path, body, Idempotency_Key="k2").status_code == 409, "the same words twice"
    assert program.ask("POST", path, {"text": "New."}, Idempotency_Key="k2").status_code == 201, (
        "what was refused was not done"
    )
    label = {"ticket": number, "topic": "fines_appeals"}
    for _ in range(2):
        made = program.ask("POST", "/labels", label, Idempotency_Key="l1")
        assert (made.status_code, made.json()["author"]) == (201, program.actor)
    assert len(web.desk.rows(LABEL)) == 1
    web.desk.now += timedelta(hours=25)
    assert program.ask("POST", "/labels", label, Idempotency_Key="l2").status_code == 201
    assert program.ask("POST", "/labels", label, Idempotency_Key="l1").status_code == 201
    assert len(web.desk.rows(LABEL)) == 3, "keys are kept for a day"


@on_sqlite
def test_replies_and_facts(web, number) -> None:
    program = Program(web)
    draft = program.ask("POST", f"/tickets/{number}/drafts", {"text": "Words to check."}).json()
    assert draft["status"] == "draft"
    assert program.get(f"/replies?ticket={number}&status=draft").json()["items"] == [draft]
    sent = program.ask("POST", f"/replies/{draft['id']}/approval", {"text": "Better words."}).json()
    assert (sent["status"], sent["author"], sent["text"]) == ("queued", program.actor, "Better words.")
    assert program.ask("POST", f"/replies/{draft['id']}/approval", {}).status_code == 409
    second = program.ask("POST", f"/tickets/{number}/drafts", {"text": "Not needed."}).json()
    assert program.ask("POST", f"/replies/{second['id']}/dropping", {}).json()["status"] == "muted"
    phone = program.ask("POST", f"/tickets/{number}/replies", {"text": "Звоните +7 916 123-45-67"})
    assert phone.status_code == 409, "a program's words are checked like an operator's"
    left = program.ask("POST", f"/tickets/{number}/replies", {"text": "Found.", "waits_for_seller": True})
    assert left.json()["status"] == "queued"
    change = {"field": "supply_ref", "value": "77", "was": "2000061286750"}
    assert program.ask("POST", f"/tickets/{number}/facts", change).status_code == 200
    facts = program.get(f"/tickets/{number}/facts?superseded=true").json()["items"]
    assert {(fact["value"], fact["active"]) for fact in facts if fact["field"] == "supply_ref"} == {
        ("2000061286750", False),
        ("77", True),
    }
    for wrong, status in (
        ({"field": "no_field", "value": "1"}, 422),
        ({**change, "raw": "1"}, 422),
        ({"field": "supply_ref"}, 409),
    ):
        assert program.ask("POST", f"/tickets/{number}/facts", wrong).status_code == status
    balance = program.get("/status").json()
    assert balance["accepted"] == balance["in_flight"] + sum(balance["dispositions"].values())


@on_sqlite
def test_faults_are_problems_and_repeat_nothing(web, number) -> None:
    program = Program(web)
    secret = "4276 3800 1234 5678"
    asked = [
        ("GET", "/nowhere", None, 404),
        ("DELETE", f"/tickets/{number}", None, 405),
        ("GET", f"/tickets/{'9' * 20}", None, 422),
        ("GET", "/tickets/0", None, 422),
        ("GET", "/messages?ticket=%00", None, 422),
        ("GET", "/tickets?updated_since=2026-11-16T00:00:00", None, 422),
        ("GET", "/tickets?updated_since=3422", None, 422),
        ("GET", "/messages/a%0Ab/c", None, 404),
        ("POST", "/labels", {"ticket": secret, "topic": 1}, 422),
        ("POST", f"/tickets/{number}/drafts", {"text": f"a\0{secret}"}, 422),
        ("POST", f"/tickets/{number}/drafts", {"text": "x" * (MAX_BODY_BYTES + 1)}, 413),
    ]
    for method, path, body, status in asked:
        answer = program.ask(method, path, body)
        assert answer.status_code == status, path
        said = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert said["status"] == status
        assert said["type"].partition("#")[2] in KINDS
        assert secret not in answer.text
    for moment, seen in (("0001-01-01T00:00:00%2B14:00", 1), ("9999-12-31T23:59:59-14:00", 0)):
        for path in (f"/tickets?updated_since={moment}", f"/messages?received_since={moment}"):
            assert len(program.get(path).json()["items"]) == seen, path
    headers = {"Authorization": f"Bearer {program.token}", "Content-Type": "application/json"}
    for body in (b"{", b'{"text": "\\ud800"}', b"[" * 100_000, b'{"text": 1e999}', b"\xff"):
        answer = web.client.post(f"{API_PATH}/tickets/{number}/drafts", content=body, headers=headers)
        assert answer.status_code in {400, 422}, body[:20]
    chunks = web.client.post(
        f"{API_PATH}/tickets/{number}/drafts", content=iter([b" " * MAX_BODY_BYTES] * 2), headers=headers
    )
    assert (chunks.status_code, chunks.json()["status"]) == (413, 413), "without a length, too"
    assert set(web.client.get(f"{API_PATH}/problems").json()) == set(KINDS)


def test_a_bucket_fills_evenly() -> None:
    now = [0.0]
    buckets = TokenBuckets(60, clock=lambda: now[0])
    assert all(buckets.take(1).is_allowed for _ in range(60))
    full = buckets.take(1)
    assert (full.is_allowed, full.wait_s) == (False, 1)
    assert buckets.headers(full)["RateLimit"] == '"minute";r=0;t=1'
    assert buckets.take(2).is_allowed, "another token has its own"
    now[0] = 1.5
    assert buckets.take(1).is_allowed
    assert not buckets.take(1).is_allowed
    assert TokenBuckets(0).take(1).is_allowed


@on_sqlite
def test_who_asks_too_often_waits(desk) -> None:
    web = Web(desk, api_requests_per_minute=2)
    program = Program(web)
    assert [program.get("/problems").status_code for _ in range(3)] == [200, 200, 200]
    answers = [program.get("/tickets") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


@on_sqlite
def test_administrators_make_tokens_on_a_page(web, number) -> None:
    web.enter("admin")
    fields = {"name": "warehouse", "scopes": ["read:tickets", "read:facts"], "days": "30"}
    page = web.post("/settings/tokens", fields)
    (token,) = re.findall(r"rzb_[0-9a-f]{8}_[\w-]{43}", page.text)
    headers = {"Authorization": f"Bearer {token}"}
    assert web.client.get(f"{API_PATH}/tickets", headers=headers).status_code == 200
    again = web.get("/settings/tokens").text
    assert "warehouse" in again
    assert token not in again, "shown once"
    assert web.post("/settings/tokens", fields).status_code == 409
    assert web.post("/settings/tokens/warehouse/revoke").status_code == 303
    assert web.client.get(f"{API_PATH}/tickets", headers=headers).status_code == 401
    acts = [(row.actor, row.action, row.subject) for row in web.desk.rows(AUDIT)]
    assert acts[-2:] == [
        ("admin", "add_token", "token:warehouse"),
        ("admin", "revoke_token", "token:warehouse"),
    ]
