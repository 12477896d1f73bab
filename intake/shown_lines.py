"""Lines as a reader sees them: what a display leaves out, and what is fenced off as code.

Lines of a letter go in. Out come the same lines without the signs that only steer the display
(Unicode UAX 9 direction marks, zero-width signs, byte order marks), which clients of Hebrew and
Arabic put into attributions, and the fences ("```", CommonMark section 4.5) whose inside no
rule about quotes and signatures may touch.
"""

from __future__ import annotations

from typing import Final

_UNSHOWN: Final = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_FENCE: Final = "```"
_MAX_FENCED_LINES: Final = 400


def shown(lines: list[str]) -> list[str]:
    """Return the lines without unshown signs; the same list where there are none."""
    text = "\n".join(lines)
    if text.isascii():
        return lines
    bare = text
    for sign in _UNSHOWN:
        if sign in bare:
            bare = bare.replace(sign, "")
    # The last line may hold the whole rest of a long letter, with its line ends.
    return lines if bare is text else bare.split("\n", len(lines) - 1)


def fences(lines: list[str]) -> dict[int, int]:
    """Index of each line that opens a fence, with the index after the line that closes it.

    A fence that is never closed is none: it must not keep an old mail with the new words.
    """
    found: dict[int, int] = {}
    opened = -1
    for number, line in enumerate(lines):
        if not line.startswith(_FENCE):
            continue
        if opened >= 0 and number - opened <= _MAX_FENCED_LINES and not line.strip("` \t"):
            found[opened] = number + 1
            opened = -1
        else:
            opened = number
    return found
