"""Who gets in, for how long, and what each role may do; nothing changes without our own form."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pyotp
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from cli.console import make_first_admin
from console.access import ROLE_RIGHTS, ROUTE_RIGHTS, Right, allows
from console.guard import LOGIN_COOKIE, SESSION_COOKIE
from console.pages import own_path
from console.passwords import hash_password, is_password, totp_step
from console.routes import page_router, take_routes
from console.throttle import MOST_PER_LOGIN, LoginThrottle
from models.store.people import ROLES, add_person, change_person, end_sessions_of, people
from models.store.schema import CONSOLE_SESSION
from tests.console.conftest import ORIGIN, on_sqlite

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def maria(web, password_hash):
    with web.desk.store.write() as db:
        add_person(db, "maria", password_hash=password_hash, role="operator", language="en")
    return web


def log_in(web, login="maria", password=PASSWORD, **fields):
    if SESSION_COOKIE in web.client.cookies:
        web.client.cookies.set(LOGIN_COOKIE, "again")  # the form was open before somebody logged in
        csrf = "again"
    else:
        csrf = re.findall(r'name="csrf" value="([^"]+)"', web.client.get("/login").text)[0]
    given = {"csrf": csrf, "login": login, "password": password, **fields}
    return web.client.post("/login", data=given, headers={"Origin": ORIGIN})


def routes(web):
    return [
        (context.name, method, re.sub(r"\{[^}]+\}", "1", str(context.path)))
        for context in iter_route_contexts(web.app.routes)
        if isinstance(context.route, APIRoute)
        for method in sorted(context.methods or ())
    ]


@on_sqlite
def test_every_route_asks_for_its_right(web) -> None:
    """Walk every route with every role: refused exactly where the table says so."""
    named = {name for name, _, _ in routes(web)}
    assert named == set(ROUTE_RIGHTS), "each route stands in the table, and no other"
    for role in ROLES:
        web.enter(role)
        for name, method, path in routes(web):
            if name in {"events", "log_out"} or ROUTE_RIGHTS[name] is Right.ANYONE:
                continue
            answer = web.get(path) if method == "GET" else web.post(path)
            assert (answer.status_code == 403) is not allows(role, name), (role, name, answer.status_code)
            assert answer.status_code < 500, (name, answer.text)
    web.client.cookies.clear()
    for name, method, path in routes(web):
        if ROUTE_RIGHTS[name] is not Right.ANYONE:
            answer = web.get(path) if method == "GET" else web.post(path)
            assert answer.status_code == 303, name
            assert answer.headers["location"].startswith("/login?to="), name


def test_a_route_without_a_gate_is_not_taken() -> None:
    open_to_all = APIRouter()
    open_to_all.add_api_route("/secrets", lambda: "of everybody", name="queues")
    with pytest.raises(TypeError, match="no gate"):
        take_routes(FastAPI(), page_router(), open_to_all)


def test_roles_only_grow() -> None:
    rights = [ROLE_RIGHTS[role] for role in ROLES]
    assert all(less < more for less, more in pairwise(rights))
    assert not allows("nobody", "queues")
    assert not allows("admin", "no_such_route")


@on_sqlite
def test_login_opens_a_session_under_a_new_token(maria) -> None:
    assert log_in(maria, password="wrong password!").status_code == 401
    first = log_in(maria, to="/queues?view=mine")
    assert first.status_code == 303
    assert first.headers["location"] == "/queues?view=mine"
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    one = maria.client.cookies[SESSION_COOKIE]
    assert maria.get("/queues").status_code == 200
    assert one not in str(maria.desk.rows(CONSOLE_SESSION)), "only its hash is stored"
    log_in(maria)
    two = maria.client.cookies[SESSION_COOKIE]
    assert one != two
    maria.client.cookies.set(SESSION_COOKIE, one)
    assert maria.get("/queues").status_code == 303, "the session before ended with the new login"


@on_sqlite
@pytest.mark.parametrize(("login", "password"), [("nobody", PASSWORD), ("maria", ""), ("maria", "x" * 400)])
def test_a_wrong_login_says_nothing_about_what_was_wrong(maria, login, password) -> None:
    answer = log_in(maria, login=login, password=password)
    assert answer.status_code in {401, 422}
    assert SESSION_COOKIE not in maria.client.cookies


@on_sqlite
def test_logins_are_limited(maria) -> None:
    for _ in range(MOST_PER_LOGIN):
        maria.console.throttle.note_failure("maria", "testclient")
    answer = log_in(maria)
    assert answer.status_code == 429
    assert "Подождите 5 минут." in answer.text


def test_throttle_forgets_in_time_and_stays_small() -> None:
    now = [0.0]
    throttle = LoginThrottle(clock=lambda: now[0])
    for number in range(20_500):
        throttle.note_failure(f"login{number}", "192.0.2.1" if number > 20_400 else f"a{number}")
    assert len(throttle._failures) <= 10_000
    assert throttle.wait_s("fresh", "192.0.2.1") > 0
    now[0] = 301.0
    assert throttle.wait_s("fresh", "192.0.2.1") == 0


@on_sqlite
@pytest.mark.parametrize(
    ("later", "status"),
    [(timedelta(hours=7), 200), (timedelta(hours=9), 303), (timedelta(hours=25), 303)],
)
def test_a_session_ends_by_itself(web, later, status) -> None:
    web.enter()
    web.desk.now += later
    assert web.get("/queues").status_code == status


@on_sqlite
def test_a_used_session_ends_at_the_latest_after_a_day(web) -> None:
    web.enter()
    for _ in range(5):
        web.desk.now += timedelta(hours=4.5)
        assert web.get("/queues").status_code == 200
    web.desk.now += timedelta(hours=4.5)
    assert web.get("/queues").status_code == 303


@on_sqlite
def test_sessions_can_be_taken_away(web) -> None:
    web.enter()
    with web.desk.store.write() as db:
        end_sessions_of(db, "operator", web.desk.now)
    assert web.get("/queues").status_code == 303
    web.enter("lead")
    with web.desk.store.write() as db:
        change_person(db, "lead", active=False)
    assert web.get("/queues").status_code == 303
    token = web.enter("viewer")
    assert web.post("/logout").headers["location"] == "/login"
    web.client.cookies.set(SESSION_COOKIE, token)
    assert web.get("/queues").status_code == 303


@on_sqlite
def test_a_change_needs_our_own_form(web) -> None:
    web.enter()
    fields = {"language": "zh"}
    foreign = {"Origin": "https://elsewhere.example"}
    for answer in (
        web.client.post("/account", data=fields, headers={"Origin": ORIGIN}),  # no token
        web.client.post("/account", data=fields | {"csrf": "guess"}, headers={"Origin": ORIGIN}),
        web.client.post("/account", data=fields | {"csrf": web.csrf}),  # no origin
        web.client.post("/account", data=fields | {"csrf": web.csrf}, headers=foreign),
        web.post("/account", fields, **{"Sec-Fetch-Site": "cross-site"}),
        web.post("/account", fields, **{"Sec-Fetch-Site": "same-site"}),
    ):
        assert answer.status_code == 403
    assert web.post("/account", fields).status_code == 303
    with web.desk.store.read() as db:
        assert [person.language for person in people(db)] == ["zh"]


@on_sqlite
def test_login_form_of_another_site_is_refused(maria) -> None:
    maria.client.cookies.set(LOGIN_COOKIE, "mine")
    given = {"csrf": "theirs", "login": "maria", "password": PASSWORD}
    assert maria.client.post("/login", data=given, headers={"Origin": ORIGIN}).status_code == 403


@on_sqlite
def test_every_answer_carries_the_headers(web) -> None:
    web.enter()
    for address in ("/queues", "/login", "/static/look.css", "/nowhere", "/account"):
        headers = web.get(address).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert web.get("/queues").headers["cache-control"] == "no-store"


@on_sqlite
def test_pages_have_no_inline_script_or_style(web) -> None:
    web.enter()
    for address in ("/queues", "/account", "/login"):
        page = web.get(address).text
        assert "style=" not in page
        assert "<style" not in page
        assert re.findall(r"<script(?! src=)", page) == []
        assert re.findall(r"\son\w+=", page) == []


@on_sqlite
def test_a_new_password_ends_other_sessions(maria) -> None:
    log_in(maria)
    page = maria.get("/account").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    maria.csrf = token[1]
    old = maria.client.cookies[SESSION_COOKIE]
    assert maria.post("/account/password", {"old": "not this one", "new": PASSWORD}).status_code == 403
    assert maria.post("/account/password", {"old": PASSWORD, "new": "short"}).status_code == 422
    assert maria.post("/account/password", {"old": PASSWORD, "new": "another password"}).status_code == 303
    assert maria.get("/account").status_code == 200
    maria.client.cookies.set(SESSION_COOKIE, old)
    assert maria.get("/account").status_code == 303


@on_sqlite
def test_a_code_counts_once(maria) -> None:
    secret = pyotp.random_base32()
    with maria.desk.store.write() as db:
        change_person(db, "maria", totp_secret=secret)
    code = pyotp.TOTP(secret).at(int(maria.desk.now.timestamp()))
    assert log_in(maria).status_code == 401
    assert log_in(maria, code="000000").status_code == 401
    assert log_in(maria, code=code).status_code == 303
    assert log_in(maria, code=code).status_code == 401
    assert totp_step(secret, code, maria.desk.now + timedelta(minutes=2), 0) is None


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/queues?view=mine", "/queues?view=mine"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("/a\\b", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
        ("/" + "a" * 2000, "/"),
    ],
)
def test_no_redirect_leaves_the_console(address, safe) -> None:
    assert own_path(address) == safe


@on_sqlite
def test_the_first_administrator_is_made_once(web) -> None:
    password = make_first_admin(web.desk.store)
    assert make_first_admin(web.desk.store) == ""
    with web.desk.store.read() as db:
        (admin,) = people(db)
    assert admin.role == "admin"
    assert log_in(web, login="admin", password=password).status_code == 303


def test_password_check_survives_a_damaged_hash(password_hash) -> None:
    assert is_password(PASSWORD, password_hash)
    assert not is_password(PASSWORD, "no hash")
    assert not is_password(PASSWORD, None)
