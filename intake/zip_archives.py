"""Zip archives without their dangers: a bounded directory and bounded members.

Octets of a zip go in; out come its entries, or single members up to a size. Python's reader
takes as long as the directory is (540,000 entries fit in a mail of 25 MB) and inflates
whatever a member claims to be; here both are bounded before anything is opened.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

from intake.unreadable import UnreadableFileError

MAX_ENTRIES: Final = 4_000
MAX_RATIO: Final = 150  # honest files inflate 5 to 30 times
MIN_BOMB_BYTES: Final = 5_000_000  # small members compress to anything
_ENTRY_MARK: Final = b"PK\x01\x02"
_CHUNK_BYTES: Final = 256 * 1024
# Everything that Python's reader was seen to raise on mutilated archives.
ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    OSError,
    EOFError,
    OverflowError,
)


def open_zip(octets: bytes) -> zipfile.ZipFile:
    """Open an archive whose directory is of a sane length.

    Raises UnreadableFileError when it is broken or holds too many files. Each entry of a directory
    begins with the same four octets, so counting those bounds the work whatever the end record says.
    """
    if octets.count(_ENTRY_MARK) > MAX_ENTRIES:
        raise UnreadableFileError(f"the archive holds more than {MAX_ENTRIES} files and was not opened")
    try:
        return zipfile.ZipFile(io.BytesIO(octets))
    except ZIP_ERRORS as error:
        raise UnreadableFileError("the archive is broken") from error


def read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: int) -> bytes:
    """Inflate one member, at most `max_bytes` of it.

    Raises UnreadableFileError when it is encrypted, broken or packed like a bomb.
    """
    if entry.flag_bits & 1:
        raise UnreadableFileError("the archive is encrypted, ask for it without a password")
    if is_bomb(entry):
        raise UnreadableFileError("it is packed like a zip bomb and was not read")
    pieces: list[bytes] = []
    left = max_bytes
    try:
        with archive.open(entry) as member:
            while left > 0 and (piece := member.read(min(left, _CHUNK_BYTES))):
                pieces.append(piece)
                left -= len(piece)
    except ZIP_ERRORS as error:
        raise UnreadableFileError("the archive is broken") from error
    return b"".join(pieces)


def is_bomb(entry: zipfile.ZipInfo) -> bool:
    """Tell a member that promises to inflate out of all proportion."""
    return entry.file_size > MIN_BOMB_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size)


def is_file(entry: zipfile.ZipInfo) -> bool:
    """Tell a member with a name that is no directory (`ZipInfo.is_dir` fails on an empty name)."""
    return bool(entry.filename) and not entry.filename.endswith("/")


def member_name(entry: zipfile.ZipInfo) -> str:
    """Name of a member; without the UTF-8 flag Windows wrote it in the DOS code page of its country.

    PKWARE's APPNOTE, appendix D knows code page 437 and UTF-8 only; Russian Windows writes 866, Chinese 936.
    """
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    try:
        octets = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for codec in ("utf-8", "gb18030", "cp866"):
        try:
            name = octets.decode(codec)
        except UnicodeDecodeError:
            continue
        if codec != "gb18030" or all("\u4e00" <= sign <= "\u9fff" or sign.isascii() for sign in name):
            return name
    return octets.decode("cp866", "replace")
