"""Numbers for tokens: each has one exact 63-bit key, so that arrays can be looked up at once.

In go code points and numbers of stems, out come keys; nothing is hashed away, two tokens never
share a key. The top three bits name the family, the rest holds up to four Chinese characters
(15 bits each), up to five letters (7 bits each), or numbers of stems and names (30 bits each).
"""

from __future__ import annotations

from itertools import repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Codes = NDArray[np.uint32]
Numbers = NDArray[Any]

HAN_FIRST: Final = 0x4E00
HAN_LAST: Final = 0x9FFF
LETTERS: Final = " abcdefghijklmnopqrstuvwxyz0123456789_абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў"
LETTER_BITS: Final = 7
HAN_BITS: Final = 15
STEM_BITS: Final = 30
_FAMILY_BITS: Final = 60
STEM, SUBJECT_STEM, PAIR, GRAM, HAN, SUBJECT_HAN, NAME = (np.int64(n) << _FAMILY_BITS for n in range(1, 8))
NOTHING: Final = -1  # no key, no column
TEXT_FAMILIES: Final = np.array([STEM, PAIR, GRAM, HAN])
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)  # multiplicative hashing (Knuth, 1973, 6.4)
_SLOTS_PER_KEY: Final = 4


def letter_numbers() -> NDArray[np.int64]:
    """Return, by code point of the basic plane, the number of a letter from 1 on; 0 for others."""
    numbers = np.zeros(0x10000, dtype=np.int64)
    numbers[[ord(letter) for letter in LETTERS]] = np.arange(1, len(LETTERS) + 1)
    return numbers


def windows(
    numbers: NDArray[np.int64], ends: NDArray[np.int64], sizes: tuple[int, int], bits: int
) -> tuple[list[Keys], list[NDArray[np.int64]]]:
    """Return payloads and places of all windows of shortest to longest size that stay inside their piece.

    `ends` tells for each number where its piece ends; of each size there is one array of both.
    """
    room = ends - np.arange(len(numbers))
    payloads, places = [], []
    payload = numbers
    for size in range(1, sizes[1] + 1):
        if size > 1:
            payload = payload[:-1] | numbers[size - 1 :] << (bits * (size - 1))
        if size >= sizes[0]:
            at = np.flatnonzero(room[: len(payload)] >= size)
            payloads.append(payload[at])
            places.append(at)
    return payloads, places


def pair_keys(first: NDArray[np.int64], second: NDArray[np.int64]) -> Keys:
    """Return the keys of neighbours, given the numbers of their stems."""
    return PAIR | first << STEM_BITS | second


def key_of_letters(texts: list[str], size: int) -> Keys:
    """Return the payloads of strings of at most `size` letters."""
    return _packed(letter_numbers()[_table_of(texts, size)], LETTER_BITS)


def key_of_han(texts: list[str], size: int) -> Keys:
    """Return the payloads of strings of at most `size` Chinese characters."""
    codes = _table_of(texts, size).astype(np.int64)
    return _packed(np.where(codes > 0, codes - HAN_FIRST + 1, 0), HAN_BITS)


def letters_of(key: int) -> str:
    """Return the letters of a payload."""
    letters = ""
    while key:
        letters += LETTERS[(key & (1 << LETTER_BITS) - 1) - 1]
        key >>= LETTER_BITS
    return letters


def han_of(key: int) -> str:
    """Return the Chinese characters of a payload."""
    characters = ""
    while key:
        characters += chr((key & (1 << HAN_BITS) - 1) + HAN_FIRST - 1)
        key >>= HAN_BITS
    return characters


def families(keys: Keys) -> Keys:
    """Return the family bits of keys."""
    return keys >> _FAMILY_BITS << _FAMILY_BITS


def _table_of(texts: list[str], size: int) -> NDArray[np.uint32]:
    filled = "".join(text.ljust(size, "\0") for text in texts)
    return np.frombuffer(filled.encode("utf-32-le"), dtype=np.uint32).reshape(-1, size)


def _packed(numbers: NDArray[np.int64], bits: int) -> Keys:
    payloads = np.zeros(len(numbers), dtype=np.int64)
    for place in range(numbers.shape[1]):
        payloads |= numbers[:, place] << (bits * place)
    return payloads


class KeyTable:
    """Keys with a number each, looked up by arrays: a key stands in its slot or in a dictionary beside."""

    def __init__(self, keys: Keys, values: Numbers) -> None:
        """Store distinct keys of 0 or more; numbers come back in the type that they have here."""
        bits = max(int(len(keys) * _SLOTS_PER_KEY).bit_length(), 4)
        self._shift = np.uint64(64 - bits)
        self._keys = np.full(1 << bits, NOTHING, dtype=np.int64)
        self._values = np.full(1 << bits, NOTHING, dtype=values.dtype)
        slots = self._slots(keys)
        _, first = np.unique(slots, return_index=True)
        self._keys[slots[first]] = keys[first]
        self._values[slots[first]] = values[first]
        beside = np.delete(np.arange(len(keys)), first)  # their slot was taken: about one in ten
        self._beside = dict(zip(keys[beside].tolist(), values[beside].tolist(), strict=True))
        self._is_crowded = np.zeros(1 << bits, dtype=bool)
        self._is_crowded[slots[beside]] = True

    def get(self, keys: Keys) -> Numbers:
        """Return the number of each key, NOTHING for those that are not stored."""
        slots = self._slots(keys)
        found = self._values.take(slots)
        left = (self._keys.take(slots) != keys).nonzero()[0]
        found[left] = NOTHING
        left = left[self._is_crowded.take(slots.take(left))]
        if len(left):
            found[left] = list(map(self._beside.get, keys.take(left).tolist(), repeat(NOTHING)))
        return found

    def _slots(self, keys: Keys) -> NDArray[np.int64]:
        slots = keys.view(np.uint64) * _GOLDEN
        slots >>= self._shift
        return slots.view(np.int64)
