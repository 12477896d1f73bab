"""Addresses in a text: what they point to, and which digits inside them are no identifier of the case.

A link to a product or seller page names its object (`data/marketplaces.toml`); everything else in a link,
an e-mail address or an IP address is taken out of the competition.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from intake.extraction.lexicon import load_toml
from intake.extraction.numerals import IP_ADDRESS
from intake.extraction.regions import Region

_URL: Final = re.compile(
    r"(?:https?|hxxps?)://[^\s<>\"')\]，。；、]{3,2000}"
    r"|(?<![a-z0-9@./-])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}/[^\s<>\"')\]，。；、]{1,2000}"
)
_MAIL: Final = re.compile(r"[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}")
_IP: Final = re.compile(
    r"[0-9](?<![0-9.].)[0-9]{0,2}\.(?:[0-9]{1,3}\.){2}[0-9]{1,3}(?:/[0-9]{1,2})?(?![0-9.])"
)
_SLASH: Final = re.compile(r"[:.](?:(?<=:)//|[a-z]{2,12}/)")
_HOST: Final = re.compile(r"(?:[a-z]{4,5}://)?(?P<host>[^/?#:\s]{1,253})")


class Link(NamedTuple):
    """An address in a text; `kind` is "" when it names no object, then `id_start` equals `id_end`."""

    start: int
    end: int
    host: str
    id_start: int
    id_end: int
    kind: str = ""
    subtype: str = ""


@cache
def _objects() -> list[tuple[str, re.Pattern[str], str, str]]:
    rows = load_toml("marketplaces.toml")["link"]
    return [(row["host"], re.compile(row["path"]), row["type"], row["subtype"]) for row in rows]


def find_links(region: Region) -> list[Link]:
    """Return the web addresses of a region with the object that they name."""
    links: list[Link] = []
    if "/" not in region.lower or _SLASH.search(region.lower) is None:
        return links
    for match in _URL.finditer(region.lower):
        found = _HOST.match(match[0])
        host = found["host"] if found else ""
        end = match.start() + len(match[0].rstrip(".,;:!?"))
        link = Link(match.start(), end, host, end, end)
        for suffix, path, kind, subtype in _objects():
            inner = path.search(region.lower, match.start(), end) if suffix in host else None
            if inner is not None:
                link = Link(match.start(), end, host, inner.start("id"), inner.end("id"), kind, subtype)
                break
        links.append(link)
    return links


def find_blocked(region: Region) -> list[tuple[int, int]]:
    """Return the spans of e-mail and IP addresses."""
    found = []
    if "@" in region.lower:
        found += [match.span() for match in _MAIL.finditer(region.lower)]
    if region.digits & IP_ADDRESS:
        found += [match.span() for match in _IP.finditer(region.lower)]
    return found
