"""Domains and words that are dressed up as a marketplace (rules R55, R56).

A domain or a word goes in, a yes or no comes out. A name is compared by its skeleton: what the
eye sees when Cyrillic, Greek and accented letters, digits and "rn" stand for Latin letters
(the idea of Unicode UTS 39; the table here holds only what the brands can be written with).
Punycode is decoded first. The official domains, brands and companions are data
(`phishing.toml`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any, Final

from workers.word_lists import read_table

MAX_DOMAIN_CHARS: Final = 253
_PARTS: Final = re.compile(r"[.\-_]")
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")
_LATIN: Final = re.compile(r"[a-zA-Z]")


def skeleton(text: str) -> str:
    """Return what a text looks like, in lower-case Latin letters as far as it can be."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return plain.casefold().translate(_seen_as()).replace("rn", "m").replace("vv", "w")


def is_official(domain: str) -> bool:
    """Tell whether a domain is a marketplace's own or below one."""
    domain = domain.casefold().strip(".")
    return any(domain == own or domain.endswith(f".{own}") for own in _table()["official_domains"])


def is_lookalike(domain: str) -> bool:
    """Tell whether a domain dresses up as a marketplace without being one of its own."""
    return _is_lookalike(domain.casefold().strip(".")[:MAX_DOMAIN_CHARS])


@lru_cache(maxsize=4096)  # the same sellers write again and again
def _is_lookalike(domain: str) -> bool:
    if not domain or is_official(domain):
        return False
    table = _table()
    shown = shown_domain(domain)
    if any(f".{own}." in f".{shown}." for own in table["official_domains"]):
        return True  # ozon.ru.evil.example
    parts = [part for part in _PARTS.split(shown) if part]
    if any(is_disguised_brand(part) for part in parts) or set(parts) & set(table["lookalikes"]):
        return True
    companions = set(table["brand_companions"])
    for brand in table["brands"]:
        if brand in parts and companions & set(parts):
            return True
    if not _brand_compounds().isdisjoint(parts):
        return True  # ozonseller.example
    return "wb" in map(skeleton, parts) and bool(set(parts) & set(table["wb_companions"]))


def is_disguised_brand(word: str) -> bool:
    """Tell whether a word looks like a brand but is written with other signs, or with one slip of the pen."""
    word = word.casefold()
    brands = _brand_skeletons()
    if word in brands or not 3 <= len(word) <= 20:
        return False
    seen = skeleton(word)
    return any(
        seen == looks or (len(brand) > 8 and _one_slip(seen, looks)) for brand, looks in brands.items()
    )


def is_mixed_script(domain: str) -> bool:
    """Tell whether a part of a domain mixes Latin and Cyrillic letters, as no honest name does."""
    parts = _PARTS.split(shown_domain(domain.casefold()[:MAX_DOMAIN_CHARS]))
    return any(_LATIN.search(part) and _CYRILLIC.search(part) for part in parts)


def shown_domain(domain: str) -> str:
    """Decode the punycode labels of a domain; one that cannot be decoded is kept as it is."""
    return ".".join(_decoded(label) if label.startswith("xn--") else label for label in domain.split("."))


def _decoded(label: str) -> str:
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode").casefold()
    except (UnicodeError, ValueError, OverflowError):
        return label


def _one_slip(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter put in, left out, changed or swapped with its neighbour."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True  # one letter more at the end
    rest, other_rest = one[start:], other[start:]
    if rest[1:] == other_rest[1:] or rest[1:] == other_rest or rest == other_rest[1:]:
        return True
    return rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:]


@cache
def _seen_as() -> dict[int, str]:
    """Map every sign to the Latin letter that it is taken for."""
    return {ord(sign): letter for letter, signs in _table()["seen_as"].items() for sign in signs}


@cache
def _brand_skeletons() -> dict[str, str]:
    return {brand: skeleton(brand) for brand in _table()["brands"]}


@cache
def _brand_compounds() -> frozenset[str]:
    """Every brand with every companion written onto it, before or behind."""
    table = _table()
    pairs = [(brand, word) for brand in table["brands"] for word in table["brand_companions"]]
    return frozenset(made for brand, word in pairs for made in (brand + word, word + brand))


@cache
def _table() -> dict[str, Any]:
    return read_table("phishing.toml")
