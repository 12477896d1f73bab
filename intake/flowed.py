"""Join the soft line ends of format=flowed text (RFC 3676 section 4).

Text goes in, text with whole paragraphs comes out. A line that ends in a blank goes on in
the next line of the same quote depth; "-- " is a signature separator and never joined.
"""

from __future__ import annotations

import re
from typing import Final

# "-----Original Message----- " of Windows Live Mail: its last blank is no soft end.
_RULED: Final = re.compile(r"^-{3,}.{0,80}-{3,} ?$")


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Undo the flow; with `delete_space` (DelSp=yes) the blank at a soft end is no part of the text."""
    lines: list[str] = []
    open_depth = -1  # quote depth of a line that flows on, -1 for none
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        is_separator = content == "-- " or bool(_RULED.match(content))
        if open_depth == depth and not is_separator:
            lines[-1] += content
        else:
            mark = ">" * depth
            lines.append(f"{mark} {content}" if mark and content else mark or content)
        flows = content.endswith(" ") and not is_separator
        if flows and delete_space:
            lines[-1] = lines[-1][:-1]
        open_depth = depth if flows else -1
    return "\n".join(lines)
