"""Signals that a letter poses as the marketplace: look-alikes, demands for codes (rules R16, R55, R56).

In goes a read `Mail`, out come the signals that fired with their points. The classifier
decides what is spam; these signals stop what must not be answered even when it is unsure.
Only the sender and the new words count: a seller who forwards a phishing letter and asks
about it quotes its words, but does not write from its domain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from models.records import Mail

LOOKALIKE: Final = "lookalike_sender"
_LABELS: Final = re.compile(r"[.\-_]")
_HOST: Final = re.compile(r"(?:h(?:tt|xx)ps?://|www\.)?([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PhishingSignals:
    """Which signals fired, in a fixed order."""

    names: tuple[str, ...] = ()
    points: int = 0

    @property
    def strong(self) -> bool:
        """True when the mail poses as somebody and wants something: it goes to quarantine."""
        poses = {LOOKALIKE, "posing_name", "lookalike_link"} & set(self.names)
        return bool(poses) and self.points >= int(read_table("phishing.toml")["points"]["quarantine_at"])

    @property
    def suspicious(self) -> bool:
        """True when no automatic reply may go out (rule A15)."""
        return self.strong or LOOKALIKE in self.names


def phishing_signals(mail: Mail) -> PhishingSignals:
    """Look at the sender, the links and the new words of `mail`."""
    points: dict[str, int] = read_table("phishing.toml")["points"]
    words = fold(f"{mail.subject}\n{mail.text}")
    fired = {
        LOOKALIKE: is_lookalike(_domain(mail.from_.address)),
        "lookalike_link": any(is_lookalike(host) for host in _linked_hosts(mail)),
        "posing_name": _poses(mail),
        "asks_for_secret": _words("asks_for_secret").occurs(words),
        "threat": _words("threat").occurs(words),
        "messenger": _words("messenger").occurs(words),
    }
    names = tuple(name for name, yes in fired.items() if yes)
    return PhishingSignals(names, sum(points[name] for name in names))


def is_lookalike(domain: str) -> bool:
    """Tell whether a domain dresses up as a marketplace without being one of its own."""
    table = read_table("phishing.toml")
    domain = domain.casefold().strip(".")
    if not domain or any(domain == own or domain.endswith("." + own) for own in table["official_domains"]):
        return False
    labels = set(_LABELS.split(domain))
    if labels & set(table["lookalikes"]):
        return True
    if any(label.startswith("xn--") for label in domain.split(".")):
        return any(brand[:4] in domain for brand in table["brands"]) or _has_brand_homoglyph(domain)
    if labels & set(table["brands"]):
        return bool(labels & set(table["brand_companions"]))
    return "wb" in labels and bool(labels & set(table["wb_companions"]))


def _has_brand_homoglyph(domain: str) -> bool:
    """Decode punycode and fold the Cyrillic letters that look Latin (оzon with a Cyrillic о)."""
    try:
        shown = domain.encode("ascii").decode("idna")
    except (UnicodeError, ValueError):
        return True
    folded = shown.translate(str.maketrans("аеорсухікмтвн", "aeopcyxikmtbh"))
    return any(brand in folded for brand in read_table("phishing.toml")["brands"])


def _poses(mail: Mail) -> bool:
    domain = _domain(mail.from_.address)
    official = read_table("phishing.toml")["official_domains"]
    if any(domain == own or domain.endswith("." + own) for own in official):
        return False
    return _words("posing_name").occurs(fold(mail.from_.name))


def _linked_hosts(mail: Mail) -> list[str]:
    found = [finding.value or finding.text for finding in mail.findings if finding.type == "link"]
    hosts = [match.group(1) for link in found[:50] if (match := _HOST.match(link.strip()))]
    return [host for host in hosts if "." in host]


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()


@cache
def _words(name: str) -> WordList:
    return word_list(read_table("phishing.toml")[name]["words"])
