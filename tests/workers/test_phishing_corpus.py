"""The signals over the synthetic corpus: what docs/quality.md says of them, and no honest seller named."""

from __future__ import annotations

import json
import re
from collections import Counter
from email.utils import parseaddr
from pathlib import Path

import pytest

from intake.quotes import split_quotes
from models.records import Address, Finding, Mail
from models.topics import SPAM
from workers.phishing import phishing_signals

CORPUS = Path(__file__).resolve().parents[2] / "classifier" / "corpus"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"
SIGNALS = (
    "lookalike_sender",
    "posing_name",
    "lookalike_link",
    "hidden_link",
    "other_name",
    "mixed_script",
    "messenger",
    "asks_for_secret",
    "threat",
    "strong",
)


@pytest.fixture(scope="module")
def counts() -> dict[str, Counter[str]]:
    """How often each signal fires, for spam and for the thirteen topics of sellers."""
    found: dict[str, Counter[str]] = {"spam": Counter(), "sellers": Counter()}
    for part in ("train", "dev"):
        for line in (CORPUS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            kind = "spam" if row["topic"] == SPAM else "sellers"
            signals = phishing_signals(_mail(row))
            found[kind].update(["mails", *signals.names, *(["strong"] if signals.strong else [])])
    return found


def _mail(row: dict[str, str]) -> Mail:
    name, address = parseaddr(row["from"])
    text = split_quotes(row["body"]).new
    return Mail(from_=Address(name, address), subject=row["subject"], text=text, findings=_links(text))


def _links(text: str) -> tuple[Finding, ...]:
    """Read the links alone: the rest of the extraction says nothing about signals and takes its time."""
    return tuple(
        Finding(type="link", text=link, value=link, where="body", start=0, end=0)
        for link in re.findall(r"(?:https?://|hxxps?://|www\.)?[\w.-]+\.[a-z]{2,12}/\S+|https?://\S+", text)
    )


def test_no_seller_poses(counts: dict[str, Counter[str]]) -> None:
    sellers = counts["sellers"]
    for signal in ("lookalike_sender", "posing_name", "hidden_link", "other_name", "mixed_script", "strong"):
        assert sellers[signal] == 0, signal


def test_the_page_says_what_is_counted(counts: dict[str, Counter[str]]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for signal in SIGNALS:
        row = f"| {signal.replace('_', ' ')} | {counts['spam'][signal]} | {counts['sellers'][signal]} |"
        assert row in page, row
    assert f"{counts['spam']['mails']} mails of spam and {counts['sellers']['mails']} of sellers" in page
