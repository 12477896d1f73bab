"""The lock: pinned, hashed, complete, what is installed, and under licences that may be used."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.supply.licences import ALLOWED, PAGE, ROOT, locked_packages, page, parts_of

OURS = ("cli", "console", "workers", "intake", "classifier", "models", "settings")
OPTIONAL = {"psutil", "opentelemetry"}
# Parts of a framework that we name for its own objects; the framework brings them by contract.
BY_THEIR_PARENTS = {"kombu", "starlette", "sqlalchemy", "pydantic"}
PACKAGE_OF = {
    "argon2": "argon2-cffi",
    "dkim": "dkimpy",
    "dns": "dnspython",
    "mailparser": "mail-parser",
    "sklearn": "scikit-learn",
    "spf": "pyspf",
}
_IMPORT = re.compile(
    r"^\s*(?:from ([A-Za-z_]\w*)[\w.]* import |import ([A-Za-z_]\w*)[\w.]*(?: as \w+)?$)", re.MULTILINE
)


@pytest.mark.parametrize("name", ["runtime.txt", "tracing.txt", "dev.txt", "compile.txt"])
def test_every_locked_line_is_pinned_and_has_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert len(entries) > {"tracing.txt": 10, "compile.txt": 7}.get(name, 50)
    for entry in entries:
        head, *hashes = [line.strip(" \\") for line in entry.splitlines()]
        assert re.match(r"^[A-Za-z0-9._-]+(\[[^\]]+\])?==[^ ]+", head), head
        assert hashes, f"{head} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), head


def test_what_is_installed_is_what_is_locked() -> None:
    for package in locked_packages():
        try:
            installed = version(package.name)
        except PackageNotFoundError:
            continue  # of another system or an older Python: see `ELSEWHERE`
        assert installed in package.versions, package.name


def test_what_compiles_is_what_checks() -> None:
    """The types are checked by the mypy that later compiles: both locks name the same packages."""
    locks = [(ROOT / "requirements" / name).read_text().split() for name in ("compile.txt", "dev.txt")]
    pinned, known = ({word for word in lock if "==" in word} for lock in locks)
    assert pinned <= known, pinned - known


def test_licences_may_be_used_and_the_page_is_up_to_date() -> None:
    for package in locked_packages():
        assert package.licence, f"{package.name}: read its licence and enter it"
        assert parts_of(package.licence) <= ALLOWED, package
    assert page() == PAGE.read_text(encoding="utf-8"), "run `python -m tests.supply.licences`"
    assert not parts_of("GPL-3.0-only") <= ALLOWED


def test_what_we_import_is_asked_for_by_name() -> None:
    """A package that comes only with another may go with it: whoever imports it must list it."""
    asked = {
        re.split(r"[\[><=]", line)[0].strip().lower()
        for line in (ROOT / "requirements" / "runtime.in").read_text().splitlines()
        if line and not line.startswith("#")
    }
    missing = {PACKAGE_OF.get(module, module.replace("_", "-")) for module in _imported()} - asked
    assert missing <= BY_THEIR_PARENTS | OPTIONAL, missing - BY_THEIR_PARENTS - OPTIONAL
    assert missing >= BY_THEIR_PARENTS, "no longer imported: take it out of the list"


def _imported() -> set[str]:
    found: set[str] = set()
    for folder in OURS:
        for path in (ROOT / folder).rglob("*.py"):
            found |= {one or other for one, other in _IMPORT.findall(path.read_text(encoding="utf-8"))}
    return {name for name in found if name not in sys.stdlib_module_names and name not in OURS}
