"""Valid files mutilated at random: every reader answers or refuses, in bounded time, and the parent lives."""

import contextlib
import random
import time
from collections.abc import Callable

import pytest

from intake.archive_members import readable_members
from intake.calendar_parts import calendar_text
from intake.file_texts import read_file_text
from intake.file_types import sniff
from intake.file_warnings import file_warnings
from intake.image_sizes import pixel_size
from intake.read_mail import ReadOptions, read_mail
from intake.reader_process import ReadingBudget
from intake.rtf_text import decompress_rtf, rtf_body
from intake.tnef_reader import read as read_tnef
from intake.unreadable import UnreadableFileError
from tests.intake.attachment_files import (
    archive,
    compressed_rtf,
    docx,
    mail,
    mapi,
    pdf,
    png,
    tnef,
    tnef_file,
    workbook,
)

CALENDAR = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Moscow:20261120T100000\r\n"
    b'SUMMARY:x\\, y\r\nATTENDEE;PARTSTAT=ACCEPTED;CN="a;b":mailto:a@b.example\r\nEND:VEVENT\r\n'
)
RTF = rb"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 Arial;}}\f0 abc \'cf\u1055?\par{\*\x y}}"
FILES = {
    "a.xlsx": workbook(["SKU", "n"], [148000000, 1.5]),
    "b.pdf": pdf("Акт 4471", "two"),
    "c.docx": docx("Накладная", "x"),
    "d.zip": archive({"list.csv": "sku;n\n1;2\n", "a/b.pdf": "x"}),
    "e.csv": 'Артикул;Кол-во\n"a\nb";2\n'.encode("cp1251"),
    "f.ics": CALENDAR,
    "winmail.dat": tnef(
        (1, 0x9003, mapi((0x1009, 0x102, compressed_rtf(RTF)))), *tnef_file("x.csv", b"1;2\n")
    ),
    "g.png": png(30, 20),
    "h.html": b"<html><table><tr><td>SKU<td>1</table>",
    "i.eml": mail(("text/csv", "a.csv", b"sku;n\n1;2\n")),
}


def mutilated(octets: bytes, chance: random.Random) -> bytes:
    out = bytearray(octets)
    for _ in range(chance.choice((1, 2, 4, 12))):
        if not out:
            break
        at = chance.randrange(len(out))
        end = min(len(out), at + chance.randrange(1, 40))
        out = chance.choice(MUTATIONS)(out, at, end, chance)
    return bytes(out)


MUTATIONS: tuple[Callable[[bytearray, int, int, random.Random], bytearray], ...] = (
    lambda out, at, end, chance: out[:at] + bytes([chance.randrange(256)]) + out[at + 1 :],
    lambda out, at, end, chance: out[:at] + out[end:],
    lambda out, at, end, chance: out[:at] + out[at:end] * chance.choice((2, 50)) + out[end:],
    lambda out, at, end, chance: out[:at] + bytes([chance.choice((0, 255))]) * (end - at) + out[end:],
    lambda out, at, end, chance: out[:at] + b"\xff\xff\xff\x7f" + out[at + 4 :],
    lambda out, at, end, chance: out[:at] if chance.random() < 0.3 else out,
)


def read_in_this_process(name: str, octets: bytes) -> None:
    """Everything that happens to a file outside the child process, and the child's own Python code."""
    content_type = sniff(octets, name).content_type
    file_warnings(name, content_type, octets)
    pixel_size(octets)
    read_file_text(octets, name, content_type, ReadingBudget(processes=0))
    for reader in (lambda: list(readable_members(octets)), lambda: read_tnef(octets)):
        with contextlib.suppress(UnreadableFileError):
            reader()


def test_mutilated_files_never_raise_and_never_take_long() -> None:
    chance = random.Random(20261122)
    for _ in range(1_200):
        name = chance.choice(list(FILES))
        octets = mutilated(FILES[name], chance)
        before_s = time.process_time()
        read_in_this_process(name, octets)
        assert time.process_time() - before_s < 1.0, f"{name}: {octets!r}"


def test_mutilated_bodies_of_winmail_never_raise() -> None:
    chance = random.Random(7)
    for _ in range(400):
        for reader, octets in ((rtf_body, RTF), (decompress_rtf, compressed_rtf(RTF))):
            with contextlib.suppress(UnreadableFileError):
                reader(mutilated(octets, chance))


def test_mutilated_files_in_mails_leave_a_record() -> None:
    chance = random.Random(3)
    for name in ("a.xlsx", "b.pdf", "winmail.dat", "d.zip") * 4:
        octets = mutilated(FILES[name], chance)
        read = read_mail(mail(("application/octet-stream", name, octets)), None, ReadOptions())
        assert read.text == "См. вложение."


@pytest.mark.parametrize(
    "line",
    [b"ATTENDEE" + b";CN=x;" * 60 + b"no colon", b'A;B="' + b'x";"' * 200, b"A" * 4_000, b"A;" * 3_000],
    ids=["parameters", "quotes", "name", "semicolons"],
)
def test_calendar_lines_are_read_once(line: bytes) -> None:
    # A first pattern for these lines tried every way to cut the parameters: found by mutilation.
    before_s = time.process_time()
    calendar_text(CALENDAR.replace(b"SUMMARY", line + b"\r\nSUMMARY"))
    assert time.process_time() - before_s < 0.5


def test_a_member_without_a_name_is_passed_over() -> None:
    octets = archive({"qqq": "x", "b.csv": "sku;n\n1;2\n"}).replace(b"qqq", b"\0qq")  # found by mutilation
    read = read_file_text(octets, "a.zip", "application/zip", ReadingBudget(processes=0))
    assert read.text == "b.csv (10 bytes)"
    assert [name for name, _, _ in readable_members(octets)] == ["b.csv"]
