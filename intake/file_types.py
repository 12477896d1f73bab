"""The type of an attachment by its content.

Octets and the names that the mail gives go in, a media type comes out. The first octets
decide; what is a zip is told apart by its directory (an xlsx, a docx and a plain archive
begin alike), what is an OLE file by the names in it, a signature (PKCS #7) by its object
identifier. Text has no mark: there the extension
and the declared type are believed, as long as the octets are text. Nothing is unpacked.
"""

from __future__ import annotations

import mimetypes
import re
import zipfile
from dataclasses import dataclass
from typing import Final

from intake.unreadable import UnreadableFileError
from intake.zip_archives import open_zip, read_member

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS: Final = "application/vnd.ms-excel"
XLSB: Final = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ENCRYPTED_OFFICE: Final = "application/vnd.ms-office.encrypted"
OCTETS: Final = "application/octet-stream"
PDF: Final = "application/pdf"
PROGRAM: Final = "application/vnd.microsoft.portable-executable"
SHORTCUT: Final = "application/x-ms-shortcut"
TNEF: Final = "application/vnd.ms-tnef"

_MARKS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", PDF),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"MSCF\x00\x00", "application/vnd.ms-cab-compressed"),
    (32769, b"CD001", "application/x-iso9660-image"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b'x\x9f>"', TNEF),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"MZ", PROGRAM),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", SHORTCUT),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"\x00asm", "application/wasm"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis", b"hevc"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_SIGNED_OR_SEALED: Final = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"  # 1.2.840.113549.1.7, RFC 5652
_SIGNATURE_TYPES: Final = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS: Final = (
    ("EncryptedPackage", ENCRYPTED_OFFICE),
    ("Workbook", XLS),
    ("Book", XLS),
    ("WordDocument", "application/msword"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__substg1.0_", "application/vnd.ms-outlook"),
)
_ZIP_MEMBERS: Final = (
    ("xl/workbook.bin", XLSB),
    ("xl/", XLSX),
    ("word/", DOCX),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("META-INF/MANIFEST.MF", "application/java-archive"),
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
)
_ZIP_BASED: Final = frozenset({XLSX, XLSB, ODS, DOCX})
_MARKUP: Final = re.compile(
    rb"^\s*(?:<!doctype\s+html|<html|<head|<body|<script|<table|<div|<p\b)", re.IGNORECASE
)
# The list that ships with Python, not the machine's own, so that every machine reads alike.
_STANDARD_EXTENSIONS: Final = mimetypes.MimeTypes().types_map[True]
_EXTRA_EXTENSIONS: Final = {
    ".xlsx": XLSX,
    ".xls": XLS,
    ".xlsb": XLSB,
    ".ods": ODS,
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".docx": DOCX,
    ".msg": "application/vnd.ms-outlook",
    ".eml": "message/rfc822",
    ".ics": "text/calendar",
    ".p7s": "application/pkcs7-signature",
    ".p7m": "application/pkcs7-mime",
    ".lnk": SHORTCUT,
    ".docm": DOCX,
    ".xlsm": XLSX,
    ".har": "application/json",
    ".pcap": "application/vnd.tcpdump.pcap",
    ".rar": "application/vnd.rar",
    ".7z": "application/x-7z-compressed",
    **dict.fromkeys((".tgz", ".gz"), "application/gzip"),
    ".heic": "image/heic",
    ".heif": "image/heic",
    ".webp": "image/webp",
    ".jfif": "image/jpeg",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    **dict.fromkeys((".log", ".ips"), "text/x-log"),
    **dict.fromkeys((".md", ".yml", ".yaml", ".env"), "text/plain"),
}


@dataclass(frozen=True, slots=True)
class FileType:
    """Media type by content, and what is wrong with the file ("" when nothing is)."""

    content_type: str
    trouble: str = ""


def sniff(octets: bytes, name: str = "", declared: str = "") -> FileType:
    """Type of an attachment. `name` and `declared` are believed only where the content cannot tell."""
    if not octets:
        return FileType(by_name(name) or declared or OCTETS, "empty")
    for offset, mark, content_type in _MARKS:
        if octets.startswith(mark, offset) and not _is_mere_text(mark, octets):
            return FileType(content_type)
    if octets.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_type(octets, name)
    if octets.startswith(_OLE):
        return _ole_type(octets)
    if octets[:1] == b"\x30" and _SIGNED_OR_SEALED in octets[:64]:
        is_signature = by_name(name) in _SIGNATURE_TYPES or declared in _SIGNATURE_TYPES
        return FileType("application/pkcs7-signature" if is_signature else "application/pkcs7-mime")
    return FileType(_media_type(octets) or _text_type(octets, name, declared))


def by_name(name: str) -> str:
    """Media type that an extension promises, "" when it promises none."""
    dot = name.rfind(".")
    extension = name[dot:].lower() if dot >= 0 else ""
    return _EXTRA_EXTENSIONS.get(extension) or _STANDARD_EXTENSIONS.get(extension, "")


def _is_mere_text(mark: bytes, octets: bytes) -> bool:
    """Two-letter marks also begin words ("BMW", "MZ-12"): a file of that type has binary octets soon."""
    return len(mark) <= 3 and mark.isalpha() and b"\x00" not in octets[:64]


def _zip_type(octets: bytes, name: str) -> FileType:
    try:
        with open_zip(octets) as archive:
            entries = archive.infolist()
            kind = (
                read_member(archive, entries[0], 100).decode("ascii", "replace")
                if _has_small_mimetype(entries)
                else ""
            )
    except UnreadableFileError as error:
        # What a torn archive was meant to be only its name can tell: an operator asks for that file again.
        promised = by_name(name)
        return FileType(promised if promised in _ZIP_BASED else "application/zip", str(error))
    names = [entry.filename for entry in entries]
    trouble = "the archive is encrypted" if any(entry.flag_bits & 1 for entry in entries) else ""
    if kind.startswith(("application/vnd.oasis.opendocument.", "application/epub+zip")):
        return FileType(kind.strip(), trouble)
    for prefix, content_type in _ZIP_MEMBERS:
        if any(name.startswith(prefix) for name in names):
            return FileType(content_type, trouble)
    return FileType("application/zip")  # the names in a locked archive can be read all the same


def _has_small_mimetype(entries: list[zipfile.ZipInfo]) -> bool:
    """Look for the first member of an OpenDocument file, which names its type."""
    if not entries:
        return False
    first = entries[0]
    return first.filename == "mimetype" and first.file_size <= 100 and not first.flag_bits & 1


def _ole_type(octets: bytes) -> FileType:
    """Names of the streams stand as UTF-16 in the directory sectors."""
    for stream, content_type in _OLE_STREAMS:
        if stream.encode("utf-16-le") in octets:
            trouble = "the document is encrypted" if content_type == ENCRYPTED_OFFICE else ""
            return FileType(content_type, trouble)
    return FileType("application/x-ole-storage")


def _media_type(octets: bytes) -> str:
    """Type of RIFF, ISO base media and bare MPEG audio, "" for anything else."""
    if octets.startswith(b"RIFF"):
        return _RIFF.get(octets[8:12], OCTETS)
    if octets[4:8] == b"ftyp":
        return _iso_media(octets[8:12])
    return "audio/mpeg" if octets[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"} else ""


def _iso_media(brand: bytes) -> str:
    if brand in _HEIF_BRANDS:
        return "image/heic"
    if brand in _AVIF_BRANDS:
        return "image/avif"
    if brand.startswith(b"M4A"):
        return "audio/mp4"
    return "video/quicktime" if brand.startswith(b"qt") else "video/mp4"


_TEXT_STARTS: Final = (
    (re.compile(rb"(?:<\?xml.{0,300})?<svg", re.DOTALL), "image/svg+xml"),
    (re.compile(rb"<\?xml"), "application/xml"),
    (re.compile(rb"BEGIN:VCALENDAR"), "text/calendar"),
    (re.compile(rb"BEGIN:VCARD"), "text/vcard"),
    (re.compile(rb"-----BEGIN (?:PKCS7|CMS)-----"), "application/pkcs7-mime"),
)
_MAIL_START: Final = re.compile(
    rb"(?:(?:received|return-path|delivered-to|from|to|date|subject|message-id|mime-version|x-[a-z-]{1,40}|"
    rb"content-type|dkim-signature|reply-to)[ \t]?:[^\n]*\n(?:[ \t][^\n]*\n){0,40}){3}",
    re.IGNORECASE,
)


_BLANK: Final = b"\xef\xbb\xbf \t\r\n"


def _marked_text(sample: bytes, *, may_be_mail: bool) -> str:
    """Type of text that its first words give away, "" for none."""
    if _MARKUP.match(sample):
        return "text/html"
    if may_be_mail and _MAIL_START.match(sample):
        return "message/rfc822"
    start = sample.lstrip(_BLANK)
    return next((content_type for pattern, content_type in _TEXT_STARTS if pattern.match(start)), "")


def _text_type(octets: bytes, name: str, declared: str) -> str:
    sample = octets[:4096]
    promised = by_name(name)
    if b"\x00" in sample and not sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return declared if declared.startswith(("video/", "audio/", "image/")) else OCTETS
    if marked := _marked_text(sample, may_be_mail="message/rfc822" in {promised, declared}):
        return marked
    if promised.startswith("text/") or promised in {"application/json", "application/xml"}:
        return promised
    start = sample.lstrip(_BLANK)
    if start.startswith((b"{", b"[")) and start.rstrip()[-1:] in b"}]":
        return "application/json"
    return declared if declared.startswith("text/") and declared != "text/html" else "text/plain"
