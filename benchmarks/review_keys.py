"""How long a person waits for the next mail of review: from the key to the next frame, in Chromium.

In go the console's application over a filled store and a count; out come milliseconds, measured by the
page's own clock while `Enter` is pressed again and again. Nothing where no Chromium is installed.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from playwright.sync_api import Browser

PAUSE_S: Final = 1.0  # between two decisions: quicker than anybody reads
_WATCH: Final = """() => {
  const card = () => document.querySelector("[data-card]:not([hidden])")?.dataset.raw;
  window.waits = [];
  addEventListener("keydown", () => {
    const began = performance.now(), before = card();
    const look = () => {
      if (card() !== before) window.waits.push(performance.now() - began);
      else if (performance.now() - began < 5000) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, true);
}"""


def next_mail_ms(browser: Browser, app: Any, cookie: tuple[str, str], decisions: int) -> list[float]:
    """Press `Enter` (`1` where the opinion is hidden) on mail after mail; return the waits."""
    with served(app) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": address}])
        page = context.new_page()
        page.goto(f"{address}/review")
        page.evaluate(_WATCH)
        for _ in range(decisions):
            is_hidden = page.locator("[data-card]:visible .audit-note").count()
            page.keyboard.press("1" if is_hidden else "Enter")
            time.sleep(PAUSE_S)
        waits = list(page.evaluate("window.waits"))
        context.close()
    return [float(wait) for wait in waits]


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application on a port of its own; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
