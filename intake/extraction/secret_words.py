"""Secrets that only their context gives away: API keys of UUID shape, passwords, one-time codes.

Reviews, returns and sellers have UUIDs too, so one is a key only beside a word for a key and when no word
for another owner stands nearer, or right beside a Client-Id in a mail that speaks of keys. A bare code
counts beside a word for a code in a mail about confirming or about a hijacked account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intake.extraction.lexicon import words_of
from intake.extraction.neighbours import word_before, word_behind
from intake.extraction.regions import View
from intake.extraction.secret_shapes import Span
from intake.extraction.vocabulary import BEFORE_HIDDEN, SECRET_KINDS, secret_words

_FILE: Final = "secrets.toml"
_UUID: Final = re.compile(
    r"[0-9a-f](?<![0-9a-z:-].)(?<!1:.)[0-9a-f]{7}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z-])"
)
# The same with blanks around its hyphens, or broken over two lines anywhere (with the marks of a quotation).
_BREAK_IN_KEY: Final = r"(?:[ ]?=?\n[> ]{0,6})?"
_HEX: Final = rf"(?:[0-9a-f]{_BREAK_IN_KEY})"
_JOINT: Final = rf"(?:[ ]?-[ ]?{_BREAK_IN_KEY}|[ ])"
_LOOSE_UUID: Final = re.compile(
    rf"[0-9a-f](?<![0-9a-z:-].)(?<!1:.){_BREAK_IN_KEY}{_HEX}{{7}}{_JOINT}(?:{_HEX}{{4}}{_JOINT}){{3}}"
    r"(?:[0-9a-f](?:[ ]?=?\n[> ]{0,6}(?=[0-9a-f]))?){11}[0-9a-f](?![0-9a-z-])"
)
_KEY_NEEDLES: Final = ("key", "ключ", "secret", "token", "токен", "密", "秘")  # in every word for a key
_CLIENT: Final = re.compile(r"client[ -_]?id|клиент")
_PASSWORD_VALUE: Final = re.compile(
    r"(?<![A-Za-zА-Яа-я0-9@#$%^&*_+=.~-])(?P<s>[A-Za-zА-Яа-я0-9!@#$%^&*_+=.?~-]{4,40})"
)
_LETTER: Final = re.compile("[A-Za-zА-Яа-я]")
_DIGIT: Final = re.compile("[0-9]")
_SIGN: Final = re.compile("[!@#$%^&*+=?~]")  # dots, dashes and underscores join ordinary words too
_MAIL_ADDRESS: Final = re.compile(r"@[a-z0-9-]{1,30}\.[a-z]")
_NO_PASSWORD: Final = re.compile(
    r"[0-9]{1,2}-[а-я]{1,3}|[0-9]+[a-zа-я]{1,4}|[A-Z]{2}-[0-9]{6}|[а-яё]+-[а-яё]+|\S*\.\.\.?|[А-Яа-яё]+[-.,!?]*"
)
_CODE_VALUE: Final = re.compile(
    r"(?<![0-9a-zа-я+.,/_-])(?<![0-9] )(?P<s>[0-9]{4,8}|[0-9]{3}(?: ?[-.] ?| )[0-9]{3}"
    r"|[0-9]{2}(?P<g> ?[-.] ?| )[0-9]{2}(?P=g)[0-9]{2}"
    r"|[0-9]{4}(?: ?- ?| )[0-9]{4}|[0-9](?P<h>[ -])[0-9](?:(?P=h)[0-9]){2,6})"
    r"(?! ?[0-9])(?![.,:/_-][0-9a-zа-я])(?! ?(?:руб|₽|р\.|卢布|元|шт|件))"
)
_DATE: Final = re.compile(r"(?:0[1-9]|[12][0-9]|3[01])([.-])(?:0[1-9]|1[0-2])\1[0-9]{2}")
_BREAK: Final = re.compile(r"\n\n|[.!?]\s|[。！？]")
_PASSPORT: Final = re.compile(r"[^0-9\n]{0,24}(?P<s>[0-9]{2} ?[0-9]{2}[^0-9\n]{0,12}[0-9]{6})(?![0-9])")
_IN_CELL: Final = re.compile(r"(?=[^0-9!@#$%^&*+=?~]{0,100}[0-9!@#$%^&*+=?~])\S.{3}")
_ROW_CHARS: Final = 4_000
_MAX_COLUMNS: Final = 20  # of one field
_REACH: Final = 60
_SHORTEST: Final = 5  # a blank and four characters


def find_keys(small: str) -> Iterator[Span]:
    """Yield the UUIDs that are API keys."""
    if not any(needle in small for needle in _KEY_NEEDLES):
        return
    pattern = _LOOSE_UUID if " " in small or "\n" in small else _UUID
    for match in pattern.finditer(small):
        before = small[max(0, match.start() - _REACH) : match.start()]
        nearest = -1
        for word in words_of(_FILE, "words", "key").finditer(before):
            nearest = word.start()
        if nearest >= 0:
            is_key = _names_no_other(before[nearest:])
        else:
            is_key = _beside_client_id(small, match) and not words_of(_FILE, "words", "not_key").search(
                before
            )
        if is_key:
            yield match.start(), match.end(), "api_key"


def _names_no_other(lead: str) -> bool:
    """Tell whether no word for another owner stands behind the word for a key that begins `lead`."""
    return not any(word.start() for word in words_of(_FILE, "words", "not_key").finditer(lead))


def _beside_client_id(small: str, match: re.Match[str]) -> bool:
    """Tell whether a Client-Id stands right behind a UUID and a word for a key not far before it."""
    if _CLIENT.search(small, match.end(), match.end() + 30) is None:
        return False
    block = small[max(0, match.start() - 200) : match.start()]
    return words_of(_FILE, "words", "key").search(block) is not None


def _looks_like_password(value: str, gap: str) -> bool:
    if value.isalpha():
        return False
    letters, digits = _LETTER.search(value) is not None, _DIGIT.search(value) is not None
    signs = _SIGN.search(value.rstrip(".?!")) is not None
    if letters and (digits or signs):
        return _NO_PASSWORD.fullmatch(value) is None
    return digits and not letters and len(gap.strip(" :：=\"'(-")) <= 12


def find_spoken(view: View) -> Iterator[Span]:
    """Yield passwords, one-time codes and passport numbers: what stands behind a word for one.

    A word's reach ends where the next word of its kind begins, so the whole costs linear time.
    """
    hits = view.hits.get(BEFORE_HIDDEN)
    if hits is None:
        return
    by_kind: dict[str, list[tuple[int, int, bool]]] = {kind: [] for kind in SECRET_KINDS.values()}
    meanings = secret_words().meanings
    for start, end in hits:
        for meaning in meanings(view.lower[start:end]):
            by_kind[SECRET_KINDS[meaning.role]].append((start, end, meaning.role != "code_weak"))
    topic = bool(by_kind["topic"]) or any(sure for _, _, sure in by_kind["code"])
    read_to: dict[int, int] = {}  # how far each column of passwords was read
    for kind, places in by_kind.items():
        reaches = [start for start, _, _ in places[1:]] + [len(view.lower)]
        for (_, end, sure), reach in zip(places, reaches, strict=False):
            if reach - end < _SHORTEST:
                continue
            if kind == "password":
                yield from _password_behind(view, end, reach, read_to)
            elif kind == "passport":
                yield from _passport_behind(view.lower, end)
            elif kind == "code" and (sure or (topic and not _names_something(view.lower, end))):
                yield from _code_behind(view.lower, end, reach, sure=sure)


def _passport_behind(small: str, start: int) -> Iterator[Span]:
    number = _PASSPORT.match(small, start)
    if number is not None:
        yield number.start("s"), number.end("s"), "passport"


def _names_something(small: str, end: int) -> bool:
    """Tell whether a word for a code goes on like "код товара": then it is no one-time code."""
    return words_of(_FILE, "words", "code_of").fullmatch(word_behind(small, end))


def _password_behind(view: View, start: int, reach: int, read_to: dict[int, int]) -> Iterator[Span]:
    """Yield the first thing behind a word for a password that looks like one.

    In a table that is a cell of the same row, or else what stands below the word in its column.
    """
    low = max(0, start - _ROW_CHARS)  # a longer line is no row of a table
    line_start = view.text.rfind("\n", low, start) + 1
    line_end = view.text.find("\n", start, start + _ROW_CHARS) if line_start or not low else -1
    if line_end >= 0 and "\t" in view.text[line_start : min(line_end, line_start + _ROW_CHARS)]:
        row = list(_first_password(view, start, min(reach, line_end)))
        yield from row or _column_below(view, view.text.count("\t", line_start, start), line_end + 1, read_to)
        return
    yield from _first_password(view, start, reach)


def _column_below(view: View, column: int, start: int, read_to: dict[int, int]) -> Iterator[Span]:
    """Yield the cells of one column with a digit or sign, down to the end of the table."""
    if start < read_to.get(column, 0) or (column not in read_to and len(read_to) >= _MAX_COLUMNS):
        return
    while start < len(view.text):
        end = view.text.find("\n", start)
        end = end if end >= 0 else len(view.text)
        row = view.text[start:end]
        read_to[column] = end
        if not row.strip():
            return
        cells = row.split("\t", column + 1)
        if column < len(cells) and _IN_CELL.search(cells[column]):
            begin = start + sum(len(cell) + 1 for cell in cells[:column])
            yield begin, begin + len(cells[column]), "password"
        start = end + 1


def _first_password(view: View, start: int, reach: int) -> Iterator[Span]:
    for match in _PASSWORD_VALUE.finditer(view.folded, start, min(reach, start + _REACH + 40)):
        gap = view.lower[start : match.start()]
        if len(gap) > _REACH or _BREAK.search(gap):
            return
        value = match["s"] if match["s"].endswith("!?") else match["s"].rstrip(".?")
        if _MAIL_ADDRESS.search(match["s"]) is None and _looks_like_password(value, gap):
            yield match.start("s"), match.start("s") + len(value), "password"
            return


def _code_behind(small: str, start: int, reach: int, *, sure: bool) -> Iterator[Span]:
    """Yield 4-8 digits right behind a sure word for a code, 6 digits behind any word for one."""
    for match in _CODE_VALUE.finditer(small, start, min(reach, start + _REACH + 12)):
        gap = small[start : match.start()]
        if len(gap) > _REACH:
            return
        owner = word_before(small, match.start())
        if "\n\n" in gap or words_of(_FILE, "words", "code_owner").fullmatch(owner):
            return
        dated = _DATE.fullmatch(match["s"])
        if dated and (dated[1] == "." or gap.strip(' :="')):
            continue
        digits = sum(char.isdigit() for char in match["s"])
        if (digits == 6 and len(gap) <= (_REACH if sure else 40)) or (sure and len(gap) <= 25):
            yield match.start("s"), match.end("s"), "code"
            return
