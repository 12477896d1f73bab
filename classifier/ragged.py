"""Growing arrays: what a reader remembers of its words, looked up for many words at once.

In go values and rows of values as words are learnt, out come the values of any choice of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_ROOM: Final = 1024  # places that an array begins with


class Grower:
    """An array that grows at its end; `values` is never written again where it is filled."""

    def __init__(self, dtype: Any) -> None:
        """Begin empty; `dtype` is NumPy's."""
        self._room = np.zeros(_ROOM, dtype=dtype)
        self._size = 0
        self.values = self._room[:0]

    def __len__(self) -> int:
        """Return the number of values."""
        return self._size

    def extend(self, values: Sequence[Any] | NDArray[Any]) -> None:
        """Append values."""
        size = self._size + len(values)
        if size > len(self._room):
            room = np.zeros(max(size, 2 * len(self._room)), dtype=self._room.dtype)
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : size] = values
        self._size = size
        self.values = self._room[:size]


class Ragged:
    """Rows of different lengths, one after the other."""

    def __init__(self, dtype: Any) -> None:
        """Begin empty; `dtype` is that of the values in the rows."""
        self._starts, self._lengths, self._flat = Grower(np.int64), Grower(np.int64), Grower(dtype)

    def extend(self, lengths: Sequence[int] | Integers, flat: Sequence[int] | NDArray[Any]) -> None:
        """Append rows of these lengths."""
        self._starts.extend(len(self._flat) + np.cumsum(lengths) - lengths)
        self._lengths.extend(lengths)
        self._flat.extend(flat)

    def rows(self, places: Integers) -> tuple[NDArray[Any], Integers]:
        """Return the values of some rows, one row after the other, and how many each row has."""
        lengths = self._lengths.values.take(places)
        ends = lengths.cumsum()
        shifts = self._starts.values.take(places)
        shifts -= ends
        shifts += lengths
        flat = shifts.repeat(lengths)
        flat += np.arange(len(flat))
        return self._flat.values.take(flat), lengths


def ranges(begins: Integers, ends: Integers) -> Integers:
    """Return all numbers from each begin up to its end, one range after the other."""
    if len(begins) == 1:
        return np.arange(begins[0], ends[0])
    lengths = ends - begins
    numbers: Integers = (begins - lengths.cumsum() + lengths).repeat(lengths)
    numbers += np.arange(len(numbers))
    return numbers
