"""The demo's list of mails: what each one shows and how it is meant to end.

`manifest.toml` is the single source: the demo sends what it lists and compares, the tests
check that every case of the product's promise is in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
MAILS: Final = FOLDER / "mails"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMail:
    """One mail of the demo and what is meant to become of it."""

    name: str  # unique; the file without its ending unless the same file is sent twice
    file: str
    sender: str  # envelope sender; "" is the null reverse-path of a bounce
    recipient: str
    shows: str
    language: str
    topic: str
    disposition: str
    after: str = ""  # name of the mail that must have ended before this one is sent
    link: str = ""  # how it stands to `after`: same, claims, relates
    expect_question: tuple[str, ...] = ()  # fields that are asked for, in any order

    @property
    def path(self) -> Path:
        """Where the raw mail lies."""
        return MAILS / self.file


def load_manifest(path: Path = FOLDER / "manifest.toml") -> tuple[DemoMail, ...]:
    """Read the list in its order. Raises ValueError for an entry that names an unknown mail."""
    with path.open("rb") as file:
        rows: list[dict[str, Any]] = tomllib.load(file)["mail"]
    mails = tuple(_demo_mail(row) for row in rows)
    names = [mail.name for mail in mails]
    for position, mail in enumerate(mails):
        if names.count(mail.name) > 1:
            raise ValueError(f"{mail.name} stands twice in the manifest: give the second one a name")
        if mail.after and mail.after not in names[:position]:
            raise ValueError(f"{mail.name} comes after {mail.after}, which does not stand before it")
    return mails


def _demo_mail(row: dict[str, Any]) -> DemoMail:
    values = {**row, "expect_question": tuple(row.get("expect_question", ()))}
    values.setdefault("name", row["file"].removesuffix(".eml"))
    return DemoMail(**values)


def waves(mails: Sequence[DemoMail]) -> list[list[DemoMail]]:
    """Group the mails: each wave only needs mails of earlier waves to have ended."""
    depth: dict[str, int] = {}
    for mail in mails:
        depth[mail.name] = depth[mail.after] + 1 if mail.after else 0
    return [
        [mail for mail in mails if depth[mail.name] == number]
        for number in range(max(depth.values(), default=-1) + 1)
    ]
