"""Grouped folds: near-duplicates and mails of one ticket never stand on both sides of a fold.

In go examples, out comes the number of the fold in which each is judged. Near-duplicates are
found by sketches: the smallest hashes of a text's runs of four tokens (Broder, 1997, bottom-k);
two texts that share half a sketch are taken for one. The same examples give the same folds.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Final

from classifier.dataset import Example
from classifier.masking import fold, mask

SHINGLE_TOKENS: Final = 4
SKETCH_SIZE: Final = 16
SHARED_FOR_TWINS: Final = 8
_LARGEST_BUCKET: Final = 50  # a shingle in more texts than this is boilerplate
_MAX_CHARS: Final = 4_000


def fold_numbers(examples: Sequence[Example], count: int) -> list[int]:
    """Spread groups over `count` folds so that each topic and language is spread evenly."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(group_names(examples)):
        groups[name].append(index)
    seen: list[Counter[tuple[str, str]]] = [Counter() for _ in range(count)]
    sizes = [0] * count
    numbers = [0] * len(examples)
    for name in sorted(groups, key=lambda name: (-len(groups[name]), _hash(name))):
        kinds = [(examples[i].topic, examples[i].document.analyser) for i in groups[name]]
        best = min(range(count), key=lambda n: (sum(seen[n][kind] for kind in kinds), sizes[n], n))
        seen[best].update(kinds)
        sizes[best] += len(kinds)
        for index in groups[name]:
            numbers[index] = best
    return numbers


def group_names(examples: Sequence[Example]) -> list[str]:
    """Return the group of each example, groups with near-duplicates in common merged into one."""
    owner: dict[str, str] = {}

    def root(name: str) -> str:
        while owner.setdefault(name, name) != name:
            owner[name] = owner[owner[name]]
            name = owner[name]
        return name

    for left, right in _twins(
        [example.document.subject + "\n" + example.document.text for example in examples]
    ):
        first, second = sorted((root(examples[left].group), root(examples[right].group)))
        owner[second] = first
    return [root(example.group) for example in examples]


def _twins(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of texts that share at least half of their sketches."""
    buckets: defaultdict[int, list[int]] = defaultdict(list)
    sketches = [_sketch(text) for text in texts]
    for index, sketch in enumerate(sketches):
        for value in sketch:
            buckets[value].append(index)
    pairs = []
    for index, sketch in enumerate(sketches):  # one text after the other: all pairs at once take gigabytes
        near = [buckets[value] for value in sketch if 1 < len(buckets[value]) <= _LARGEST_BUCKET]
        if len(near) >= SHARED_FOR_TWINS:
            shared = Counter(chain.from_iterable(near))
            pairs += [(index, b) for b, count in shared.items() if b > index and count >= SHARED_FOR_TWINS]
    return sorted(pairs)


def _sketch(text: str) -> list[int]:
    """Return the smallest hashes of the shingles; short texts have fewer, and are twins when all agree."""
    words = mask(fold(text[:_MAX_CHARS])).split()
    tokens = [part for word in words for part in (word if word > "\u4dff" else [word])]
    shingles = {" ".join(tokens[at : at + SHINGLE_TOKENS]) for at in range(len(tokens) - SHINGLE_TOKENS + 1)}
    return sorted(_hash(shingle) for shingle in shingles)[:SKETCH_SIZE]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
