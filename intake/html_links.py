"""Links whose text shows another address than they lead to (rule R56).

Links of a page, or markup that is not shown to the rest of Razbor, go in; out come pairs of
the host that the reader sees and the host that he gets to. A client shows the HTML part of a
mail even where its plain part is read here, so that part's links are looked at as well, with
one linear pattern and without a parser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from intake.file_types import by_name

MAX_MISMATCHES: Final = 20
MAX_LINKS_SCANNED: Final = 200
MAX_MARKUP_CHARS: Final = 500_000
_ANCHOR: Final = re.compile(r"<a\s([^<>]{1,4000})>", re.IGNORECASE)
_END: Final = re.compile(r"</a", re.IGNORECASE)
_TARGET: Final = re.compile(
    r"""href\s{0,5}=\s{0,5}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))""", re.IGNORECASE
)
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_MAX_LABEL_CHARS: Final = 2_000
_SHOWN_HOST: Final = re.compile(
    r"^\s{0,9}(?:https?://)?([\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[^\W\d_]{2,24})(?:[:/?#]\S{0,400})?\s{0,9}$"
)
_TARGET_HOST: Final = re.compile(r"^https?://(?:[^@/\s]{0,200}@)?([^/:?#\s]{1,250})", re.IGNORECASE)


# Mail gateways and web mail put their own address in front of every link and keep the old one inside.
_REWRITERS: Final = (
    "safelinks.protection.outlook.com",
    "urldefense.com",
    "urldefense.proofpoint.com",
    "protect.checkpoint.com",
    "linkprotect.cudasvc.com",
    "checklink.mail.ru",
    "click.mail.ru",
    "clck.yandex.ru",
    "google.com",
)


@dataclass(frozen=True, slots=True)
class LinkMismatch:
    """A link that shows one host and leads to another; `label` is its text as it stands in the mail."""

    label: str
    shown: str
    target: str

    @property
    def warning(self) -> str:
        """Say it in words for the operator."""
        return f"link: the text shows {self.shown[:80]}, the target is {self.target[:80]}"


def link_mismatches(links: Iterable[tuple[str, str]]) -> tuple[LinkMismatch, ...]:
    """Find the links (label, target) whose label is the address of another host; each pair of hosts once."""
    found: dict[tuple[str, str], LinkMismatch] = {}
    for label, target in links:
        mismatch = _mismatch(label, target)
        if mismatch is not None:
            found.setdefault((mismatch.shown, mismatch.target), mismatch)
        if len(found) >= MAX_MISMATCHES:
            break
    return tuple(found.values())


def scan_links(markup: str) -> list[tuple[str, str]]:
    """Return (label, target) of the anchors in markup, without parsing it; linear in time."""
    markup = markup[:MAX_MARKUP_CHARS]
    links: list[tuple[str, str]] = []
    for anchor in _ANCHOR.finditer(markup):
        target = _TARGET.search(anchor[1])
        if target is None:
            continue
        end = _END.search(markup, anchor.end(), anchor.end() + _MAX_LABEL_CHARS)
        label = markup[anchor.end() : end.start() if end else anchor.end()]
        shown = " ".join(html.unescape(_TAG.sub("", label)).split())
        links.append((shown, html.unescape(target[1] or target[2] or target[3] or "").strip()))
        if len(links) >= MAX_LINKS_SCANNED:
            break
    return links


def _mismatch(label: str, target_address: str) -> LinkMismatch | None:
    shown, target = _SHOWN_HOST.match(label), _TARGET_HOST.match(target_address)
    if not shown or not target or by_name(label.strip()):
        return None  # no host, or the name of a file
    one, other = (match[1].lower().removeprefix("www.") for match in (shown, target))
    if one == other or one.endswith(f".{other}") or other.endswith(f".{one}"):
        return None
    if _is_rewritten(target_address, other, one):
        return None
    return LinkMismatch(label.strip(), one, other)


def _is_rewritten(target_address: str, host: str, shown: str) -> bool:
    """Tell whether a gateway wrapped a link to the host that is shown."""
    if not any(host == rewriter or host.endswith(f".{rewriter}") for rewriter in _REWRITERS):
        return False
    return any(f"//{prefix}{shown}" in unquote(target_address).lower() for prefix in ("", "www."))
