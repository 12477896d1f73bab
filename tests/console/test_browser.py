"""A person at the keyboard, in Chromium: login, review, ticket, reply, lists; no script of a mail runs; axe.

Needs Chromium (`chromium` of Debian, or Playwright's own). Without one the tests are skipped and say so;
with `RAZBOR_TEST_STRICT=1` they fail.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from console.guard import SESSION_COOKIE
from console.passwords import hash_password
from models.raw_store import RawStore
from models.store.people import add_person, change_person
from models.store.reply_templates import seed_reply_templates
from models.store.schema import ATTACHMENT
from tests.conftest import free_port, missing_server
from tests.console.conftest import Web, on_sqlite
from tests.console.hostile_mails import hostile_mails, through_smtp
from tests.console.test_files import HOSTILE_HTML, letter_with_files
from tests.console.test_ticket import HOSTILE
from workers import retraining
from workers.training_orders import ordered_retrain

pytestmark = pytest.mark.timeout(300)  # seconds alone; minutes where twenty others want the machine

Theme = Literal["light", "dark"]
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
def served(web: Web, raw_store: RawStore) -> Iterator[str]:
    """The console on a port of its own, with one operator and mails of every sort."""
    through_smtp(raw_store, *hostile_mails())
    web.desk.read()
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


FAULTS_ONLY = {"resultTypes": ["violations"]}  # axe need not describe each node that is right
OF_COLOURS = FAULTS_ONLY | {"runOnly": ["color-contrast", "link-in-text-block"]}


def no_serious_fault(page: Page, what: str, options: dict[str, list[str]] = FAULTS_ONLY) -> None:
    found = Axe().run(page, options=options).response["violations"]
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
    for left in range(len(HOSTILE), -1, -1):
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
            # The pages are the same in the dark but for their colours.
            no_serious_fault(page, f"{address} {theme}", OF_COLOURS if theme == "dark" else FAULTS_ONLY)
        for address in tickets if theme == "light" else []:
            page.goto(served + address)
            assert "pwned" not in page.title()
            shown = ".letter script, .letter img, .letter svg, .letter p a, .letter object, .letter iframe"
            assert page.locator(shown).count() == 0
        assert refused == []
        context.close()


OVERSIGHT = (
    "/dashboard?days=7",
    "/models",
    "/models/{model}",
    "/audit",
    "/settings/mailboxes",
    "/settings/topics",
    "/settings/templates",
    "/settings/templates/edit?topic=&name=solved",
    "/settings/keeping",
    "/settings/time",
    "/settings/sellers",
    "/settings/people",
    "/settings/tokens",
)
OTHERS = (
    "/review",
    "/queues",
    "/queues?view=all&language=zh&sort=newest",
    "/tickets/{ticket}",
    "/search?q=shop",
    "/held",
    "/quarantine",
    "/outbox",
    "/settings/topics/logistics_acceptance",
    "/settings/webhooks",
    "/account",
    "/tickets/1",
    "/mails/1",
)


@on_sqlite
def test_oversight_by_keyboard_on_a_telephone_and_in_the_dark(
    browser: Browser, served: str, web: Web, school: object
) -> None:
    """Every page of oversight once, by turns wide and light, or narrow and dark: axe, no sideways scroll."""
    assert school
    model = retraining.retrain(web.desk.store, target=0.98).model
    looks: tuple[tuple[Theme, int, str], ...] = (("light", 1280, "en"), ("dark", 360, "zh"))
    for at, (theme, width, language) in enumerate(looks):
        token = web.enter("admin", login=f"admin-{language}", language=language)
        context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800})
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": served}])
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error, told=faults: told.append(str(error)))
        page.on("console", lambda said, told=faults: told.append(said.text) if said.type == "error" else None)
        for address in OVERSIGHT[at::2]:
            page.goto(served + address.format(model=model))
            no_serious_fault(page, f"{address} {theme}")
            sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert sideways <= 0, f"{address} scrolls sideways at {width}"
        if theme == "light":
            oversee_by_keyboard(page, served, web, model)
        assert faults == []
        context.close()


def oversee_by_keyboard(page: Page, address: str, web: Web, model: str) -> None:
    page.goto(f"{address}/queues")
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/dashboard")
    page.locator(".numbers summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".numbers table").first).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/models")
    page.get_by_role("button", name="Train now").press("Enter")
    expect(page.locator("#training")).to_contain_text("Waits for a worker")
    assert ordered_retrain(web.desk.service).startswith("unchanged")
    expect(page.locator("#training")).to_contain_text("Nothing new to learn", timeout=15_000)
    page.goto(f"{address}/models/{model}")
    expect(page.frame_locator("iframe.report").locator("h1")).to_contain_text(model)
    page.goto(f"{address}/settings/templates/edit?topic=&name=solved")
    page.fill("#text-en", "About {order} and {nothing}")
    expect(page.locator("#preview-en")).to_contain_text("About 01874512-0033-1")
    expect(page.locator("#preview-en")).to_contain_text("No variable is called")
    assert page.url.endswith("name=solved"), "a preview is no place to go back to"


LANGUAGES = {"ru": "Взять и сообщить", "en": "Take it and say", "zh": "接手并告知处理中"}


@on_sqlite
def test_files_letters_templates_and_macros_by_keyboard(
    browser: Browser, served: str, web: Web, raw_store: RawStore
) -> None:
    """What is opened of a hostile mail does nothing; what is pressed does what it says."""
    through_smtp(raw_store, letter_with_files("browser", "".join(HOSTILE_HTML)))
    web.desk.read()
    with web.desk.store.write() as db:
        seed_reply_templates(db, web.desk.now)
    number = web.desk.tickets()[-1].id
    table = next(row.id for row in web.desk.rows(ATTACHMENT) if row.name.endswith(".csv"))
    page = browser.new_page(locale="ru-RU")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog: {dialog.message}"))
    log_in(page, served)
    for language, said in LANGUAGES.items():
        with web.desk.store.write() as db:
            change_person(db, "maria", language=language)
        page.goto(f"{served}/tickets/{number}")
        page.keyboard.press("t")
        page.wait_for_selector("[data-picker]")
        expect(page.locator("[data-macro='1']")).to_contain_text(said)
        no_serious_fault(page, f"templates {language}")
    page.locator("[data-fill]").first.click()
    assert "2000061286750" in page.locator("#reply").input_value(), "the ticket's own number is filled in"
    page.locator("[data-preview-of]").click()
    expect(page.locator("[data-preview]")).to_be_visible()
    page.locator("[data-letter] summary").first.click()
    frame = page.frame_locator("[data-letter] iframe")
    expect(frame.locator("b").first).to_have_text("2000061286750")
    assert frame.locator("script, img, svg, iframe, form, link, style, object").count() == 0
    assert "pwned" not in page.title()
    for address in (f"/files/{table}", f"/files/{table + 1}"):
        page.goto(served + address)
        no_serious_fault(page, address)
    assert page.evaluate("document.querySelector('.picture img').naturalWidth") == 4
    page.goto(f"{served}/tickets/{number}")
    page.keyboard.press("m")
    page.wait_for_selector("[data-picker]")
    page.keyboard.press("2")
    page.wait_for_selector(".toast")
    assert web.desk.tickets()[-1].status == "waiting_seller"
    assert [url for url in asked if not url.startswith(served)] == [], "nothing from elsewhere, no dialog"
    page.close()


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", ["ru", "en", "zh"])
@on_sqlite
def test_every_page(browser: Browser, served: str, web: Web, school: object, language: str) -> None:
    """Every page in both themes, wide and narrow: axe, no sideways scroll, no error of a script."""
    assert school
    model = retraining.retrain(web.desk.store, target=0.98).model
    with web.desk.store.write() as db:
        seed_reply_templates(db, web.desk.now)
    token, ticket = web.enter("admin", language=language), web.desk.tickets()[-1].id
    looks: tuple[tuple[Theme, int], ...] = (("light", 1280), ("light", 360), ("dark", 1280), ("dark", 360))
    for theme, width in looks:
        context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800})
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": served}])
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error, told=faults: told.append(str(error)))
        for address in (*OVERSIGHT, *OTHERS):
            page.goto(served + address.format(model=model, ticket=ticket))
            what = f"{address} {theme} {width} {language}"
            no_serious_fault(page, what)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, what
        assert faults == []
        context.close()
