"""Small real files of the kinds that sellers attach, made by hand: what tests read them back from."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import openpyxl


def workbook(*rows: list[object]) -> bytes:
    """An xlsx of one sheet."""
    return workbook_of_sheets({"Sheet": list(rows)})


def workbook_of_sheets(sheets: dict[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def archive(members: dict[str, bytes | str], *, compressed: bool = True) -> bytes:
    stream = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return stream.getvalue()


def locked_archive(name: str) -> bytes:
    """A zip whose only member claims to be encrypted (bit 0 of the flags, APPNOTE 4.4.4)."""
    octets = bytearray(archive({name: b"x" * 40}))
    octets[6] |= 1
    directory = octets.index(b"PK\x01\x02")
    octets[directory + 8] |= 1
    return bytes(octets)


def docx(*paragraphs: str) -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    xml = f'<?xml version="1.0"?><w:document xmlns:w="w"><w:body>{body}</w:body></w:document>'
    return archive({"[Content_Types].xml": "<Types/>", "word/document.xml": xml})


def pdf(*pages: str, encrypted: bool = False) -> bytes:
    """A PDF of one line per page (ISO 32000-1), any language by way of a ToUnicode map."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
    kids = []
    for text in pages:
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        units = text.encode("utf-16-be").hex()
        stream = f"BT /F1 12 Tf 40 700 Td <{units}> Tj ET" if text else ""
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {number + 1} 0 R"
            f"/Resources<</Font<</F1 {number + 2} 0 R>>>>>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
        objects.append(
            f"<</Type/Font/Subtype/Type0/BaseFont/F/Encoding/Identity-H/ToUnicode {number + 3} 0 R"
            "/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/F/DW 600"
            "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>"
        )
        ranges = f"<{units[:0]}0000> <FFFF> <0000>"
        cmap = (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def "
            f"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange {ranges} endbfrange "
            "endcmap end end"
        )
        objects.append(f"<</Length {len(cmap)}>>stream\n{cmap}\nendstream")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    trailer = "/Root 1 0 R"
    if encrypted:
        objects.append(f"<</Filter/Standard/V 1/R 2/Length 40/P -4/O<{'41' * 32}>/U<{'42' * 32}>>>")
        trailer += f"/Encrypt {len(objects)} 0 R/ID[<{'00' * 16}><{'00' * 16}>]"
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer<</Size {len(objects) + 1}{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def png(width: int, height: int) -> bytes:
    """A white picture of that size."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    lines = (b"\x00" + b"\xff" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def mapi(*properties: tuple[int, int, bytes]) -> bytes:
    """A list of MAPI properties (tag, type, value), MS-OXTNEF section 2.1.3.4."""
    out = struct.pack("<I", len(properties))
    for tag, kind, value in properties:
        out += struct.pack("<HH", kind, tag)
        if kind == 3:
            out += value
        else:
            out += struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def unicode_value(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def tnef(*attributes: tuple[int, int, bytes], codepage: int = 1251) -> bytes:
    """A winmail.dat of attributes (level, name, value), MS-OXTNEF section 2.1.3.1."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    for level, name, value in ((1, 0x9007, struct.pack("<II", codepage, 0)), *attributes):
        kind = {0x9007: 6, 0x9003: 6, 0x9005: 6, 0x8010: 1, 0x800F: 6, 0x9002: 6, 0x800C: 2}.get(name, 6)
        out += struct.pack("<BHHI", level, name, kind, len(value)) + value
        out += struct.pack("<H", sum(value) & 0xFFFF)
    return out


def tnef_file(name: str, octets: bytes, *more: tuple[int, int, bytes]) -> list[tuple[int, int, bytes]]:
    """The attributes of one file in a winmail.dat, its long name in Unicode."""
    return [
        (2, 0x9002, bytes(14)),
        (2, 0x8010, b"SHORT~1.DAT\0"),
        (2, 0x800F, octets),
        (2, 0x9005, mapi((0x3707, 0x1F, unicode_value(name)), *more)),
    ]


def compressed_rtf(rtf: bytes) -> bytes:
    """RTF as literals of the LZFu format (MS-OXRTFCP), with one reference into its dictionary."""
    pieces = bytearray()
    items: list[bytes] = [rtf[at : at + 1] for at in range(len(rtf))]
    if rtf.startswith(b"{\\rtf1\\ansi"):
        items = [struct.pack(">H", 0 << 4 | 9), *items[11:]]
    end = (207 + len(rtf)) % 4096
    items.append(struct.pack(">H", end << 4))
    for start in range(0, len(items), 8):
        run = items[start : start + 8]
        pieces.append(sum((len(item) == 2) << bit for bit, item in enumerate(run)))
        pieces += b"".join(run)
    return struct.pack("<II4sI", len(pieces) + 12, len(rtf), b"LZFu", 0) + bytes(pieces)


def mail(*files: tuple[str, str, bytes], text: str = "См. вложение.", extra: str = "") -> bytes:
    """A mail with attachments (content type, name, octets)."""
    import base64
    from urllib.parse import quote

    parts = [f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n".encode()]
    for content_type, name, octets in files:
        head = (
            f"Content-Type: {content_type}\nContent-Transfer-Encoding: base64\n"
            f"Content-Disposition: attachment; filename*=utf-8''{quote(name, safe='')}\n\n"
        )
        parts.append(head.encode() + base64.encodebytes(octets))
    header = (
        "From: seller@shop.example\nTo: seller-support@market.example\nSubject: files\n"
        "Date: Tue, 17 Nov 2026 12:30:00 +0300\nMessage-ID: <f@shop.example>\n"
        f'MIME-Version: 1.0\n{extra}Content-Type: multipart/mixed; boundary="mix"\n\n'
    )
    return header.encode() + b"".join(b"--mix\n" + part for part in parts) + b"--mix--\n"
