"""Abuse of the console and the API by somebody who means it: what is planted, guessed, smuggled or blown up.

What stands elsewhere: every route with every role (`test_access`), every API route with every scope
(`test_api`), forms of other sites and a new token at login (`test_access`), hostile mails through SMTP in a
browser (`test_browser`), endless bodies (`test_settings`, `test_api`), files that bomb their reader
(`test_files`, `tests/intake/test_file_dangers.py`), headers of outgoing mail (`tests/workers`).
"""

from __future__ import annotations

import io
import re
import time
import zlib
from pathlib import Path

import pytest

from console.guard import SESSION_COOKIE
from models.store.schema import ATTACHMENT, AUDIT, CONSOLE_SESSION, PERSON
from tests.console.conftest import ORIGIN, on_sqlite
from tests.console.test_api import API_PATH, Program
from tests.console.test_files import letter_with_files

PATHS = (
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2f..%2fpyproject.toml",
    "/static/....//app.py",
    "/static//etc/passwd",
    "/static/%00",
    "/static/look.css%00.html",
    "/tickets/../settings/people",
    "/tickets/%2e%2e%2fsettings",
    "/tickets/1;/../../audit",
    "/tickets/-1",
    "/tickets/9" + "9" * 40,
    "/tickets/0x10",
    "/tickets/1e3",
    "/tickets/１２３",
    "/files/-1",
    "/files/9" + "9" * 40,
    "/mails/0/letter",
    "/settings/policies/..%2fx/restore",
    "/settings/topics/..%2f..%2fetc%2fpasswd",
    "/models/..%2f..%2frazbor.db/report",
    "//evil.example/",
    "/\\evil.example",
    "/login?to=//evil.example",
    "/?" + "a=1&" * 5000,
    "/queues?topic=%27%20OR%201=1--&sort=;drop&after=%00&after_number=1",
    "/search?q=" + "%F0%9F%92%A3" * 300,
    "/search?q=%22%20OR%20words:*%20NEAR(%20",
)


@on_sqlite
@pytest.mark.parametrize("path", PATHS)
def test_paths_and_queries_lead_nowhere(web, path) -> None:
    web.enter("operator")
    answer = web.client.get(path)
    assert answer.status_code in {200, 303, 307, 403, 404, 405, 409, 422}, answer.text[:200]
    assert "evil.example" not in answer.headers.get("location", "")
    assert "root:" not in answer.text
    assert "[project]" not in answer.text
    assert "Traceback" not in answer.text


@on_sqlite
def test_a_planted_session_is_nobodys(web) -> None:
    """Session fixation: what a stranger put into a browser opens nothing, before the login and after."""
    planted = "a" * 43
    web.client.cookies.set(SESSION_COOKIE, planted)
    assert web.get("/queues").status_code == 303
    web.enter("operator")
    mine = web.client.cookies[SESSION_COOKIE]
    assert mine != planted
    web.client.cookies.set(SESSION_COOKIE, planted)
    assert web.get("/queues").status_code == 303
    hashes = [row.token_hash for row in web.desk.rows(CONSOLE_SESSION)]
    web.client.cookies.set(SESSION_COOKIE, hashes[0])
    assert web.get("/queues").status_code == 303, "what the database holds opens nothing"


@on_sqlite
def test_a_form_gives_nobody_more_than_it_offers(web) -> None:
    """Fields that the form does not have, methods and hosts that somebody makes up."""
    web.enter("operator", login="wei")
    web.post("/account", {"language": "en", "role": "admin", "login": "root", "active": "0", "theme": ""})
    person = next(row for row in web.desk.rows(PERSON) if row.login == "wei")
    assert (person.role, bool(person.active)) == ("operator", True)
    for header in ("X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-User"):
        assert web.get("/settings/people", **{header: "/queues"}).status_code == 403, header
    for method in ("TRACE", "CONNECT", "PUT", "DELETE", "PATCH"):
        assert web.client.request(method, "/settings/people").status_code in {403, 405}, method
    told = web.client.get("/tickets/1", headers={"Host": "evil.example"})
    assert "evil.example" not in told.text
    sent = web.client.post("/account", data={"csrf": web.csrf}, headers={"Origin": "https://evil.example"})
    assert sent.status_code == 403
    assert web.client.post("/account", data={"csrf": web.csrf}).status_code == 403, "no origin at all"
    texts = {"csrf": web.csrf, "language": "en"}
    plain = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}
    assert web.client.post("/account", data=texts, headers=plain).status_code == 403


@on_sqlite
def test_numbers_of_tickets_cannot_be_told_apart(web) -> None:
    """Enumeration: what belongs to another seller answers exactly as what does not exist."""
    web.desk.mail(raw=letter_with_files(), sender="other@shop.example")
    web.desk.read()
    number, raw_id = int(web.desk.tickets()[0].id), int(web.desk.states()[0].raw_id)
    portal = Program(web, "portal", ("read:tickets", "read:messages", "read:facts"), seller_id="318742")
    for path, there, nowhere in (
        ("/tickets/{}", number, number + 999),
        ("/tickets/{}/facts", number, number + 999),
        ("/messages/{}", raw_id, raw_id + 999),
    ):
        answers = [portal.get(path.format(one)) for one in (there, nowhere)]
        assert [answer.status_code for answer in answers] == [404, 404]
        told = [
            re.sub(rf"\b{one}\b", "N", answer.text)
            for answer, one in zip(answers, (there, nowhere), strict=True)
        ]
        assert told[0] == told[1], path
    assert portal.get(f"/tickets?after={number}").status_code in {200, 400, 422}
    attachment = web.desk.rows(ATTACHMENT)[0].id
    assert web.client.get(f"/files/{attachment}").status_code == 303, "a stranger is asked to log in"
    assert web.client.get(f"/files/{attachment + 999}").status_code == 303, "and not told what there is"


@on_sqlite
def test_tokens_and_sessions_open_only_their_own_door(web) -> None:
    web.desk.mail()
    web.desk.read()
    number = int(web.desk.tickets()[0].id)
    program = Program(web, "reader", ("read:tickets",))
    bearer = {"Authorization": f"Bearer {program.token}"}
    for page in ("/queues", f"/tickets/{number}", "/settings/people"):
        assert web.client.get(page, headers=bearer).status_code == 303, "a token is no login"
    web.enter("admin")
    assert web.get(f"{API_PATH}/tickets").status_code == 401, "a session is no token"
    for way in (
        f"{API_PATH}/tickets?access_token={program.token}",
        f"{API_PATH}/tickets?token={program.token}",
    ):
        assert web.get(way).status_code in {401, 422}
    for value in (
        program.token,
        f"Basic {program.token}",
        f"Bearer {program.token}x",
        f"Bearer {program.token[:-1]}",
        f"Bearer  {program.token.upper()}",
        "Bearer " + "x" * 5000,
        "Bearer %00",
        "Bearer",
    ):
        answer = web.client.get(f"{API_PATH}/tickets", headers={"Authorization": value})
        assert answer.status_code == 401, value[:30]
    for body in ({"status": "closed"}, {"assignee": "root"}):
        path = f"/tickets/{number}/{'status' if 'status' in body else 'assignee'}"
        assert program.ask("POST", path, body).status_code in {403, 405}, "a reader changes nothing"
    assert not [row for row in web.desk.rows(AUDIT) if row.actor == program.actor]


@on_sqlite
def test_bombs_are_refused_or_cost_little(web) -> None:
    """Deep JSON, thousands of parts and fields, a body that claims to be compressed, a long header."""
    web.enter("admin")
    program = Program(web, "writer", ("read:tickets", "write:labels"))
    json_of = {"Authorization": f"Bearer {program.token}", "Content-Type": "application/json"}
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted anew; proc(5)
    began, held_kb = time.process_time(), memory_kb("VmRSS")
    for body in (b"[" * 100_000, b'{"ticket":' * 50_000, b'{"ticket": 1e99999, "topic": "other"}'):
        answer = web.client.post(f"{API_PATH}/labels", content=body, headers=json_of)
        assert answer.status_code in {400, 413, 422}, answer.text[:200]
    squeezed = zlib.compress(b"x" * 10_000_000)
    answer = web.client.post(
        f"{API_PATH}/labels", content=squeezed, headers=json_of | {"Content-Encoding": "gzip"}
    )
    assert answer.status_code in {400, 415, 422}
    fields = "&".join(f"a{at}=1" for at in range(20_000)).encode()
    form = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    assert web.client.post("/account", content=fields, headers=form).status_code in {400, 403, 413}
    parts = [("file", (f"{at}.csv", io.BytesIO(b"x"), "text/csv")) for at in range(1_100)]
    sent = web.client.post(
        "/settings/sellers/import", data={"csrf": web.csrf}, files=parts, headers={"Origin": ORIGIN}
    )
    assert sent.status_code in {400, 403, 413, 422}
    name = {"csrf": web.csrf, "name": "x" * 100_000, "query": "view=open"}
    assert web.client.post("/views", data=name, headers={"Origin": ORIGIN}).status_code in {409, 422}
    assert time.process_time() - began < 5
    assert memory_kb("VmHWM") - held_kb < 150_000, "with the 140 MB of a console under 300"


def memory_kb(name: str) -> int:
    """Return a size of this process as /proc tells it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{name}:")[2].split()[0])
