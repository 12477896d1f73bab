"""Read Outlook's winmail.dat (MS-OXTNEF): body and files of a mail that only Outlook can show.

Runs in the limited child process (`intake.reader_child`). The list of attributes is walked
here, because tnefparse copies the rest of the file for each of them (quadratic), lets one
bad attribute spoil all, refuses a mail without a code page and needs another package for
compressed bodies; its names of attributes and properties are used. The order of the bodies:
HTML, plain text, compressed RTF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tnefparse import properties
from tnefparse.mapi import IMESSAGE_SIG
from tnefparse.tnef import TNEF

from intake.charset import decode_text
from intake.mapi_properties import Value, read_properties
from intake.rtf_text import decompress_rtf, rtf_body
from intake.unreadable import UnreadableFileError

MAX_ATTRIBUTES: Final = 5_000
MAX_FILES: Final = 100
MAX_DEPTH: Final = 3  # of mails in mails
MAX_BODY_BYTES: Final = 2_000_000
_SIGNATURE: Final = struct.pack("<I", TNEF.TNEF_SIGNATURE)
_NAMES: Final = (
    properties.MAPI_ATTACH_LONG_FILENAME,
    properties.MAPI_ATTACH_FILENAME,
    properties.MAPI_DISPLAY_NAME,
)


@dataclass(slots=True)
class _File:
    title: bytes = b""
    octets: bytes = b""
    properties: dict[int, Value] = field(default_factory=dict)


@dataclass(slots=True)
class _Mail:
    codepage: str = ""
    plain: bytes = b""
    properties: dict[int, Value] = field(default_factory=dict)
    files: list[_File] = field(default_factory=list)


def read(octets: bytes, depth: int = 1) -> tuple[dict[str, Any], bytes]:
    """Body and files: `{"text", "html", "files": [{"name", "type", "cid", "size"}]}`, then their octets.

    Raises UnreadableFileError when the octets are no TNEF.
    """
    if not octets.startswith(_SIGNATURE):
        raise UnreadableFileError("it is broken, ask for the files themselves")
    mail = _Mail()
    for level, name, value in _attributes(octets):
        if level == TNEF.LVL_ATTACHMENT:
            _take_file_attribute(mail, name, value)
        elif name == TNEF.ATTOEMCODEPAGE and len(value) >= 4:
            mail.codepage = _codec(struct.unpack_from("<I", value)[0])
        elif name == TNEF.ATTBODY:
            mail.plain = value
        elif name == TNEF.ATTMAPIPROPS:
            mail.properties.update(read_properties(value))
    found: dict[str, Any] = {**_body(mail), "files": []}
    pieces: list[bytes] = []
    for file in mail.files[:MAX_FILES]:
        for described, inner in _file(file, mail.codepage, depth):
            found["files"].append(described)
            pieces.append(inner)
    if len(found) == 1 and not found["files"]:
        raise UnreadableFileError("nothing in it could be read, ask for the files themselves")
    return found, b"".join(pieces)


def _attributes(octets: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, name and value of each attribute (MS-OXTNEF section 2.1.3.1); a torn end is left out."""
    at = 6
    for _ in range(MAX_ATTRIBUTES):
        if at + 11 > len(octets):
            return
        level, name, _, length = struct.unpack_from("<BHHI", octets, at)
        if level not in {TNEF.LVL_MESSAGE, TNEF.LVL_ATTACHMENT}:
            return
        yield level, name, octets[at + 9 : at + 9 + length]
        at += 11 + length


def _take_file_attribute(mail: _Mail, name: int, value: bytes) -> None:
    if name == TNEF.ATTATTACHRENDDATA or not mail.files:
        mail.files.append(_File())
    file = mail.files[-1]
    if name == TNEF.ATTATTACHTITLE:
        file.title = value
    elif name == TNEF.ATTATTACHDATA:
        file.octets = value
    elif name == TNEF.ATTATTACHMENT:
        file.properties.update(read_properties(value))


def _body(mail: _Mail) -> dict[str, str]:
    """Choose the body that says most about its own charset."""
    codepage = mail.properties.get(properties.MAPI_INTERNET_CODEPAGE)
    codec = _codec(codepage.number) if codepage is not None else mail.codepage
    if markup := _octets(mail.properties.get(properties.MAPI_BODY_HTML)):
        return {"html": decode_text(markup[:MAX_BODY_BYTES], codec).text}
    for name in (properties.MAPI_BODY, properties.MAPI_UNCOMPRESSED_BODY):
        if text := _text(mail.properties.get(name), codec):
            return {"text": text}
    if mail.plain.rstrip(b"\0"):
        return {"text": decode_text(mail.plain.rstrip(b"\0")[:MAX_BODY_BYTES], mail.codepage).text}
    if compressed := _octets(mail.properties.get(properties.MAPI_RTF_COMPRESSED)):
        try:
            kind, text = rtf_body(decompress_rtf(compressed))
        except UnreadableFileError:
            return {}  # the files are worth more than a body that is lost
        return {kind: text}
    return {}


def _file(file: _File, codepage: str, depth: int) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Describe one file; of a mail inside come its files, and its body as a text file."""
    octets = file.octets
    if inside := _octets(file.properties.get(properties.MAPI_ATTACH_DATA_OBJ)):
        octets = inside.removeprefix(IMESSAGE_SIG)
    title = decode_text(file.title.rstrip(b"\0"), codepage).text
    names = (_text(file.properties.get(name), codepage) for name in _NAMES)
    name = next(filter(None, names), "") or title
    if octets.startswith(_SIGNATURE) and depth < MAX_DEPTH:
        inner, blob = read(octets, depth + 1)
        if body := inner.get("html") or inner.get("text"):
            ending = "html" if "html" in inner else "txt"
            encoded = body.encode("utf-8", "replace")
            yield _described(f"{name or 'message'}.{ending}", "", "", encoded), encoded
        at = 0
        for described in inner["files"]:
            yield described, blob[at : at + described["size"]]
            at += described["size"]
        return
    content_type = _text(file.properties.get(properties.MAPI_ATTACH_MIME_TAG), codepage)
    content_id = _text(file.properties.get(properties.MAPI_ATTACH_CONTENT_ID), codepage)
    yield _described(name, content_type, content_id, octets), octets


def _described(name: str, content_type: str, content_id: str, octets: bytes) -> dict[str, Any]:
    return {"name": name[:300], "type": content_type[:100], "cid": content_id[:200], "size": len(octets)}


def _octets(found: Value | None) -> bytes:
    """Octets of a binary property."""
    return found.octets if found is not None else b""


def _text(found: Value | None, codec: str) -> str:
    """Words of a string property, read by the code page when they are not Unicode."""
    if found is None:
        return ""
    octets = found.octets[:MAX_BODY_BYTES]
    if found.is_unicode:
        return octets.decode("utf-16-le", "replace").rstrip("\0")
    return decode_text(octets.rstrip(b"\0"), codec).text


def _codec(codepage: int) -> str:
    """Charset label of a Windows code page number."""
    known = {65001: "utf-8", 54936: "gb18030", 20866: "koi8-r", 21866: "koi8-u", 20127: "us-ascii"}
    return known.get(codepage, f"cp{codepage}" if 0 < codepage < 1300 else "")
