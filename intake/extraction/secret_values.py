"""Secrets that are stated outright: `name = value` lines, cookies, URLs, key files, wrapped tokens.

Sellers paste configuration files, curl commands and presigned links. A name for a secret with
`:` or `=` and a value behind it counts where the value could be one (not a plain word); keys of
well-known makers count by their prefix alone. Every function yields (start, end, kind) and
takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intake.extraction import signs
from intake.extraction.regions import View
from intake.extraction.secret_shapes import Span

_NAMES: Final = {"pass": "password", "pwd": "password", "toke": "token", "cook": "token"}
_STATED: Final = re.compile(
    r"(?P<n>passwor[dt]|passwd|passphrase|pwd|token|secret|api[_ -]?key|access[_-]?key|private[_-]?key|csrf)"
    r"s?[\"']?\s?(?:=>|[:：=]|_\s)\s?[\"'«“]?(?P<s>[^\s\"'<>«»“”,;&]{6,400})"
)
_STATED_WORD: Final = re.compile(
    r"(?:(?<![а-яё])(?:токен|ключ|секрет)[а-яё]{0,8}|令牌|密钥|秘钥|金鑰)\s?(?:[:：=]|-|是)\s?[\"'«“]?"
    r"(?P<s>[a-z0-9+/=_.-]{16,400})"
)
_COOKIE: Final = re.compile(r"(?<![a-z])cookie2?\s?:\s?(?P<s>[^\n]{8,2000})")
_IN_URL: Final = re.compile(
    r"[?&#;](?:[a-z0-9_.-]{0,30}(?:token|secret|signature|session|passwo?r?d|pwd|api[_-]?key|access[_-]?key(?:id)?"
    r"|credential|jwt|otp)|sid|sig|key|auth|hash|code|pin|ticket|pass)=(?P<s>[^&\s\"'<>#\])]{4,400})"
)
_BASIC: Final = re.compile(r"(?<![A-Za-z])[Bb]asic\s(?P<s>(?=[^\s]{0,60}[0-9=])[A-Za-z0-9+/]{12,400}={0,2})")
_IN_AUTHORITY: Final = re.compile(r"(?<=://)[^\s/:@]{1,80}:(?P<s>[^\s/@]{2,100})@")
_MAKERS: Final = re.compile(
    r"(?<![a-z0-9])(?P<s>akia[0-9a-z]{16}|gh[pousr]_[a-z0-9]{36}|[0-9]{8,10}:aa[a-z0-9_-]{32,34}"
    r"|xox[abprs]-[a-z0-9-]{10,100}|ya29\.[a-z0-9_-]{20,400})(?![a-z0-9])"
)
_SNILS: Final = re.compile(
    r"снилс[^0-9\n]{0,12}(?P<s>[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{2})(?![0-9])"
)
_ACCOUNT: Final = re.compile(
    r"(?:р/с|р/сч|сч[её]т\w{0,2}|account|账号|账户|帐号)[^0-9\n]{0,20}"
    r"(?P<s>(?:40[5-8]|30[12]|42[0-9])(?: ?[0-9]){17})(?![0-9])"
)
_TOKEN_START: Final = re.compile(r"eyJ[A-Za-z0-9_-]{6,4000}")
_TOKEN_RUN: Final = re.compile(r"[A-Za-z0-9_.-]{1,4000}")
_WRAP: Final = re.compile(r"=?\r?\n(?:> ?){0,5}")
_WRAPPED_AT: Final = 50  # a line that was broken to fit is at least so long
_KEY_FILE_CHARS: Final = 8_000
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATTERNS: Final = (
    (signs.COOKIE, _COOKIE, "token"),
    (signs.QUERY, _IN_URL, "token"),
    (signs.SCHEME, _IN_AUTHORITY, "password"),
    (signs.SNILS, _SNILS, "snils"),
    (signs.MAKERS, _MAKERS, "api_key"),
    (signs.ACCOUNT, _ACCOUNT, "bank_account"),
)


_NEEDED: Final = frozenset({signs.JWT, signs.KEY_FILE, signs.BASIC}).union(
    signs.STATED, signs.STATED_WORDS, *(needed for needed, _, _ in _PATTERNS)
)


def find_stated(view: View) -> Iterator[Span]:
    """Yield every secret that is stated outright in one field."""
    if view.signs.isdisjoint(_NEEDED):
        return
    if signs.JWT in view.signs:
        yield from _wrapped_tokens(view.folded)
    if signs.KEY_FILE in view.signs:
        yield from _key_files(view.lower)
    yield from _named(view)
    for needed, pattern, kind in _PATTERNS:
        if not view.signs.isdisjoint(needed):
            for match in pattern.finditer(view.lower):
                yield match.start("s"), match.end("s"), kind
    if signs.BASIC in view.signs:
        for match in _BASIC.finditer(view.folded):  # tells letters by their case
            yield match.start("s"), match.end("s"), "token"


def _named(view: View) -> Iterator[Span]:
    """Yield values behind a word for a secret and a sign that states it."""
    if not view.signs.isdisjoint(signs.STATED):
        for match in _STATED.finditer(view.lower):
            if _could_be_secret(match["s"]):
                yield match.start("s"), match.end("s"), _NAMES.get(match["n"][:4], "api_key")
    if not view.signs.isdisjoint(signs.STATED_WORDS):
        for match in _STATED_WORD.finditer(view.lower):
            if _could_be_secret(match["s"]):
                kind = "token" if match[0].startswith(("т", "令")) else "api_key"
                yield match.start("s"), match.end("s"), kind


def _could_be_secret(value: str) -> bool:
    """Tell a value from a word: it has a digit or a sign. A UUID has rules of its own (`secret_words`)."""
    has_sign = any(char.isdigit() or char in "!@#$%^&*+=~" for char in value)
    return has_sign and _UUID.fullmatch(value.rstrip(".")) is None and not value.startswith(("[", "http"))


def _wrapped_tokens(text: str) -> Iterator[Span]:
    """Yield JSON web tokens (RFC 7519) that a mail client broke over several lines, whole."""
    if "eyJ" not in text or "\n" not in text:
        return
    position = 0
    while (start := _TOKEN_START.search(text, position)) is not None:
        position = _end_of_wrapped(text, start)
        if text.find(".", start.start(), position) >= 0:
            yield start.start(), position, "token"


def _end_of_wrapped(text: str, start: re.Match[str]) -> int:
    end = start.end()
    line_start = text.rfind("\n", 0, start.start()) + 1
    while True:
        if (run := _TOKEN_RUN.match(text, end)) is not None:
            end = run.end()
        wrap = _WRAP.match(text, end)
        if wrap is None or end - line_start < _WRAPPED_AT:
            return end
        more = _TOKEN_RUN.match(text, wrap.end())
        if more is None or text[more.end() : more.end() + 1] not in ("", "\n", "\r", "=", '"', "'"):
            return end
        line_start, end = wrap.end(), more.end()


def _key_files(small: str) -> Iterator[Span]:
    """Yield what stands between the lines that begin and end a private key (RFC 7468)."""
    position = small.find("private key-----")
    while position >= 0:
        begin = position + len("private key-----")
        end = small.find("-----end", begin, begin + _KEY_FILE_CHARS)
        if end < 0:
            end = min(len(small), begin + _KEY_FILE_CHARS)
        if small[begin:end].strip():
            yield begin, end, "api_key"
        position = small.find("private key-----", small.find("-----", end + 1) + 1 or len(small))
