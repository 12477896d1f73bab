"""The body of one mail, by DATA or in chunks (BDAT): pieces in as they arrive, the mail's bytes out.

Only CRLF.CRLF ends a body of DATA (RFC 5321 4.1.1.4): a bare CR or LF, alone or around a dot, is
kept as received, so that no two servers can disagree about where a mail ends. A dot that the
sender put in front of a line is taken away (4.5.2). Once a limit is broken nothing is kept any
more, the rest is read and thrown away, and the refusal is given at the end, where the sender
listens for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from intake.smtp_replies import Reply

if TYPE_CHECKING:
    from intake.limits import Limits, MemoryBudget

LINE_WITH_DOT: Final = b"\r\n."
END: Final = LINE_WITH_DOT + b"\r\n"
OVERLAP: Final = len(END) - 1  # that much of the last chunk may belong to the end mark


class DataCollector:
    """Collects one body at a time. `refusal` is set as soon as a limit is broken."""

    __slots__ = ("_budget", "_buffer", "_has_dots", "_limits", "_line_start", "_reserved_bytes", "refusal")

    def __init__(self, limits: Limits, budget: MemoryBudget) -> None:
        """Collect bodies under `limits`, one after the other; large ones take memory from `budget`."""
        self._limits = limits
        self._budget = budget
        self._reserved_bytes = 0
        self.reset()

    def reset(self) -> None:
        """Forget the body and give its memory back."""
        self._buffer = bytearray(b"\r\n")  # as if a line had just ended: an empty body begins with the dot
        self._line_start = len(self._buffer)
        self._has_dots = False  # at the beginning of a line, but the one of the end mark
        self._budget.give_back(self._reserved_bytes)
        self._reserved_bytes = 0
        self.refusal: Reply | None = None

    def feed(self, chunk: bytes | bytearray) -> bytes | None:
        """Take the next piece. Return None while the body goes on, else what came after its end."""
        buffer = self._buffer
        search_from = max(0, len(buffer) - OVERLAP)
        buffer += chunk
        rest = b""
        # One look at the octets for both: dots at the beginning of lines, and the end mark, which has one.
        end = buffer.find(LINE_WITH_DOT, search_from)
        if end >= 0 and not buffer.startswith(END, end):
            self._has_dots = True
            end = buffer.find(END, end + 1)
        if end >= 0:
            after = end + len(END)
            if after < len(buffer):
                rest = bytes(buffer[after:])
            del buffer[end + 2 :]
        if self.refusal is None:
            self.refusal = self._broken_limit(complete=end >= 0)
        if self.refusal is not None:
            self._discard()
        return rest if end >= 0 else None

    def add(self, octets: bytes) -> None:
        """Take octets of a chunk (RFC 3030): no dot is stuffed in them, and nothing in them ends the body."""
        self._buffer += octets
        if self.refusal is None:
            self.refusal = self._broken_limit(complete=True, is_stuffed=False)
        if self.refusal is not None:
            self._discard()

    def content(self, *, is_stuffed: bool = True) -> bytes:
        """Hand over the whole body, dots unstuffed; once, when its end has come."""
        body, self._buffer = self._buffer, bytearray()
        if self._has_dots and is_stuffed:
            body = body.replace(LINE_WITH_DOT, b"\r\n")
        del body[:2]
        return bytes(body)

    def _broken_limit(self, *, complete: bool, is_stuffed: bool = True) -> Reply | None:
        """Check size, memory and line length of what is in the buffer."""
        limits = self._limits
        size_bytes = len(self._buffer) - 2
        if size_bytes > limits.max_message_bytes:
            # Stuffed dots do not count (RFC 1870 section 3); they are a quarter of a body at most.
            if complete and is_stuffed:
                size_bytes -= self._buffer.count(LINE_WITH_DOT)
            if size_bytes > limits.max_message_bytes * (1 if complete else 4 / 3):
                return Reply.TOO_LARGE
        if size_bytes > limits.small_mail_bytes:
            more_bytes = max(0, size_bytes - self._reserved_bytes)
            if not self._budget.take(more_bytes):
                return Reply.SHORT_OF_MEMORY
            self._reserved_bytes += more_bytes
        # Jump from line end to line end, as far as the limit reaches: a few steps for megabytes.
        longest_bytes = limits.max_line_bytes + len(b".\r\n")
        while len(self._buffer) - self._line_start > longest_bytes:
            line_end = self._buffer.rfind(b"\r\n", self._line_start, self._line_start + longest_bytes)
            if line_end < 0:
                return Reply.LINE_TOO_LONG
            self._line_start = line_end + 2
        return None

    def _discard(self) -> None:
        """Keep only what may be the beginning of the end mark."""
        del self._buffer[:-OVERLAP]
        self._budget.give_back(self._reserved_bytes)
        self._reserved_bytes = 0
