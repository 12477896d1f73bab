"""A person at the keyboard, in Chromium: login, review, ticket, reply, lists; no script of a mail runs; axe.

Needs Chromium (`chromium` of Debian, or Playwright's own). Without one the tests are skipped and say so;
with `RAZBOR_TEST_STRICT=1` they fail.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from console.passwords import hash_password
from models.store.people import add_person
from tests.conftest import free_port, missing_server
from tests.console.conftest import Web, on_sqlite
from tests.console.test_ticket import HOSTILE

PASSWORD = "correct horse battery"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        missing_server("Chromium", "install Debian's `chromium`")
        return
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=binary, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def served(web: Web) -> Iterator[str]:
    """The console on a port of its own, with one operator and mails of every sort."""
    for words in HOSTILE:
        web.desk.mail(f"unsure {words}", subject=words.replace("\u202e", ""))
    web.desk.mail("Поставка 2000061286750, склад принял 12 коробок вместо 14.", subject="Недостача")
    web.desk.read()
    web.desk.work()
    with web.desk.store.write() as db:
        add_person(db, "maria", password_hash=hash_password(PASSWORD), role="lead", language="ru")
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(web.app, port=port, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.fill("#login", "maria")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")


def no_serious_fault(page: Page, what: str) -> None:
    found = Axe().run(page).response["violations"]
    serious = [fault for fault in found if fault["impact"] in {"serious", "critical"}]
    told = [(fault["id"], [node["html"][:120] for node in fault["nodes"][:3]]) for fault in serious]
    assert told == [], what


@on_sqlite
def test_a_day_at_the_keyboard(browser: Browser, served: str, web: Web) -> None:
    page = browser.new_page(locale="ru-RU")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    log_in(page, served)
    assert page.locator("[data-card]").count() == 3
    subject = page.locator("[data-card]:visible h2").inner_text()
    page.keyboard.press("Enter")
    assert page.locator("[data-card]:visible h2").inner_text() != subject, "the next mail is there at once"
    expect(page.locator("[data-card]")).to_have_count(3)
    page.keyboard.press("u")
    expect(page.locator("[data-card]:visible h2")).to_have_text(subject)
    for left in range(len(HOSTILE) - 1, -1, -1):
        page.keyboard.press("2" if left % 2 else "s")
        expect(page.locator(".progress")).to_contain_text(f"осталось {left}")
    expect(page.locator("[data-empty]")).to_be_visible()

    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/queues")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/*")
    page.keyboard.press("r")
    page.keyboard.type("Нашли две коробки.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".toast")
    assert web.desk.outbox()[-1].text == "Нашли две коробки.\n"
    page.keyboard.press("Escape")  # out of the text, so that a letter is a key again
    page.keyboard.press("a")
    page.wait_for_selector("text=Назначено 1 обращение")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    assert faults == []
    page.close()


@on_sqlite
def test_no_script_of_a_mail_runs_and_axe_is_content(browser: Browser, served: str, web: Web) -> None:
    for theme in ("light", "dark"):
        context = browser.new_context(color_scheme=theme, locale="ru-RU")
        page = context.new_page()
        refused: list[str] = []
        page.on("dialog", lambda dialog, told=refused: told.append(dialog.message))
        log_in(page, served)
        tickets = [f"/tickets/{row.id}" for row in web.desk.tickets()]
        looked_at = [
            "/review",
            "/queues",
            tickets[-1],
            "/outbox",
            "/quarantine",
            "/search?q=коробок",
            "/account",
        ]
        for address in looked_at:
            page.goto(served + address)
            no_serious_fault(page, f"{address} {theme}")
        for address in tickets if theme == "light" else []:
            page.goto(served + address)
            assert "pwned" not in page.title()
            assert page.locator(".letter script, .letter img, .letter svg, .letter a").count() == 0
        assert refused == []
        context.close()
