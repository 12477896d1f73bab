"""What is opened of a mail, on its way to a person: a file as it was sent, the words of a held one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """Octets of an attachment with its stored name and its media type by content."""

    name: str
    content_type: str
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPreview:
    """The first words of a mail that could not be read, as plain text without secrets."""

    text: str = field(repr=False)
    rough_because: str = ""  # why they were not found as reading finds them; "" when they were
