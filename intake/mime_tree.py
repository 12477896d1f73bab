"""The MIME tree of a mail, cut from its octets in one pass (RFC 2046 section 5.1).

Octets go in, a tree of parts with offsets comes out; nothing is copied or decoded here. The
standard library's parser was measured and not used for this step: it sends every line
through one generator per open level (a 25 MB mail at depth 50 took 7.7 s, here 0.05 s),
raises RecursionError on deep nesting and holds the mail several times over. Here a part
costs one dictionary look-up per line that begins with two dashes, whatever the depth.

What real mails break is mended where their structure still says what was meant: a boundary
that is not the declared one, a multipart without its end (the boundaries around it end it, its
own stay in force, the part that was cut off is marked), a first part whose delimiter was lost
so that its header follows the multipart's, a close delimiter glued to the last words.

Parts past `MAX_PARTS`, levels past `MAX_DEPTH` and boundary lines past `MAX_BOUNDARY_LINES`
are not opened: they stay inside the part they stand in, and the tree says so in `limits`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from intake import headers
from intake.boundaries import boundary_in_force, boundary_lines, declared_boundary, glued_close
from intake.header_block import HeaderBlock, split_header
from intake.transfer import IDENTITY, decode_transfer

MAX_PARTS: Final = 1_000
MAX_DEPTH: Final = 50
MAX_BOUNDARY_LINES: Final = 20_000


@dataclass(slots=True)
class Part:
    """One node of the tree. Body octets are `raw[start:end]` of the mail it was cut from."""

    header: HeaderBlock
    content_type: str  # type/subtype, lower case
    start: int
    end: int
    raw: bytes = field(repr=False)
    children: list[Part] = field(default_factory=list)
    header_start: int = 0
    whole: bool = True  # False: the structure is torn here, no delimiter of its multipart ends this part
    _parameters: dict[str, str] | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the Content-Type field, names in lower case."""
        if self._parameters is None:
            self._parameters = headers.parameters(self.header.first("content-type")[:4096])
        return self._parameters

    @property
    def preamble_end(self) -> int:
        """Offset up to which a multipart has text in front of its first part."""
        if not self.children:
            return self.start
        first = self.raw.rfind(b"\n--", self.start, self.children[0].header_start)
        return max(first, self.start)

    @property
    def encoding(self) -> str:
        """Content transfer encoding in lower case, without comments."""
        value = self.header.first("content-transfer-encoding").decode("ascii", "replace")
        return value.split("(")[0].split(";")[0].strip().strip('"').lower()

    @property
    def disposition(self) -> str:
        """`inline`, `attachment` or "" (no or an empty field)."""
        value = self.header.first("content-disposition").decode("ascii", "replace")
        return value.split(";")[0].strip().strip('"').lower()

    def octets(self) -> tuple[bytes, str]:
        """Decode the body; with it comes a warning about its transfer encoding."""
        return decode_transfer(self.raw[self.start : self.end], self.encoding)

    def text_octets(self) -> tuple[bytes, str]:
        """Decode the body as that of a text: what ends its lines on the way is one line feed.

        Quoted-printable has hard breaks of its own (RFC 2045 6.7 rule 4): two octets there would shift all
        that follows in UTF-16, and the choice of a charset must not hang on them.
        """
        return decode_transfer(self.raw[self.start : self.end].replace(b"\r\n", b"\n"), self.encoding)


@dataclass(frozen=True, slots=True)
class Tree:
    """The root part and the limits that were hit on the way."""

    root: Part
    limits: tuple[str, ...] = ()


@dataclass(slots=True)
class _Frame:
    boundary: bytes
    level: int  # index of its multipart among the open parts
    part: Part


class _Builder:
    """The state of the one pass: the open parts from the root down, the boundaries in force."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.open: list[Part] = []
        self.frames: list[_Frame] = []
        self.interrupted: dict[bytes, None] = {}  # boundaries of multiparts that ended without their end
        self.parts = 0
        self.limits: dict[str, None] = {}

    def begin(self, at: int, default_type: str = "text/plain") -> Part:
        """Open the part whose header begins at `at`, and what opens with it."""
        header = split_header(self.raw, at, boundaries=bool(self.frames))
        declared = header.first("content-type")
        part = Part(
            header,
            headers.media_type(declared) or default_type,
            header.body_start,
            len(self.raw),
            self.raw,
            header_start=at,
        )
        self.parts += 1
        if header.overlong:
            self.limits["header: too large, its end was not read"] = None
        self.open.append(part)
        if len(self.open) > MAX_DEPTH:
            self.limits[f"parts: nested deeper than {MAX_DEPTH}, the innermost were not opened"] = None
        elif part.content_type.startswith("multipart/"):
            self._open_multipart(part, declared)
        elif part.content_type in {"message/rfc822", "message/global"} and part.encoding in IDENTITY:
            part.children.append(self.begin(part.start))
        return part

    def _open_multipart(self, part: Part, declared: bytes) -> None:
        boundary = declared_boundary(part.parameters.get("boundary", ""), declared)
        around = [frame.boundary for frame in self.frames]
        boundary = boundary_in_force(self.raw, part.start, boundary, outermost=not around, others=around)
        if not boundary:
            return
        self.frames.append(_Frame(boundary, len(self.open) - 1, part))
        inner = part.header.after_repeated("content-type")
        if inner is not None and not (kind := headers.media_type(inner.first("content-type"))).startswith(
            "multipart/"
        ):
            # The delimiter of the first part was lost: two headers in one, and the part's own body.
            first = Part(inner, kind or "text/plain", part.start, len(self.raw), self.raw)
            part.children.append(first)
            self.open.append(first)

    def close(self, frame_number: int, line_start: int) -> None:
        """End everything inside the multipart of that frame at the boundary line."""
        frame = self.frames[frame_number]
        end = (
            line_start - 1
            if line_start > 0 and self.raw[line_start - 1 : line_start] == b"\n"
            else line_start
        )
        end -= self.raw[end - 1 : end] == b"\r"
        self._cut_off(frame_number + 1)
        for part in self.open[frame.level + 1 :]:
            part.end = max(part.start, end)
        del self.open[frame.level + 1 :]
        for broken in self.frames[frame_number + 1 :]:
            self.interrupted.setdefault(broken.boundary, None)
        del self.frames[frame_number + 1 :]

    def _cut_off(self, frame_number: int) -> None:
        """Mark the open parts of that frame and of those inside it: no delimiter of theirs ends them."""
        if frame_number < len(self.frames):
            for part in self.open[self.frames[frame_number].level + 1 :]:
                part.whole = False

    def finish(self) -> None:
        """End what the mail leaves open."""
        last = self.open[-1].start if self.open else 0
        at, number = glued_close(self.raw, last, [frame.boundary for frame in self.frames])
        if number >= 0:
            self.close(number, at)
            del self.frames[number:]
        if self.interrupted:
            self._cut_off(0)  # without a torn structure, only the end of the last part is missing

    def match(self, content: bytes) -> tuple[int, bool] | None:
        """Find the frame that a boundary line belongs to: its number, and whether the line closes it."""
        for number in range(len(self.frames) - 1, -1, -1):
            boundary = self.frames[number].boundary
            if content == boundary:
                return number, False
            if content == boundary + b"--":
                return number, True
        if self.interrupted and content.removesuffix(b"--") in self.interrupted:
            return len(self.frames) - 1, False  # no line of a letter looks so: another part begins
        return None


def cut(raw: bytes) -> Tree:
    """Cut a mail into its parts. Any octets give a tree; an empty mail is one empty text part."""
    builder = _Builder(raw)
    root = builder.begin(0)
    lines = boundary_lines(raw, root.start)
    for seen, (line_start, line_end, content) in enumerate(lines):
        if not builder.frames:
            break
        if seen >= MAX_BOUNDARY_LINES:
            builder.limits["parts: too many boundary lines, the rest was not cut"] = None
            break
        if line_start < builder.open[-1].start:
            continue  # still inside a header
        found = builder.match(content)
        if found is None:
            continue
        number, closes = found
        builder.close(number, line_start)
        frame = builder.frames[number]
        if closes:
            del builder.frames[number]
        elif builder.parts >= MAX_PARTS:
            builder.limits[f"parts: more than {MAX_PARTS}, the rest was not opened"] = None
            break
        else:
            default = "message/rfc822" if frame.part.content_type == "multipart/digest" else "text/plain"
            frame.part.children.append(builder.begin(line_end, default))
    builder.finish()
    return Tree(root, tuple(builder.limits))


def walk(part: Part) -> Iterator[Part]:
    """Every part, parents before their children."""
    stack = [part]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))
