"""`python -m tests.supply.licences` writes docs/licences.md: every locked package that a release installs.

In go the locks of what a release installs and the metadata of the installed packages, out comes a table of
versions and licences as SPDX expressions. Packages that only other systems need are not installed here;
their licence stands in `ELSEWHERE`, read from their own files once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKS: Final = (ROOT / "requirements" / "runtime.txt", ROOT / "requirements" / "tracing.txt")
PAGE: Final = ROOT / "docs" / "licences.md"
# What may be used as a library in a closed or an open service. LGPL and MPL: unchanged and replaceable.
ALLOWED: Final = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LGPL-3.0-only",
        "GPL-3.0-or-later WITH GCC-exception-3.1", "LGPL-3.0-or-later", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
        "Zlib",
    }
)  # fmt: skip
ELSEWHERE: Final = {"async-timeout": "Apache-2.0", "colorama": "BSD-3-Clause", "tzdata": "Apache-2.0"}
# Packages whose metadata name no single licence; what the licence files beside them say. The wheel of scipy
# brings OpenBLAS (BSD) and the Fortran runtime, whose exception lets it be used by programs of any licence.
READ_BY_HAND: Final = {
    "dkimpy": "Zlib",
    "pypdfium2": "BSD-3-Clause OR Apache-2.0",
    "tnefparse": "LGPL-3.0-or-later",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "uvloop": "MIT OR Apache-2.0",
    "protobuf": "BSD-3-Clause",
    "scipy": "BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1",
}
_WORDS: Final = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "New BSD": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
}
_LINE: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ \\;]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One package of the lock."""

    name: str
    versions: tuple[str, ...]  # several where Python's version decides
    licence: str  # SPDX expression, "" when nothing is known


def locked_packages() -> list[Locked]:
    """Read the lock and find the licence of each package."""
    versions: dict[str, list[str]] = {}
    for name, version in _LINE.findall("".join(lock.read_text(encoding="utf-8") for lock in LOCKS)):
        known = versions.setdefault(name, [])
        if version not in known:
            known.append(version)
    return [
        Locked(name=name, versions=tuple(found), licence=licence_of(name)) for name, found in versions.items()
    ]


def licence_of(name: str) -> str:
    """Give the SPDX expression of a package, "" when its metadata say nothing that is understood."""
    if name in READ_BY_HAND or name in ELSEWHERE:
        return READ_BY_HAND.get(name) or ELSEWHERE[name]
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return ""
    if told.get("License-Expression"):
        return str(told["License-Expression"])
    short = (told.get("License") or "").strip()
    if short in ALLOWED or short in _WORDS:
        return _WORDS.get(short, short)
    classifiers = [
        line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or [] if "License ::" in line
    ]
    return " OR ".join(_WORDS[word] for word in classifiers if word in _WORDS)


def parts_of(expression: str) -> set[str]:
    """Give the licences that an SPDX expression names."""
    return {word for word in re.split(r"\s+(?:AND|OR)\s+|[()]", expression) if word}


def page() -> str:
    """Write the page."""
    rows = "".join(
        f"| {package.name} | {', '.join(package.versions)} | {package.licence} |\n"
        for package in locked_packages()
    )
    return (
        "# Licences of what is installed with Razbor\n\n"
        "Every package of `requirements/runtime.txt` and `tracing.txt`, written by "
        "`python -m tests.supply.licences`; a test "
        "compares it with the lock and with the list of licences that may be used. LGPL and MPL packages "
        "are used unchanged, as libraries that can be replaced.\n\n"
        "| package | version | licence (SPDX) |\n|---|---|---|\n" + rows
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
