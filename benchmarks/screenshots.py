"""Pictures of the console for the README: `python -m benchmarks screenshots`.

A small desk is filled from the bundled corpus (synthetic), served on a port of its own and looked
at in Chromium (`chromium` on PATH); the pictures go to `docs/screenshots/`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select, text

from benchmarks.console import CSRF, application
from benchmarks.filling import fill
from benchmarks.review_keys import served
from console.guard import SESSION_COOKIE
from models.store import Store, open_store
from models.store.migrate import migrate
from models.store.schema import MESSAGE, TICKET

FOLDER: Final = Path(__file__).parent.parent / "docs" / "screenshots"
TICKETS: Final = 2_000
SIZE: Final[Any] = {"width": 1200, "height": 720}
ARGUMENTS: Final = ("--headless", "--no-sandbox", "--disable-gpu")


def run(_rounds: int) -> Iterator[dict[str, Any]]:
    """Take the pictures; a row per file with its size."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with small_desk() as (store, address), chromium() as browser:
        number = _telling_ticket(store)
        for name, path, theme in (
            ("review", "/review", "light"),
            ("queue", "/queues", "light"),
            ("ticket", f"/tickets/{number}", "dark"),
        ):
            page = visit(browser, address, path, theme)
            file = FOLDER / f"{name}.png"
            page.screenshot(path=file)
            page.context.close()
            yield {"case": name, "kilobytes": round(file.stat().st_size / 1024)}


@contextmanager
def small_desk(language: str = "en") -> Iterator[tuple[Store, str]]:
    """Fill a desk and serve its console; gives the store and the address."""
    with tempfile.TemporaryDirectory(prefix="razbor-shots-") as folder:
        store = open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")
        migrate(store)
        fill(store, TICKETS)
        with store.write() as db:  # more for review than a desk of this size would have
            db.execute(text("UPDATE ticket SET in_review = TRUE WHERE status = 'new' AND id % 4 = 0"))
        try:
            with served(application(store, language=language)) as address:
                yield store, address
        finally:
            store.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; raises RuntimeError where there is none."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        msg = "no Chromium on PATH: install Debian's `chromium`"
        raise RuntimeError(msg)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(ARGUMENTS))
        yield browser
        browser.close()


def visit(browser: Browser, address: str, path: str, theme: Any, size: Any = SIZE) -> Page:
    """Open a page of the console as the person who is logged in."""
    context = browser.new_context(viewport=size, color_scheme=theme, locale="en-GB")
    context.add_cookies([{"name": SESSION_COOKIE, "value": CSRF, "url": address}])
    page = context.new_page()
    page.goto(address + path)
    page.wait_for_selector("main")
    return page


def _telling_ticket(store: Store) -> int:
    """Return an open ticket of several mails with facts and missing data."""
    with store.read() as db:
        found = db.scalar(
            select(TICKET.c.id)
            .join(MESSAGE, MESSAGE.c.ticket_id == TICKET.c.id)
            .where(TICKET.c.status == "in_progress", TICKET.c.language == "en")
            .order_by(TICKET.c.score.desc(), MESSAGE.c.raw_id.desc())
            .limit(1)
        )
    return int(found or 0)
