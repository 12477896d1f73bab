"""Keeping floods of attributes away from the HTML parser.

Markup goes in, the same markup with such tags cut short comes out. Lexbor compares every
attribute of a tag with all before it: 200,000 attributes on one tag (1.5 MB) took 11 s inside
one call into C, which no signal can interrupt. A tag ends at `>` outside a quoted value, and
quotes count only behind `=` (HTML standard, 13.2.5.33 to 13.2.5.38), so that nothing can hide.
"""

from __future__ import annotations

import re
from typing import Final

MAX_ATTRIBUTES: Final = 5_000
_SHORTEST_FLOOD: Final = 3 * MAX_ATTRIBUTES  # a name of one letter, a space, and room to spare
_KEPT_CHARS: Final = 1_000
_TAG: Final = re.compile(r"""</?[a-zA-Z](?:[^>=]++|=\s*+(?:"[^"]*+"?|'[^']*+'?)?)*+""")
_GAP: Final = re.compile(r"""[\s/"']+""")  # what parts one attribute from the next


def without_attribute_floods(markup: str) -> str:
    """Cut every tag that has more than `MAX_ATTRIBUTES` attributes; linear in time."""
    if len(markup) < _SHORTEST_FLOOD:
        return markup
    if max(map(len, _TAG.findall(markup)), default=0) < 2 * MAX_ATTRIBUTES:
        return markup  # nearly always, and a call for each tag would cost more than the parser
    return _TAG.sub(_bounded, markup)


def _bounded(tag: re.Match[str]) -> str:
    text = tag[0]
    if len(text) < 2 * MAX_ATTRIBUTES:
        return text
    gaps = sum(1 for _ in _GAP.finditer(text))
    if gaps <= MAX_ATTRIBUTES:
        return text
    return text[:_KEPT_CHARS].replace('"', " ").replace("'", " ")
