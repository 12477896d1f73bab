"""HTML bodies to plain text that reads as the client showed it.

Markup goes in; out come the text, the links as (text, target) pairs and whether something
was cut. Rows of a table stand on lines with their cells apart by a tab, quoted blocks get
the `> ` of plain mail (so one set of quote rules serves both), what the client hides is
left out, and a link whose target says more than its text is followed by it in brackets.

selectolax (lexbor) parses; its serialisation, in which every end tag is explicit, is read with
one regular expression. Measured on a page of 115 nodes / a table of 10,000 rows: parse and
serialisation 0.03 / 22 ms, with the reading 0.6 / 210 ms. resiliparse's own text extraction is
faster (0.06 / 80 ms) but knows neither quotes nor hidden text nor links, and a walk of its
tree from Python, which could add them, took 1.1 / 770 ms. Lexbor's cost grows with the square
of the depth of blocks, so markup nested deeper than `MAX_BLOCK_DEPTH` is read without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from intake.html_attributes import without_attribute_floods
from intake.html_links import LinkMismatch, link_mismatches
from intake.html_writer import TextWriter, may_hide

MAX_MARKUP_CHARS: Final = 1_500_000
MAX_TEXT_CHARS: Final = 500_000
MAX_BLOCK_DEPTH: Final = 6_000
MAX_TOKENS: Final = 100_000  # tags and texts between them, a plain row as one: about 0.3 s
_COMMENT: Final = r"<!--.*?(?:-->|$)"
_TAG: Final = r"""<(?P<slash>/?)(?P<tag>[a-zA-Z][^\s/>]{0,40})(?P<attributes>(?:[^">]|"[^"]*")*)>"""
_TEXT: Final = r"(?P<text>[^<]+)|<"
# A row of cells that hold nothing but text, as the serialisation writes it, is read in one step: a table
# of 10,000 rows is mostly such rows, and tag by tag it takes several times as long.
_OPEN: Final = r"""(?: [a-z:-]{1,30}="[^"<>]*+")*+>"""
_PLAIN_ROW: Final = rf"<tr{_OPEN}(?P<cells>(?:\s*+<t[dh]{_OPEN}[^<]*+</t[dh]>)++)\s*+</tr>"
_CELL: Final = re.compile(r">([^<>]*)</t[dh]>")
_TOKEN: Final = re.compile(f"{_COMMENT}|{_PLAIN_ROW}|{_TAG}|{_TEXT}", re.DOTALL)
_TAG_BY_TAG: Final = re.compile(f"{_COMMENT}|{_TAG}|{_TEXT}", re.DOTALL)
# For markup that no parser has put in order: a tag ends at the next angle, quotes or not.
_LOOSE_TOKEN: Final = re.compile(
    rf"{_COMMENT}|<(?P<slash>/?)(?P<tag>[a-zA-Z][^\s/<>]{{0,40}})(?P<attributes>[^<>]*)>|{_TEXT}", re.DOTALL
)
_BLOCKS: Final = (
    "div|blockquote|table|ul|ol|dl|section|article|center|form|fieldset|main|aside|nav|header|footer"
)
_BLOCK_TAG: Final = re.compile(rf"<(/?)(?:{_BLOCKS})\b", re.IGNORECASE)
_DATA_URI: Final = re.compile(r"data:[a-zA-Z0-9/+.;=-]{1,80};base64,[A-Za-z0-9+/=\s]+")


@dataclass(frozen=True, slots=True)
class HtmlText:
    """Plain text of a page and its links."""

    text: str
    links: tuple[tuple[str, str], ...] = ()
    mismatches: tuple[LinkMismatch, ...] = ()
    warnings: tuple[str, ...] = ()


def html_to_text(markup: str) -> HtmlText:
    """Turn the markup of a mail body into plain text; never raises, linear in time."""
    warnings = []
    if "base64," in markup:
        markup = _DATA_URI.sub("", markup)  # pictures inside the markup are no text
    if len(markup) > MAX_MARKUP_CHARS:
        markup = markup[:MAX_MARKUP_CHARS]
        warnings.append(f"html: cut at {MAX_MARKUP_CHARS} characters")
    if _block_depth(markup) > MAX_BLOCK_DEPTH:
        warnings.append(f"html: nested deeper than {MAX_BLOCK_DEPTH}, read without its structure")
        well_formed, pattern = markup, _LOOSE_TOKEN
    else:
        body = LexborHTMLParser(without_attribute_floods(markup)).body
        well_formed, pattern = (body.html or "" if body is not None else ""), _TOKEN
    writer = TextWriter()
    warnings.extend(_write(writer, well_formed, pattern))
    mismatches = link_mismatches(writer.links)
    warnings.extend(mismatch.warning for mismatch in mismatches)
    return HtmlText(writer.finish(), tuple(writer.links), mismatches, tuple(dict.fromkeys(warnings)))


def _write(writer: TextWriter, markup: str, pattern: re.Pattern[str]) -> list[str]:
    """Hand the tokens of markup to the writer until it has enough; answers the warning, if it had."""
    for count, token in enumerate(_tokens(markup, pattern)):
        kind = token.lastgroup
        if kind == "text":
            writer.text(token["text"][:MAX_TEXT_CHARS])
        elif kind == "cells":
            writer.plain_row(_CELL.findall(token["cells"]))
        elif kind and token["slash"]:
            writer.end(token["tag"].lower())
        elif kind:
            writer.start(token["tag"].lower(), token["attributes"])
        if writer.length > MAX_TEXT_CHARS:
            return [f"html: cut after {MAX_TEXT_CHARS} characters of text"]
        if count >= MAX_TOKENS:
            return [f"html: cut after {MAX_TOKENS} tags, the rest was not read"]
    return []


def _tokens(markup: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Tokens of markup; a row whose attributes may hide something comes tag by tag."""
    for token in pattern.finditer(markup):
        if token.lastgroup == "cells" and may_hide(token[0]):
            yield from _TAG_BY_TAG.finditer(token[0])
        else:
            yield token


def _block_depth(markup: str) -> int:
    """Greatest number of blocks open at once, if every block is closed by its own tag.

    Looked for only where there are enough blocks to nest that deep.
    """
    folded = markup.lower()
    if sum(folded.count(f"<{name}") for name in _BLOCKS.split("|")) <= MAX_BLOCK_DEPTH:
        return 0
    depth = deepest = 0
    for tag in _BLOCK_TAG.finditer(markup):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest
