"""Sealed octets open for their own mail and key alone; a keyring survives what happens to its file."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.keyring import (
    NO_KEYS,
    KeyMissing,
    Keyring,
    KeyringContent,
    KeyringError,
    read_keyring,
    write_keyring,
)
from models.sealing import (
    CHUNK_BYTES,
    FIRST_CHUNK_BYTES,
    HEADER_BYTES,
    SealBroken,
    SealingKey,
    seal,
    sealing_key,
    unseal,
)

KEY = sealing_key(bytes(range(32)))
OTHER = sealing_key(bytes(32))
SIZES = (0, 1, 900, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7)


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens_and_shows_nothing(size: int) -> None:
    plain = (b"Kod parovoz. " * (size // 13 + 1))[:size]
    sealed = seal(plain, KEY, b"1")
    assert unseal(sealed, KEY, b"1", size) == plain
    assert b"parovoz" not in sealed
    assert seal(plain, KEY, b"1") != sealed, "each time another salt"
    beginning = unseal(sealed[:FIRST_CHUNK_BYTES], KEY, b"1", size, chunks=1)
    assert beginning == plain[:CHUNK_BYTES]


@given(data=st.data(), size=st.sampled_from([0, 5, CHUNK_BYTES, CHUNK_BYTES + 9]))
@settings(max_examples=60, deadline=None)
def test_nothing_can_be_changed_cut_or_added(data: st.DataObject, size: int) -> None:
    sealed = bytearray(seal(b"x" * size, KEY, b"7"))
    damage = data.draw(st.sampled_from(["flip", "cut", "add", "size"]))
    if damage == "flip":
        sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    elif damage == "cut":
        del sealed[data.draw(st.integers(0, len(sealed) - 1)) :]
    elif damage == "add":
        sealed += b"\0"
    told = size + (damage == "size")
    with pytest.raises(SealBroken):
        unseal(bytes(sealed), KEY, b"7", told)


def test_it_opens_for_no_other_mail_or_key_and_not_with_its_chunks_exchanged() -> None:
    plain = os.urandom(3 * CHUNK_BYTES)
    sealed = seal(plain, KEY, b"7")
    forged = SealingKey(key_id=KEY.key_id, secret=OTHER.secret)
    for key, context in ((KEY, b"8"), (OTHER, b"7"), (forged, b"7")):
        with pytest.raises(SealBroken):
            unseal(sealed, key, context, len(plain))
    step = CHUNK_BYTES + 16
    first, second = (sealed[HEADER_BYTES + n * step : HEADER_BYTES + (n + 1) * step] for n in (0, 1))
    exchanged = sealed[:HEADER_BYTES] + second + first + sealed[HEADER_BYTES + 2 * step :]
    cut = sealed[: HEADER_BYTES + 2 * step]  # whole chunks, as a smaller mail would have
    for octets, size in ((exchanged, len(plain)), (cut, 2 * CHUNK_BYTES)):
        with pytest.raises(SealBroken):
            unseal(octets, KEY, b"7", size)


def test_a_key_is_never_shown_and_has_its_length() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert "secret" not in repr(KEY)
    with pytest.raises(ValueError, match="32 octets"):
        sealing_key(b"short")


# The keyring


@pytest.fixture
def path(tmp_path: Path) -> Path:
    content = KeyringContent().with_new_key("2026-11-22T10:00:00+00:00")
    write_keyring(tmp_path / "keyring.json", replace(content, writes=content.keys[0].key_id))
    return tmp_path / "keyring.json"


def test_a_new_key_is_taken_up_without_a_restart(path: Path) -> None:
    keyring = Keyring(path)
    first = keyring.writing_key()
    assert first is not None
    content = read_keyring(path).with_new_key("2026-11-23T10:00:00+00:00")
    write_keyring(path, content)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keyring.key(content.keys[1].key_id) == content.keys[1], "an unknown id looks into the file"
    assert keyring.writing_key() == first, "a key that was added only reads"
    write_keyring(path, replace(content, writes=content.keys[1].key_id))
    assert keyring.writing_key() == content.keys[1]
    assert keyring.key(first.key_id) == first
    with pytest.raises(KeyMissing, match="ffffffff"):
        keyring.key("ffffffff")
    assert list(path.parent.iterdir()) == [path]


def test_mail_is_never_stored_in_the_clear_because_the_file_is_away(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keyring = Keyring(path)
    key = keyring.writing_key()
    path.unlink()
    assert keyring.writing_key() == key
    assert "the keys read before go on serving" in caplog.text
    path.write_text("{")
    assert keyring.writing_key() == key
    with pytest.raises(KeyringError, match="no keyring"):
        Keyring(path)


@pytest.mark.parametrize(
    "change",
    [
        {"form": "razbor-keyring-9"},
        {"writes": "ffffffff"},
        {"keys": "none"},
        {"keys": [{"id": "ffffffff", "made_at": "", "key": "A" * 43 + "="}]},
        {"keys": [{"id": "ffffffff", "made_at": "", "key": "!"}]},
        {"keys": [{}]},
    ],
)
def test_a_file_that_is_no_keyring_is_refused(path: Path, change: dict[str, object]) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(KeyringError, match="no keyring"):
        read_keyring(path)


def test_without_a_keyring_nothing_is_sealed() -> None:
    assert NO_KEYS.writing_key() is None
    with pytest.raises(KeyMissing, match="RAZBOR_KEYRING is empty"):
        NO_KEYS.key("ffffffff")
