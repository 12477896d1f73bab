"""Invitations and their answers (RFC 5545, RFC 5546): what they say, in a few lines.

Octets of a text/calendar part go in, its method, summary and times come out as text an
operator can read. Nothing is calculated: times are shown with the zone they name. An
answer to an invitation (method REPLY) is written by a button, not by a person.
"""

from __future__ import annotations

import re
from typing import Final

from intake.charset import decode_text
from intake.mime_tree import Part, walk

MAX_BYTES: Final = 200_000
MAX_LINES: Final = 4_000
MAX_VALUE_CHARS: Final = 2_000
CALENDAR: Final = frozenset({"text/calendar", "application/ics"})
_METHOD: Final = re.compile(rb"^METHOD[ \t]*:[ \t]*([A-Za-z-]{1,20})", re.IGNORECASE | re.MULTILINE)
_FOLD: Final = re.compile(r"\r?\n[ \t]")
# NAME;PARAMETER="a:b":VALUE, RFC 5545 section 3.1; possessive, so that no line is read twice.
_LINE: Final = re.compile(r"([A-Za-z-]{1,40}+)((?:;[^\":]*+(?:\"[^\"]*+\"[^\":]*+)*+)?+):(.*)")
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z?))?")
_ZONE: Final = re.compile(r";TZID=\"?([^;:\"]{1,60})", re.IGNORECASE)
_ANSWER: Final = re.compile(r";PARTSTAT=([A-Z-]{1,20})", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\([nN,;\\])")
_ANSWERS: Final = frozenset({"REPLY", "REFRESH", "DECLINECOUNTER", "CANCEL"})  # RFC 5546 section 3.2
_QUESTION: Final = re.compile(r"[?？](?=\s|$)")
_SAMPLE_CHARS: Final = 1_500
_SHOWN: Final = ("SUMMARY", "DTSTART", "DTEND", "LOCATION", "STATUS", "ORGANIZER", "COMMENT", "DESCRIPTION")


def calendar_method(root: Part) -> str:
    """Name the method of the first calendar part in capitals (REQUEST, CANCEL, REPLY, ...), "" for none."""
    for part in walk(root):
        if part.content_type in CALENDAR:
            declared = part.parameters.get("method", "").upper()
            if declared:
                return declared
            found = _METHOD.search(part.octets()[0][:MAX_BYTES])
            return found[1].decode("ascii").upper() if found else "PUBLISH"
    return ""


def is_calendar_answer(root: Part, text: str) -> bool:
    """Tell the answer to an invitation, or its withdrawal, in which nobody asks anything.

    `text` is the whole letter: who answers an invitation with a question of his own is a person.
    """
    return calendar_method(root) in _ANSWERS and not _QUESTION.search(text[:_SAMPLE_CHARS])


def calendar_words(parts: list[Part]) -> str:
    """Return what the first calendar among `parts` says, "" when there is none."""
    for part in parts:
        if part.content_type in CALENDAR:
            return calendar_text(part.octets()[0], part.parameters.get("charset", ""))
    return ""


def calendar_text(octets: bytes, charset: str = "") -> str:
    """Show method, summary, times, place and description of the first event, one per line; "" for none."""
    text = _FOLD.sub("", decode_text(octets[:MAX_BYTES], charset or "utf-8").text)
    method = ""
    values: dict[str, str] = {}
    inside: list[str] = []
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        found = _LINE.fullmatch(line.strip("\r"))
        if not found:
            continue
        name, settings, value = found[1].upper(), found[2], found[3].strip()[:MAX_VALUE_CHARS]
        if name == "BEGIN":
            inside.append(value.upper())
        elif name == "END":
            if inside[-1:] in (["VEVENT"], ["VTODO"]) and values:
                break
            inside = inside[:-1]
        elif name == "METHOD" and len(inside) <= 1:
            method = value.upper()
        elif inside[-1:] in (["VEVENT"], ["VTODO"]):
            _take(values, name, settings, value)
    lines = [f"METHOD: {method}"] if method else []
    lines += [f"{name}: {values[name]}" for name in (*_SHOWN, "ATTENDEE") if values.get(name)]
    return "\n".join(lines).replace("\x00", "")


def _take(values: dict[str, str], name: str, settings: str, value: str) -> None:
    if name in {"DTSTART", "DTEND"}:
        values.setdefault(name, _shown_time(settings, value))
    elif name == "ATTENDEE":
        answer = _ANSWER.search(settings)
        if answer and answer[1].upper() != "NEEDS-ACTION":
            values.setdefault(name, f"{_address(value)} {answer[1].upper()}")
    elif name == "ORGANIZER":
        values.setdefault(name, _address(value))
    elif name in _SHOWN:
        values.setdefault(name, _ESCAPE.sub(lambda sign: "\n" if sign[1] in "nN" else sign[1], value))


def _address(value: str) -> str:
    return re.sub(r"^mailto:", "", value, flags=re.IGNORECASE)[:250]


def _shown_time(settings: str, value: str) -> str:
    found = _TIME.fullmatch(value)
    if not found:
        return value[:40]
    day = f"{found[1]}-{found[2]}-{found[3]}"
    if not found[4]:
        return day
    zone = _ZONE.search(settings)
    return f"{day} {found[4]}:{found[5]}{' UTC' if found[6] else f' {zone[1]}' if zone else ''}"
