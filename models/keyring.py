"""The keyring: which keys seal raw mail, read from one file that only its owner may read.

In goes the path of the file (`RAZBOR_KEYRING`), out come keys by id. One key writes, all read. The file is
looked at again when it changed, so that a new key needs no restart; while it is away or damaged the
keys that were read before go on serving, since mail must never fall back to being stored in the clear.
Without a path nothing is sealed, and this costs nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from models.sealing import KEY_BYTES, SealingKey, sealing_key

log = logging.getLogger(__name__)

FORM: Final = "razbor-keyring-1"
MAX_FILE_BYTES: Final = 256 * 1024
_NEVER: Final = (0, 0, 0)


class KeyringError(Exception):
    """The keyring cannot be used; the message says why and what to do."""


class KeyMissing(KeyringError):  # noqa: N818 - named for what it tells
    """A mail was sealed with a key that the keyring does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringContent:
    """What a keyring file says."""

    writes: str = ""  # id of the key that seals new mail; "": new mail is stored in the clear
    keys: tuple[SealingKey, ...] = ()  # oldest first
    made_at: tuple[str, ...] = ()  # ISO 8601, UTC; beside `keys`

    def with_new_key(self, made_at: str) -> KeyringContent:
        """Add a random key, which at first only reads."""
        key = sealing_key(secrets.token_bytes(KEY_BYTES))
        return replace(self, keys=(*self.keys, key), made_at=(*self.made_at, made_at))

    def without(self, key_id: str) -> KeyringContent:
        """Leave a key out."""
        kept = [
            (key, made) for key, made in zip(self.keys, self.made_at, strict=True) if key.key_id != key_id
        ]
        return replace(self, keys=tuple(key for key, _ in kept), made_at=tuple(made for _, made in kept))


class Keyring:
    """The keys of one process, read anew when their file changes. Safe to share between threads."""

    def __init__(self, path: Path | None) -> None:
        """Read the file; None: no keys, nothing is sealed. Raises KeyringError when it cannot be used."""
        self._path = path
        self._seen = _NEVER
        self._keys: dict[str, SealingKey] = {}
        self._writing: SealingKey | None = None
        if path is not None:
            self._seen = _mark(path)
            self._take(read_keyring(path))

    @property
    def is_used(self) -> bool:
        """True where a keyring was named: mail may be sealed, or have to be opened."""
        return self._path is not None

    def writing_key(self) -> SealingKey | None:
        """Give the key that seals new mail, None where it is stored in the clear."""
        if self._path is not None:
            self._look_again()
        return self._writing

    def key(self, key_id: str) -> SealingKey:
        """Give a key by its id. Raises KeyMissing."""
        found = self._keys.get(key_id)
        if found is None and self._path is not None:
            self._look_again()
            found = self._keys.get(key_id)
        if found is None:
            where = f"in {self._path}" if self._path else "known here (RAZBOR_KEYRING is empty)"
            raise KeyMissing(f"its key {key_id} is not {where}: bring the key back, then it opens again")
        return found

    def _look_again(self) -> None:
        """Read the file if it is another than before."""
        assert self._path is not None  # noqa: S101 - both callers looked
        mark = _mark(self._path)
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self._take(read_keyring(self._path))
        except KeyringError as error:
            log.error("the keys read before go on serving: %s", error)  # noqa: TRY400 - the message is all

    def _take(self, content: KeyringContent) -> None:
        self._keys = {**self._keys, **{key.key_id: key for key in content.keys}}
        self._writing = self._keys[content.writes] if content.writes else None


NO_KEYS: Final = Keyring(None)


def read_keyring(path: Path) -> KeyringContent:
    """Read a keyring file. Raises KeyringError when it is absent, damaged or of another form."""
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(MAX_FILE_BYTES))
        return _content(values)
    except OSError as error:
        raise KeyringError(
            f"the keyring {path} cannot be read ({error.strerror}): check RAZBOR_KEYRING and who may "
            "read the file; `razbor keys rotate` makes the first key"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise KeyringError(f"{path} is no keyring, or is damaged: bring a copy of it back") from error


def write_keyring(path: Path, content: KeyringContent) -> None:
    """Write a keyring file, whole or not at all, readable for its owner alone. Raises OSError."""
    rows = [
        {"id": key.key_id, "made_at": made, "key": base64.b64encode(key.secret).decode()}
        for key, made in zip(content.keys, content.made_at, strict=True)
    ]
    text = json.dumps({"form": FORM, "writes": content.writes, "keys": rows}, indent=1) + "\n"
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # a key that is lost loses the mails that it sealed
    finally:
        os.close(folder)


def _content(values: dict[str, Any]) -> KeyringContent:
    """Build the record; raises KeyError, TypeError or ValueError for anything else."""
    if values["form"] != FORM:
        msg = "it is of another form"
        raise ValueError(msg)
    keys = tuple(sealing_key(base64.b64decode(row["key"], validate=True)) for row in values["keys"])
    if [key.key_id for key in keys] != [row["id"] for row in values["keys"]]:
        msg = "a key is not the one that its id names"
        raise ValueError(msg)
    writes = str(values["writes"])
    if writes and writes not in {key.key_id for key in keys}:
        msg = "the key that writes is not there"
        raise ValueError(msg)
    return KeyringContent(
        writes=writes, keys=keys, made_at=tuple(str(row["made_at"]) for row in values["keys"])
    )


def _mark(path: Path) -> tuple[int, int, int]:
    """Tell one state of the file from another."""
    try:
        status = path.stat()
    except OSError:
        return _NEVER
    return (status.st_ino, status.st_mtime_ns, status.st_size)
