"""Addresses as SMTP commands carry them, and which of them are ours.

`split_path` takes the usual `<name@domain.example>` at a fraction of the price of a full
parser; whatever looks otherwise it leaves to the SMTP library's parser. `Mailboxes` decides at
RCPT: configured mailboxes, their plus-addresses, whole domains (`*@domain`) and our signed
bounce addresses are ours, all else is refused, so nothing is ever relayed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from intake.smtp_replies import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

# RFC 5321 4.1.2, the dot-string and domain that nearly every address is; lengths of 4.5.3.1
_USUAL_PATH: Final = re.compile(
    r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255})>(?: +(.*))?", re.DOTALL
)
MAX_ADDRESS_CHARACTERS: Final = 320
MAX_SIZE_DIGITS: Final = 20  # RFC 1870 section 3
BOUNCE_PREFIX: Final = "bounce+"


def split_path(argument: str) -> tuple[str, str] | None:
    """Split `<address> PARAMETERS`, as it stands after FROM: or TO:; None when it is unusual.

    The null reverse-path `<>` gives an empty address.
    """
    match = _USUAL_PATH.fullmatch(argument)
    if match:
        return match[1], match[2] or ""
    if argument.startswith("<>"):
        return "", argument[2:].strip()
    return None


def split_parameters(text: str) -> dict[str, str] | None:
    """Read ESMTP parameters (`SIZE=100 BODY=8BITMIME`): upper-case names; None on bad syntax.

    A parameter without a value gives "". RFC 5321 4.1.2, esmtp-param.
    """
    parameters: dict[str, str] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not name.replace("-", "").isalnum() or (equals and not value):
            return None
        parameters[name.upper()] = value
    return parameters


class Mailboxes:
    """The addresses that receive mail here."""

    def __init__(self, mailboxes: Iterable[str], mail_domain: str) -> None:
        """Take addresses and `*@domain` patterns; bounces come back to `mail_domain` ("": nowhere)."""
        known = [_folded(mailbox) for mailbox in mailboxes]
        self._addresses = frozenset(f"{local}@{domain}" for local, domain in known if local != "*")
        self._domains = frozenset(domain for local, domain in known if local == "*")
        self._bounce_domain = _folded(f"x@{mail_domain}")[1] if mail_domain else None

    def __contains__(self, address: object) -> bool:
        """Tell whether mail to this address is for us."""
        if address in self._addresses:
            return True
        if not isinstance(address, str):
            return False
        local, domain = _folded(address)
        if not local or not domain:
            return False
        if f"{local}@{domain}" in self._addresses or domain in self._domains:
            return True
        name, plus, _tag = local.partition("+")
        if plus and f"{name}@{domain}" in self._addresses:
            return True
        return domain == self._bounce_domain and local.startswith(BOUNCE_PREFIX) and local != BOUNCE_PREFIX


def _folded(address: str) -> tuple[str, str]:
    """Split at the last @ and fold case; a domain in letters of any script becomes its ASCII form."""
    local, _at, domain = address.lower().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            return local, ""
    return local, domain


def refused_parameters(text: str, max_message_bytes: int) -> Reply | None:
    """Check the parameters of MAIL: SIZE, BODY and SMTPUTF8 are known; None when nothing is wrong."""
    if not text:
        return None
    parameters = split_parameters(text)
    if parameters is None:
        return Reply.BAD_PARAMETER
    size = parameters.pop("SIZE", "0")
    body = parameters.pop("BODY", "7BIT").upper()
    has_value = bool(parameters.pop("SMTPUTF8", ""))
    is_number = size.isascii() and size.isdigit() and len(size) <= MAX_SIZE_DIGITS
    if not is_number or body not in {"7BIT", "8BITMIME"} or has_value:
        return Reply.BAD_PARAMETER
    if int(size) > max_message_bytes:
        return Reply.TOO_LARGE
    return Reply.UNKNOWN_PARAMETER if parameters else None
