"""A damaged artefact is refused with the remedy even when its checksum has been made to match."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import numpy as np
import pytest

from classifier.artifact import ArtifactError, dump, load
from classifier.dataset import Example
from classifier.documents import Document
from classifier.train import train

TEXTS = {
    "garden": "роза тюльпан клумба полив {} 种花浇水 watering flowers",
    "kitchen": "плита сковорода духовка чайник {} 做饭烧水 cooking dinner",
}


@pytest.fixture(scope="module")
def data() -> bytes:
    """A model of a desk's own two topics, each of nearly equal letters, so that no fold has both."""
    examples = [
        Example(
            id=f"{topic}{i}",
            document=Document(text=text.format(f"слово{i}")),
            topic=topic,
            group=f"{topic}{i}",
        )
        for topic, text in TEXTS.items()
        for i in range(10)
    ]
    return dump(train(examples))


def parts_of(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def packed(parts: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **parts)
    return buffer.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(ArtifactError, match="razbor train") as caught:
        load(data, hashlib.sha256(data).hexdigest())
    return str(caught.value)


def test_the_undamaged_one_is_accepted(data: bytes) -> None:
    assert load(packed(parts_of(data)), hashlib.sha256(packed(parts_of(data))).hexdigest()).topics == tuple(
        TEXTS
    )


@pytest.mark.parametrize("seed", range(25))
def test_bytes_damaged_anywhere_are_refused(data: bytes, seed: int) -> None:
    """Inside the compressed members this ends in zlib, CRC or header errors: every one is named."""
    changed = bytearray(data)
    for place in np.random.default_rng(seed).integers(40, len(data), size=40):
        changed[int(place)] ^= 0xFF
    refused(bytes(changed))


@pytest.mark.parametrize("part", ["rarity", "weights", "intercepts", "probes"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(data: bytes, part: str, value: float) -> None:
    parts = parts_of(data)
    damaged = parts[part].copy()
    damaged.flat[0] = value
    refused(packed(parts | {part: damaged}))


@pytest.mark.parametrize(
    "part", ["meta", "tokens", "block_of_column", "rarity", "weights", "intercepts", "probes"]
)
def test_an_incomplete_archive_is_refused(data: bytes, part: str) -> None:
    parts = parts_of(data)
    del parts[part]
    refused(packed(parts))


def test_a_locked_archive_is_refused(data: bytes) -> None:
    """The flag of encryption in every header of the archive: reading would ask for a password."""
    locked = bytearray(data)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = locked.find(signature)
        while at >= 0:
            locked[at + flags] |= 1
            at = locked.find(signature, at + 1)
    assert zipfile.ZipFile(io.BytesIO(bytes(locked))).infolist()[0].flag_bits & 1
    assert "cannot be read" in refused(bytes(locked))
