"""SMTP sessions from a grammar, and what ill will does to them.

A generator of numbers goes in, all octets that one client sends come out: right conversations with
every command and both ways of a body, their lines mutated, reordered, cut or repeated.
"""

from __future__ import annotations

import random
from typing import Final

MAILBOX: Final = b"support@razbor.test"
MAX_SESSION_BYTES: Final = 24_000  # both directions of a session fit the sockets' buffers
FRAGMENTS: Final = (
    b"\r", b"\n", b"\r\n", b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n.\r\n",
    b"\r\n..\r\n",
    b".", b"\0", b"\xff", b"\xed\xa0\x80", b"\xd0", "ж".encode(), b"\x1b[2J", b"\t", b" ", b"  ", b"<",
    b">", b"@", b":",
    b'"', b"\\", b"(", b",", b"=", b"%s%n", b"../", b"A" * 300, b"A" * 1100, b"SIZE=", b"SIZE=-1",
    b"SIZE=99999999999",
    b"BODY=8BITMIME", b"BODY=BINARYMIME", b"SMTPUTF8", b"RET=HDRS", b"NOTIFY=NEVER", b"AUTH=<>", b"LAST",
    b"0", b"-1",
    b"4294967296", b"18446744073709551616", b"\r\nDATA\r\n", b"\r\nQUIT\r\n", b"\r\nRSET\r\n",
    b"RCPT TO:<x@y>\r\n",
    b"MAIL FROM:<evil@b.example>\r\n", b"\xe2\x80\xa8", b"\xc2\x85", b"\x7f", b"\r\r\n",
)  # fmt: skip
_PLAIN: Final = (
    b"NOOP", b"NOOP x", b"RSET", b"RSET x", b"VRFY root", b"EXPN list", b"HELP", b"HELP MAIL",
    b"AUTH PLAIN AGEAYg==",
    b"AUTH LOGIN", b"ETRN x", b"TURN", b"HELO", b"EHLO", b"EHLO [IPv6:::1]", b"HELO a b",
    b"XCLIENT ADDR=1.1.1.1",
    b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2", b"GET / HTTP/1.1", b"", b".", b"QUIT x", b"DATA x", b"STARTTLS x",
    b"BDAT", b"BDAT x", b"BDAT -1 LAST", b"BDAT 99999999999999999999",
)  # fmt: skip
_SENDERS: Final = (
    b"<seller@shop.example>", b"<>", b"<a@b.example> SIZE=100", b"<a@b.example> BODY=8BITMIME SMTPUTF8",
    b" <a@b.example>",
    "<анна@пример.example> SMTPUTF8".encode(), b'<"a b"@c.example>', b"<@x,@y:a@b.example>",
    b"<a@b.example> X=1",
    b"<a@b.example> SIZE=999999999", b"a@b.example", b"<" + b"a" * 400 + b"@b.example>", b"<a@b.example",
    b"<<a@b>>",
)  # fmt: skip
_RECIPIENTS: Final = (
    b"<support@razbor.test>", b"<support@razbor.test>", b"<SUPPORT@Razbor.Test>",
    b"<other@elsewhere.example>", b"<>",
    b"<postmaster>", b"<support@razbor.test> NOTIFY=NEVER", b"support@razbor.test",
    b"<support%a@razbor.test>",
    b'<"support"@razbor.test>', b"<@x:support@razbor.test>",
)  # fmt: skip
_LINES: Final = (
    b"Subject: x", b"From: a@b.example", b"", b"words", b".", b"..", b". x", b"\xff\xfe", b"x" * 1200,
    b"\0", b"QUIT", b"DATA",
    b"MAIL FROM:<evil@b.example>", b"\n.", b"\r.", b".\r", b"a\nb", b"a\rb", "Недостача".encode(),
)  # fmt: skip


def session(source: random.Random) -> bytes:
    """Return what a client sends, from its greeting to the words that end any state it may be in."""
    said = bytearray()
    if source.random() < 0.9:
        said += source.choice((b"EHLO client.example\r\n", b"HELO client.example\r\n", b"ehlo x\r\n"))
    for _ in range(source.randint(1, 12)):
        said += _plain(source) if source.random() < 0.3 else _mail(source)
        if len(said) > MAX_SESSION_BYTES:
            break
    if source.random() < 0.6:
        for _ in range(source.choice((1, 1, 2, 6))):
            _mutate(said, source)
    if source.random() < 0.02:
        at = source.randrange(len(said) + 1)
        said[at:at] = b"\r\nSTARTTLS\r\n"
    return bytes(said[:MAX_SESSION_BYTES]) + b"\r\n.\r\nRSET\r\nQUIT\r\n"


def _plain(source: random.Random) -> bytes:
    return source.choice(_PLAIN) + b"\r\n"


def _mail(source: random.Random) -> bytes:
    """One mail; each of its steps may be missing, doubled or another one."""
    well = source.random() < 0.5
    steps = [b"MAIL FROM:" + (_SENDERS[0] if well else source.choice(_SENDERS)) + b"\r\n"]
    recipients = source.choice((1, 1, 2, 5, 110 if source.random() < 0.02 else 1))
    steps += [
        b"RCPT TO:" + source.choice(_RECIPIENTS[: 2 if well else None]) + b"\r\n" for _ in range(recipients)
    ]
    steps.append(_chunks(source, well=well) if source.random() < 0.35 else _data(source))
    if not well and source.random() < 0.5:
        at = source.randrange(len(steps))
        change = source.randrange(3)
        if change == 0:
            del steps[at]
        elif change == 1:
            steps.insert(at, steps[at])
        else:
            steps.insert(at, _plain(source))
    return b"".join(steps)


def _body(source: random.Random) -> bytes:
    return b"".join(source.choice(_LINES) + b"\r\n" for _ in range(source.randint(0, 8)))


def _data(source: random.Random) -> bytes:
    return b"DATA\r\n" + _body(source) + b".\r\n"


def _chunks(source: random.Random, *, well: bool) -> bytes:
    said = b""
    for left in reversed(range(source.randint(1, 3))):
        octets = _body(source)
        size = len(octets) if well else max(0, len(octets) + source.choice((0, 0, -1, 1, 40)))
        said += b"BDAT %d%s\r\n%s" % (size, b"" if left else source.choice((b" LAST", b" last", b"")), octets)
    return said


def _mutate(said: bytearray, source: random.Random) -> None:
    """Make one change anywhere."""
    if not said:
        return
    at = source.randrange(len(said))
    change = source.randrange(6)
    if change <= 1:
        said[at:at] = source.choice(FRAGMENTS)
    elif change == 2:
        said[at : at + source.choice((1, 2, 4, 40))] = source.choice(FRAGMENTS)
    elif change == 3:
        del said[at : at + source.choice((1, 2, 8, 80))]
    elif change == 4:
        said[at] = source.randrange(256)
    else:
        said[at:at] = said[at : at + source.choice((4, 30, 200))] * source.choice((1, 3, 20))
