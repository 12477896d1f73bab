"""Mutations of real mails: what gateways, truncation and ill will do to octets.

A generator and seed mails go in, a mutated mail comes out; the same seed gives the same mails.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent.parent
MAX_BYTES: Final = 60_000
FRAGMENTS: Final = (
    b"\r\n", b"\n\n", b"\r", b"--", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xd0", b"\x1b$B",
    b"\x1b$)A\x0e", b"~{", b"=?gb2312?B?", b"=?utf-8?Q?=D0", b"?=", b"=", b"=\r\n",
    b'Content-Type: multipart/mixed; boundary="a"\n', b"Content-Type: message/rfc822\n\n",
    b"Content-Type: text/html\n\n", b"Content-Type: message/partial\n",
    b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n",
    b"charset=utf-7", b"charset=utf-16", b"charset=hz", b"name*0*=utf-8''%d0", b"filename*1=",
    b"<table><tr><td>", b"</table>", b"<blockquote>", b"<!--", b"-->", b"<![if", b"<style>", b"<a href=",
    b"display:none", b"&#x110000;", b"&amp", b"On 1 Jan 2026 at 10:00, a <b@c.d> wrote:\n", b"> ", b"-- \n",
    b"begin 644 a\n", b"=ybegin line=1 name=a\n", b"From: ", b"Subject: ", b"Message-ID: <",
    b"References: ", b"Date: ", b"Auto-Submitted: ", b"<a@b>", b",", b"(", b"[RZ-1]", b"\xe2\x80\xae",
    b"X" * 300, b"{", b"%%", b"\t", b"_" * 80, b"*" * 60, b"2026-02-30", b"1" * 40,
)  # fmt: skip


def seed_mails() -> list[bytes]:
    """Real mails of the test sets, the large ones cut."""
    paths = [
        *TESTS.glob("mails/*/*.eml"),
        *TESTS.glob("fixtures/mime/*/*.eml"),
        *TESTS.glob("fixtures/bounces/*.eml"),
    ]
    return [path.read_bytes()[:MAX_BYTES] for path in sorted(paths)]


def mutate(seeds: list[bytes], source: random.Random, *, max_bytes: int = 2 * MAX_BYTES) -> bytes:
    """One mail with one to eight changes, cut where they make it longer than `max_bytes`."""
    raw = bytearray(source.choice(seeds))
    for _ in range(source.randint(1, 8)):
        if not raw:
            break
        _CHANGES[source.randrange(len(_CHANGES))](raw, seeds, source)
    return bytes(raw[:max_bytes])


def _span(raw: bytearray, source: random.Random) -> slice:
    at = source.randrange(len(raw))
    return slice(at, min(len(raw), at + source.choice((1, 1, 2, 4, 16, 64, 400))))


def _insert(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    at = source.randrange(len(raw))
    raw[at:at] = source.choice(FRAGMENTS) * source.choice((1, 1, 1, 2, 50))


def _replace(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    raw[_span(raw, source)] = source.choice(FRAGMENTS)


def _delete(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    del raw[_span(raw, source)]


def _flip(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    for _ in range(source.randint(1, 20)):
        raw[source.randrange(len(raw))] = source.randrange(256)


def _drop_line(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    lines = raw.split(b"\n")
    del lines[source.randrange(len(lines))]
    raw[:] = b"\n".join(lines)


def _swap_lines(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    lines = raw.split(b"\n")
    one, two = source.randrange(len(lines)), source.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    raw[:] = b"\n".join(lines)


def _repeat(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    span = _span(raw, source)
    raw[span.start : span.start] = raw[span] * source.choice((1, 2, 20, 200))


def _splice(raw: bytearray, seeds: list[bytes], source: random.Random) -> None:
    other = source.choice(seeds)
    raw[source.randrange(len(raw)) :] = other[source.randrange(len(other) or 1) :]


def _truncate(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    del raw[source.randrange(len(raw)) :]


def _line_ends(raw: bytearray, _seeds: list[bytes], source: random.Random) -> None:
    raw[:] = raw.replace(b"\r\n", b"\n").replace(b"\n", source.choice((b"\r\n", b"\r", b"\n", b"\r\r\n")))


_CHANGES: Final = (
    _insert,
    _insert,
    _replace,
    _delete,
    _flip,
    _drop_line,
    _swap_lines,
    _repeat,
    _splice,
    _truncate,
    _line_ends,
)
