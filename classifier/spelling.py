"""Tokens as strings and as keys: the artefact stores strings, reading counts keys.

In go the tokens of a vocabulary, out come their keys and the numbers of stems and names that
keys are made with; and back, for the columns that a training keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from classifier.features import CONTEXT, HAN_GRAMS, LETTER_GRAMS, SUBJECT, WORD
from classifier.features import GRAM as GRAM_SIGN
from classifier.keys import (
    GRAM,
    HAN,
    NAME,
    PAIR,
    STEM,
    STEM_BITS,
    SUBJECT_HAN,
    SUBJECT_STEM,
    Keys,
    families,
    han_of,
    key_of_han,
    key_of_letters,
    letters_of,
)

_PAYLOAD: Final = (1 << 60) - 1
_SECOND: Final = (1 << STEM_BITS) - 1


@dataclass(frozen=True, slots=True)
class Spelling:
    """Numbers of stems and of names: concepts in their roles, and what is known beside the words."""

    stems: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)

    def keys_of(self, tokens: Sequence[str]) -> Keys:
        """Return the key of every token; stems and names without a number get one."""
        keys = np.zeros(len(tokens), dtype=np.int64)
        letters: list[int] = []
        han: list[int] = []
        subject_han: list[int] = []
        for place, token in enumerate(tokens):
            sign = token[0]
            if sign == GRAM_SIGN:
                letters.append(place)
            elif _is_han(sign):
                han.append(place)
            elif sign == SUBJECT and _is_han(token[1]):
                subject_han.append(place)
            elif sign == WORD:
                keys[place] = STEM | self._stem(token[1:])
            elif sign == SUBJECT:
                keys[place] = SUBJECT_STEM | self._stem(token[1:])
            elif " " in token and sign != CONTEXT:
                first, _, second = token.partition(" ")
                keys[place] = PAIR | self._stem(first) << STEM_BITS | self._stem(second)
            else:
                keys[place] = NAME | self.names.setdefault(token, len(self.names))
        keys[letters] = GRAM | key_of_letters([tokens[place][1:] for place in letters], LETTER_GRAMS[1])
        keys[han] = HAN | key_of_han([tokens[place] for place in han], HAN_GRAMS)
        keys[subject_han] = SUBJECT_HAN | key_of_han([tokens[place][1:] for place in subject_han], HAN_GRAMS)
        return keys

    def tokens_of(self, keys: Sequence[int]) -> list[str]:
        """Return the tokens of keys whose stems and names have numbers here."""
        stems, names = list(self.stems), list(self.names)
        spell: dict[int, Callable[[int], str]] = {
            int(STEM): lambda load: WORD + stems[load],
            int(SUBJECT_STEM): lambda load: SUBJECT + stems[load],
            int(PAIR): lambda load: f"{stems[load >> STEM_BITS]} {stems[load & _SECOND]}",
            int(GRAM): lambda load: GRAM_SIGN + letters_of(load),
            int(HAN): han_of,
            int(SUBJECT_HAN): lambda load: SUBJECT + han_of(load),
            int(NAME): lambda load: names[load],
        }
        signs = families(np.array(keys, dtype=np.int64)).tolist()
        return [spell[sign](key & _PAYLOAD) for sign, key in zip(signs, keys, strict=True)]

    def _stem(self, text: str) -> int:
        return self.stems.setdefault(text, len(self.stems))


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
