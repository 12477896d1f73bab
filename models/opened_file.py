"""A file of a mail as it was sent, on its way to a person."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """Octets of an attachment with its stored name and its media type by content."""

    name: str
    content_type: str
    octets: bytes = field(repr=False)
