"""What an SMTP server owes a client, worked out a second time and without its code.

In go the octets that a client sent and those that came back, out comes how many inputs that were and
which mails were promised. One reply per command line, body or chunk, in their order, well formed; only
CRLF.CRLF ends a body of DATA (RFC 5321 4.1.1.4), only the announced number of octets a chunk (RFC 3030).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from tests.fuzz.campaign import FindingError

MAX_REPLY_BYTES: Final = 512  # RFC 5321 4.5.3.1.5
STORED: Final = b"250 2.6.0 Accepted and stored\r\n"
_REPLY: Final = re.compile(rb"([2-5])(\d\d) (?:([245])\.\d{1,3}\.\d{1,3} )?[\x20-\x7e]+\r\n")
_CONTINUED: Final = re.compile(rb"250-[\x20-\x7e]+\r\n")
_CHUNK: Final = re.compile(rb"(?i)bdat +([0-9]{1,20})(?: +(last))? *\r\n")
_FORGETS: Final = re.compile(rb"(?i)(?:ehlo|helo|rset)\b")
_PLAIN_REPLIES: Final = (b"220 ", b"250 razbor", b"250 HELP", b"354 ")  # without an enhanced code, RFC 2034


@dataclass
class Walk:
    """Both directions of one session, walked side by side."""

    sent: bytes
    replies: list[bytes]
    is_cut: bool = False  # the last replies may be missing
    inputs: int = 0
    promised: list[bytes] = field(default_factory=list)  # bodies that were answered with STORED
    _at: int = 0
    _reply: int = 0
    _chunks: list[bytes] = field(default_factory=list)
    _is_over: bool = False

    def run(self) -> Walk:
        """Walk to the end; raises FindingError where a reply does not fit."""
        self._next()  # the greeting
        while not self._is_over:
            end = self.sent.find(b"\n", self._at) + 1
            if not end:
                break
            line, self._at = self.sent[self._at : end], end
            self._obey(line)
        if self._reply != len(self.replies):
            raise FindingError(f"{len(self.replies) - self._reply} replies too many", self.sent)
        return self

    def _obey(self, line: bytes) -> None:
        chunk = _CHUNK.fullmatch(line)
        if chunk is not None and len(line) <= 1024:
            self._take_chunk(int(chunk[1]), is_last=chunk[2] is not None)
            return
        reply = self._next()
        self.inputs += 1
        if reply.startswith(b"354 "):
            self._take_body()
        elif reply.startswith(b"220 ") and line.upper().startswith(b"STARTTLS"):
            self._is_over = True  # what follows is no TLS and no command (RFC 3207)
        elif reply.startswith(b"250") and _FORGETS.match(line):
            self._chunks.clear()
        elif reply.startswith(b"501 5.5.4 Not understood: write BDAT"):
            self._is_over = True  # where the octets end is not known

    def _take_body(self) -> None:
        """Take what stands between the 354 and the end mark, dots unstuffed."""
        stuffed = b"\r\n" + self.sent[self._at :]
        end = stuffed.find(b"\r\n.\r\n")
        if end < 0:
            self._at = len(self.sent)
            return
        self._at += end + 3
        self._settle(stuffed[2 : end + 2] if end else b"", is_stuffed=True)

    def _take_chunk(self, size_bytes: int, *, is_last: bool) -> None:
        octets = self.sent[self._at : self._at + size_bytes]
        if len(octets) < size_bytes:
            # It never came: only what ends the session at once is said.
            self._at = len(self.sent)
            self._is_over = True
            if self._reply < len(self.replies):
                self._next()
            return
        self._at += size_bytes
        self.inputs += 1
        if is_last:
            self._settle(octets, is_stuffed=False)
        elif self._next().startswith(b"250"):
            self._chunks.append(octets)
        else:
            self._chunks.clear()

    def _settle(self, octets: bytes, *, is_stuffed: bool) -> None:
        self.inputs += is_stuffed
        if self._next() == STORED:
            whole = (b"\r\n" + octets).replace(b"\r\n.", b"\r\n")[2:] if is_stuffed else octets
            self.promised.append(b"".join(self._chunks) + whole)
        self._chunks.clear()

    def _next(self) -> bytes:
        """Return the last line of the next reply and look at its form."""
        while self._reply < len(self.replies) and _CONTINUED.fullmatch(self.replies[self._reply]):
            self._reply += 1
        if self._reply >= len(self.replies) and self.is_cut:
            self._is_over = True
            return b"421 4.4.2 lost"
        if self._reply >= len(self.replies):
            raise FindingError(f"no reply to input {self.inputs}", self.sent)
        reply = self.replies[self._reply]
        self._reply += 1
        form = _REPLY.fullmatch(reply)
        if form is None or len(reply) > MAX_REPLY_BYTES:
            raise FindingError(f"not a reply: {reply!r}", self.sent)
        if form[3] != form[1] and not reply.startswith(_PLAIN_REPLIES):
            raise FindingError(f"enhanced code of another class: {reply!r}", self.sent)
        if b"A fault on our side" in reply:
            raise FindingError("a fault in the session", self.sent)
        self._is_over = self._is_over or form[1] + form[2] in {b"221", b"421"}
        return reply
