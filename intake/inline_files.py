"""Files that stand inside a plain text body: uuencode and yEnc blocks of old clients and newsreaders.

Octets of a text part go in; the files come out, as parts with a name, so that they are kept
like every other attachment, and with them the octets that are left to read. A uuencoded block
is text and stays where it stands (other parsers show it, too); a yEnc block is binary and goes.
Formats: uuencode as in POSIX, yEnc as in its draft 1.3. At most `MAX_FILES` blocks are taken.
"""

from __future__ import annotations

import re
from typing import Final

from intake.header_block import HeaderBlock
from intake.mime_tree import Part
from intake.transfer import decode_transfer, decode_uu

MAX_FILES: Final = 20
_MAX_NAME_BYTES: Final = 200
_BLOCK: Final = re.compile(
    rb"^begin(?:-base64)? [0-7]{3,4} (?P<uu>[^\r\n]{1,200})\r?\n"
    rb"|^=ybegin [^\r\n]{0,200}?name=(?P<yenc>[^\r\n]{1,200})\r?\n",
    re.MULTILINE,
)
_UU_END: Final = re.compile(rb"^(?:end|====)[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_UU_BODY: Final = re.compile(rb"(?:[!-`][ -`]{0,90}\r?\n|[A-Za-z0-9+/=]{1,100}\r?\n|[ `]?\r?\n){1,200000}")
_YENC_END: Final = re.compile(rb"^=yend[^\r\n]{0,200}\r?(?:\n|\Z)", re.MULTILINE)
_YENC_PART: Final = re.compile(rb"\A=ypart[^\r\n]{0,200}\r?\n")
_YENC_SHIFT: Final = bytes((octet - 42) & 255 for octet in range(256))
_YENC_ESCAPED: Final = re.compile(rb"=(.)", re.DOTALL)


def take_inline_files(octets: bytes) -> tuple[bytes, list[Part]]:
    """Cut the files out of a text; without any, the octets come back as they are."""
    if b"begin" not in octets:
        return octets, []
    words: list[bytes] = []
    files: list[Part] = []
    at = 0
    while len(files) < MAX_FILES and (begin := _BLOCK.search(octets, at)):
        found = _uu_file(octets, begin) if begin["uu"] else _yenc_file(octets, begin)
        if found is None:
            words.append(octets[at : begin.end()])
            at = begin.end()
            continue
        content, end = found
        words.append(octets[at : end if begin["uu"] else begin.start()])
        files.append(_as_part((begin["uu"] or begin["yenc"]).strip(), content))
        at = end
    return b"".join([*words, octets[at:]]), files


def _uu_file(octets: bytes, begin: re.Match[bytes]) -> tuple[bytes, int] | None:
    """Content and end of a uuencoded block; None for a sentence that begins with "begin"."""
    end = _UU_END.search(octets, begin.end())
    body = _UU_BODY.match(octets, begin.end())
    if end is None or body is None or body.end() < end.start():
        return None
    if octets.startswith(b"begin-base64", begin.start()):
        return decode_transfer(octets[begin.end() : end.start()], "base64")[0], end.end()
    content = decode_uu(octets[begin.start() : end.end()])
    return None if content is None else (content, end.end())


def _yenc_file(octets: bytes, begin: re.Match[bytes]) -> tuple[bytes, int] | None:
    end = _YENC_END.search(octets, begin.end())
    if end is None:
        return None
    body = _YENC_PART.sub(b"", octets[begin.end() : end.start()]).replace(b"\r", b"").replace(b"\n", b"")
    plain = _YENC_ESCAPED.sub(lambda pair: bytes([(pair[1][0] - 64) & 255]), body)
    return plain.translate(_YENC_SHIFT), end.end()


def _as_part(name: bytes, content: bytes) -> Part:
    quoted = name[:_MAX_NAME_BYTES].replace(b"\\", b"_").replace(b'"', b"_")
    disposition = b'attachment; filename="' + quoted + b'"'
    header = HeaderBlock(
        (("content-disposition", disposition),), 0, _index={"content-disposition": [disposition]}
    )
    return Part(header, "application/octet-stream", 0, len(content), content)
