"""Collects plain text while the tags of well-formed markup go by.

Tags and the texts between them go in, one by one; out come the text, laid out in lines, and
the links. Tables, cells and quotes are boxes ("frames") whose text is finished before it is
put into the box around it; everything that grows with nesting is bounded.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final

MAX_LINKS: Final = 200
MAX_TARGET_CHARS: Final = 400
_MAX_FRAMES: Final = 40  # tables in tables and quotes in quotes: deeper ones are read as plain blocks
_MAX_QUOTE_DEPTH: Final = 5
_ATTRIBUTE: Final = re.compile(r'([a-z:-]{1,30})="([^"]*)"')
# One plain blank stays as it is; every other white space, and every run of it, becomes one blank.
_SPACES: Final = re.compile(
    r"[ \t\r\n\f\u00a0\u200b\u2007\u202f\ufeff]{2,}|[\t\r\n\f\u00a0\u200b\u2007\u202f\ufeff]"
)
_HIDING_STYLE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all|(?<![\w-])color\s*:\s*transparent"
    r"|(?:font-size|max-height|opacity)\s*:\s*0(?:\.0{1,5})?(?![\d.])"
    r"|(?<![\w-])(?:height|width)\s*:\s*0(?:\.0{1,5})?(?![\d.]).{0,200}?overflow\s*:\s*hidden"
    r"|overflow\s*:\s*hidden.{0,200}?(?<![\w-])(?:height|width)\s*:\s*0(?:\.0{1,5})?(?![\d.])",
    re.IGNORECASE,
)
_NO_QUOTE_STYLE: Final = re.compile(r"border(?:-left)?\s*:\s*(?:none|0)", re.IGNORECASE)
_INVISIBLE: Final = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "svg", "object", "select", "textarea"}
)
_VOID: Final = frozenset(
    {"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "wbr", "source", "embed"}
)
_BLOCKS: Final = frozenset(
    {
        "div",
        "section",
        "article",
        "center",
        "form",
        "fieldset",
        "main",
        "aside",
        "nav",
        "header",
        "footer",
        "address",
    }
    | {
        "dl",
        "dt",
        "dd",
        "figure",
        "figcaption",
        "details",
        "summary",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "body",
    }
)
_SPACED_BLOCKS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "table"})
_LISTS: Final = frozenset({"ul", "ol"})


@dataclass(slots=True)
class _Frame:
    """A box whose text is finished before it is put into the box around it."""

    kind: str  # page, quote, cell, row
    pieces: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


class TextWriter:
    """Collects text while the tags go by; knows only what is open now."""

    def __init__(self) -> None:
        self.frames = [_Frame("page")]
        self.links: list[tuple[str, str]] = []
        self.length = 0
        self._hidden_in: list[str] = []  # tags open inside hidden content, the hiding one first
        self._pre = 0
        self._lists = 0
        self._quote_depth = 0
        self._quotes: list[bool] = []  # for each open blockquote whether it became a frame
        self._link: tuple[str, int] | None = None

    def text(self, raw: str) -> None:
        """Take the text between two tags."""
        if self._hidden_in:
            return
        plain = html.unescape(raw) if "&" in raw else raw
        self.length += len(plain)
        pieces = self.frames[-1].pieces
        if self._pre:
            pieces.append(plain)
            return
        plain = _SPACES.sub(" ", plain)
        if plain == " " and (not pieces or pieces[-1].endswith((" ", "\n"))):
            return
        if plain[0] == " " and (not pieces or pieces[-1].endswith("\n")):
            plain = plain[1:]
        pieces.append(plain)

    def plain_row(self, cells: list[str]) -> None:
        """Take a whole row of a table whose cells hold nothing but text."""
        if self._hidden_in:
            return
        joined = "\x00".join(cells)  # a sign that no parsed page holds: one pass over all cells
        self.length += len(joined)
        if "&" in joined:
            joined = html.unescape(joined)
        joined = joined if self._pre else _SPACES.sub(" ", joined)
        self._new_line()
        texts = [_tidy(cell) for cell in joined.split("\x00")]
        self.frames[-1].pieces.append(_row(texts))
        self._new_line()

    def start(self, tag: str, attributes: str) -> None:
        """Take an opening tag."""
        if self._hidden_in:
            if tag not in _VOID:
                self._hidden_in.append(tag)
            return
        if tag in _INVISIBLE or (
            attributes and ("style" in attributes or "hidden" in attributes) and _hides(attributes)
        ):
            if tag not in _VOID:
                self._hidden_in.append(tag)
            return
        if tag == "br":
            self.frames[-1].pieces.append("\n")
        elif tag in _BLOCKS:
            self._new_line()
        elif tag in _SPACED_BLOCKS:
            self._pre += tag == "pre"
            self._lists += tag in _LISTS
            inner_list = tag in _LISTS and self._lists > 1
            self._new_line(blank=not inner_list and (tag != "p" or "mso" not in attributes.lower()))
        elif tag == "li":
            self._new_line()
            self.frames[-1].pieces.append("- ")
        elif tag == "hr":
            self._new_line()
            self.frames[-1].pieces.append("-----\n")
        elif tag == "a":
            self._open_link(attributes)
        elif tag in {"tr", "td", "th", "blockquote"}:
            self._open_frame(tag, attributes)

    def end(self, tag: str) -> None:
        """Take a closing tag."""
        if self._hidden_in:
            if tag in self._hidden_in[-3:]:
                while self._hidden_in.pop() != tag:
                    pass
            return
        if tag in _BLOCKS or tag in _SPACED_BLOCKS or tag == "li":
            self._pre = max(0, self._pre - (tag == "pre"))
            self._lists = max(0, self._lists - (tag in _LISTS))
            self._new_line()
        elif tag == "a":
            self._close_link()
        elif tag in {"td", "th"}:
            self._close("cell")
        elif tag == "tr":
            self._close("row")
            self._new_line()
        elif tag == "blockquote" and self._quotes and self._quotes.pop():
            self._quote_depth -= 1
            self._close("quote")
            self._new_line()

    def finish(self) -> str:
        """Close what is still open and answer the text."""
        while len(self.frames) > 1:
            self._close(self.frames[-1].kind)
        return _tidy("".join(self.frames[0].pieces))

    def _new_line(self, *, blank: bool = False) -> None:
        pieces = self.frames[-1].pieces
        if pieces:
            last = pieces[-1]
            if not last.endswith("\n"):
                pieces.append("\n\n" if blank else "\n")
            elif blank and last == "\n" and len(pieces) > 1 and not pieces[-2].endswith("\n"):
                pieces.append("\n")

    def _open_frame(self, tag: str, attributes: str) -> None:
        if len(self.frames) >= _MAX_FRAMES:
            self._new_line()
            if tag == "blockquote":
                self._quotes.append(False)
            return
        if tag == "blockquote":
            quotes = self._quote_depth < _MAX_QUOTE_DEPTH and not _NO_QUOTE_STYLE.search(attributes)
            self._quote_depth += quotes
            self._quotes.append(quotes)
            self._new_line()
            if quotes:
                self.frames.append(_Frame("quote"))
        elif tag == "tr":
            self._new_line()
            self.frames.append(_Frame("row"))
        elif self.frames[-1].kind == "row":
            self.frames.append(_Frame("cell"))

    def _close(self, kind: str) -> None:
        """Finish the innermost frame of a kind, with the frames that were left open inside it."""
        if self.frames[-1].kind != kind and not any(frame.kind == kind for frame in self.frames[1:]):
            return
        closed = ""
        while closed != kind:
            frame = self.frames.pop()
            closed = frame.kind
            outer = self.frames[-1]
            text = _tidy("".join(frame.pieces))
            if closed == "cell":
                outer.cells.append(text)
            elif closed == "row":
                outer.pieces.append(_row([*frame.cells, text] if text else frame.cells))
            elif text:
                outer.pieces.append("".join(f"> {line}\n" for line in text.split("\n")))

    def _open_link(self, attributes: str) -> None:
        target = html.unescape(dict(_ATTRIBUTE.findall(attributes)).get("href", "")).strip()
        self._link = (target, len(self.frames[-1].pieces)) if target else None

    def _close_link(self) -> None:
        if self._link is None:
            return
        target, start = self._link
        self._link = None
        label = "".join(self.frames[-1].pieces[start:]).strip()
        if len(self.links) >= MAX_LINKS or not target.lower().startswith(("http://", "https://")):
            return
        self.links.append((label, target))
        if label and len(target) <= MAX_TARGET_CHARS and _bare(target) not in _bare(label):
            self.frames[-1].pieces.append(f" <{target}>")


def _bare(address: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", address.strip().lower()).rstrip("/")


def may_hide(markup: str) -> bool:
    """Tell whether something in a piece of markup may be hidden by an attribute."""
    return ("style" in markup or "hidden" in markup) and _hides(markup)


def _hides(attributes: str) -> bool:
    return bool(_HIDING_STYLE.search(attributes)) or ' hidden=""' in attributes


def _row(cells: list[str]) -> str:
    """Join the cells of a row: by tabs when they are short, one under the other in a layout table."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return ""
    if len(filled) == 1 or any(len(cell) > 300 or cell.count("\n") > 5 for cell in filled):
        return "\n".join(filled) + "\n"
    return "\t".join(cells).replace("\n", " ").rstrip("\t") + "\n"


def _tidy(text: str) -> str:
    if "\n" not in text:
        return text.strip(" ")
    lines = [line.rstrip(" ") for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
