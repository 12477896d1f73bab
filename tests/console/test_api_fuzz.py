"""Spoilt requests to the JSON API: refused in its own words, never a fault, nothing without a token."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from console.api import API_PATH
from tests.console.conftest import Web, on_sqlite
from tests.fuzz.api import add_tokens, ask_all, check_answer
from tests.fuzz.api_words import Ask
from tests.fuzz.campaign import FindingError


@on_sqlite
def test_spoilt_requests_are_refused_in_the_words_of_the_table(web: Web) -> None:
    for shop in range(2):
        web.desk.mail(sender=f"s{shop}@shop.example", subject=f"shop {shop}")
    web.desk.read()
    web.desk.work()
    open_web = Web(web.desk, api_requests_per_minute=0)
    seen: Counter[str] = Counter()
    asyncio.run(ask_all(open_web.app, add_tokens(web.desk), random.Random("suite"), seen, 90))
    assert seen["2xx"] > 5, seen
    assert seen["4xx"] > 40, seen


@on_sqlite
@pytest.mark.parametrize(
    ("made", "status", "kind", "body", "words"),
    [
        (Ask("GET", f"{API_PATH}/status"), 500, b"application/problem+json", b"{}", "status 500"),
        (Ask("GET", f"{API_PATH}/status"), 200, b"application/json", b"{}", "without a token"),
        (Ask("GET", f"{API_PATH}/status"), 401, b"text/html", b"<p>", "without JSON"),
        (Ask("GET", f"{API_PATH}/status"), 401, b"application/json", b"{}", "no problem of the table"),
    ],
)
def test_the_checks_can_fail(web: Web, made: Ask, status: int, kind: bytes, body: bytes, words: str) -> None:
    known: Any = add_tokens(web.desk)
    with pytest.raises(FindingError, match=words):
        check_answer(known, made, status, {b"content-type": kind}, body)
