"""Secrets that are known by their shape: tokens, header values, URL tokens, cards, accounts.

Every function yields (start, end, kind). Card numbers follow
ISO/IEC 7812-1: a card word beside them or a right check digit is enough, since one of ten random numbers
passes the check and a hidden number that was none can be asked for again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intake.extraction.lexicon import words_of
from intake.extraction.regions import View
from intake.extraction.signs import HEADERS, JWT

Span = tuple[int, int, str]

_JWT: Final = re.compile(
    r"eyJ(?<![A-Za-z0-9_.-]...)[A-Za-z0-9_-]{6,4000}(?:=?\s{0,2}\.\s{0,2}[A-Za-z0-9_-]{4,4000}){1,2}"
)
_VALUE: Final = r"(?P<s>[a-z0-9+/=_.-]{12,400})"
_HEADER: Final = re.compile(rf"authorization\"?\s?[:：=]\s?\"?(?:bearer|basic|token)?\s?{_VALUE}")
_BEARER: Final = re.compile(rf"(?<![a-z])bearer\s{_VALUE}")
_ASSIGNED: Final = re.compile(
    r"(?:client_secret|access_token|refresh_token|api[_-]?key|secret_key|secret|x-api-key|session(?:id)?"
    rf"|phpsessid|cookie)\"?\s?[:：=]\s?\"?{_VALUE}"
)
_IN_URL: Final = re.compile(
    r"[?&](?:token|access_token|sid|sig|signature|key|auth|code|password)=(?P<s>[^&\s\"<>]{6,400})"
)
_PARAMETER: Final = re.compile(r"[?&][a-z_]{2,12}=")
_CARD: Final = re.compile(
    r"(?P<s>[2-6](?<![0-9a-z+.,/_-].)(?<![0-9] .)[0-9]{3}(?P<g>[ -]?)[0-9]{4}(?P=g)[0-9]{4}(?P=g)[0-9]{4}"
    r"(?:(?P=g)[0-9]{1,3})?)(?! ?[0-9])(?![_-][0-9a-z]|\.[0-9])"
)
_ACCOUNT: Final = re.compile(
    r"(?P<s>[34](?<![0-9].)(?:(?<=4)0[5-8]|(?<=3)0[12]|(?<=4)2[0-9])[0-9]{17})(?![0-9])"
)
_SNILS: Final = re.compile(r"(?P<s>[0-9](?<![0-9-].)[0-9]{2}-[0-9]{3}-[0-9]{3}[ -][0-9]{2})(?![0-9-])")


def luhn_valid(digits: str) -> bool:
    """Tell whether the last digit is the right check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        number = int(char) * (2 if index % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def find_tokens(view: View) -> Iterator[Span]:
    """Yield JSON web tokens (RFC 7519), Authorization headers (RFC 9110), assigned keys and URL tokens."""
    for match in _JWT.finditer(view.folded) if JWT in view.signs else ():
        yield match.start(), match.end(), "token"
    if view.signs.isdisjoint(HEADERS) and ("=" not in view.lower or _PARAMETER.search(view.lower) is None):
        return
    for pattern, kind in ((_HEADER, "token"), (_BEARER, "token"), (_ASSIGNED, "api_key"), (_IN_URL, "token")):
        for match in pattern.finditer(view.lower):
            yield match.start("s"), match.end("s"), kind


def find_numbers(view: View) -> Iterator[Span]:
    """Yield card numbers, bank accounts and СНИЛС."""
    if not view.has_many_digits:
        return
    small = view.lower
    for match in _CARD.finditer(small):
        around = small[max(0, match.start() - 60) : match.end() + 12]
        digits = "".join(char for char in match["s"] if char.isdigit())
        named = words_of("secrets.toml", "words", "card").search(around) is not None
        if not named and words_of("secrets.toml", "words", "not_card").search(around):
            continue
        if named or (luhn_valid(digits) and not digits.endswith("000")):
            yield match.start("s"), match.end("s"), "card"
    for match in _ACCOUNT.finditer(small):
        yield match.start("s"), match.end("s"), "bank_account"
    for match in _SNILS.finditer(small):
        yield match.start("s"), match.end("s"), "snils"
