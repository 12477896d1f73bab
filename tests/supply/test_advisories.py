"""No locked version is one that an advisory of our table names; the table itself is held to its form.

The table says in its head how its rows were confirmed; `fixed_in` and `reported` hold the locks alike.
"""

from __future__ import annotations

import re
import tomllib

from packaging.version import Version

from tests.supply.licences import ROOT

LOCKS = ("runtime.txt", "tracing.txt", "dev.txt", "compile.txt")
TABLE = tomllib.loads((ROOT / "tests" / "supply" / "advisories.toml").read_text(encoding="utf-8"))
ROWS = [*TABLE["fixed_in"], *TABLE["reported"]]
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ \\;]+)", re.MULTILINE)


def pins(*texts: str) -> set[tuple[str, Version]]:
    """Give every package and version that a lock names."""
    return {(name.lower(), Version(version)) for text in texts for name, version in _PINNED.findall(text)}


def known_faults(pinned: set[tuple[str, Version]]) -> list[str]:
    """Name the advisories that hold for one of the pins."""
    return [
        f"{name} {version}: {advisory}, mended in {mended}: {what}"
        for package, advisory, mended, what in ROWS
        for name, version in sorted(pinned)
        if name == package and version < Version(mended)
    ]


def locked() -> set[tuple[str, Version]]:
    return pins(*((ROOT / "requirements" / name).read_text(encoding="utf-8") for name in LOCKS))


def test_no_locked_version_has_a_fault_of_the_table() -> None:
    assert known_faults(locked()) == []


def test_every_row_is_about_a_locked_package() -> None:
    names = {name for name, _ in locked()}
    assert {row[0] for row in ROWS} <= names, "a package that left the locks: take its rows out"
    assert set(TABLE) == {"fixed_in", "reported"}
    for rows in TABLE.values():
        assert sorted(rows, key=lambda row: (row[0], Version(row[2]))) == rows
    assert all(re.fullmatch(r"CVE-\d{4}-\d{4,}|GHSA(-\w{4}){3}", row[1]) for row in ROWS)


def test_no_advisory_stands_twice_for_a_package() -> None:
    assert len({(package, advisory) for package, advisory, _, _ in ROWS}) == len(ROWS)


def test_an_older_lock_would_be_found() -> None:
    found = known_faults(pins("aiosmtpd==1.4.5 \\\n    --hash=sha256:00\nredis[hiredis]==4.5.2\n"))
    assert [line.split(":")[0] for line in found] == ["aiosmtpd 1.4.5", "redis 4.5.2", "redis 4.5.2"]
    (reported,) = known_faults(pins("mako==1.4.1\n"))
    assert "CVE-2026-102991, mended in 1.4.2" in reported
