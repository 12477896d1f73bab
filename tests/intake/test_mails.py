"""Every mail of tests/mails is read as the record beside it says, with either line end."""

import json
from pathlib import Path
from typing import Any

import pytest

from intake.mail_json import mail_as_json
from intake.read_mail import ReadOptions, read_mail

MAILS = Path(__file__).parent.parent / "mails"
GROUPS = (
    "attachments",
    "authentication",
    "charsets",
    "clients",
    "forwards",
    "html",
    "kinds",
    "malformed",
    "signatures",
)
PAIRS = sorted(MAILS.glob("*/*.eml"))
OPTIONS = ReadOptions(
    authserv_id="mx.market.example",
    own_addresses=frozenset({"seller-support@market.example"}),
    own_domain="market.example",
)


def expected_in(actual: Any, expected: Any, path: str = "") -> list[str]:
    """Differences between what was read and what must be there; keys that are not named do not count."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [
            line
            for key, value in expected.items()
            for line in expected_in(actual.get(key), value, f"{path}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list):
        if path == ".warnings" and expected:
            return [f"{path}: lacks {line!r}, has {actual!r}" for line in expected if line not in actual]
        if len(actual) != len(expected):
            return [f"{path}: {actual!r} instead of {expected!r}"]
        return [
            line
            for number, (one, other) in enumerate(zip(actual, expected, strict=True))
            for line in expected_in(one, other, f"{path}[{number}]")
        ]
    return [] if actual == expected else [f"{path}: {actual!r} instead of {expected!r}"]


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_is_empty(group: str) -> None:
    assert list((MAILS / group).glob("*.eml")), f"tests/mails/{group} holds no mail"
    assert {path.parent.name for path in PAIRS} == set(GROUPS)


def test_every_mail_has_its_record_and_there_are_enough() -> None:
    assert len(PAIRS) >= 170
    assert {path.stem for path in MAILS.glob("*/*.json") if ".actual" not in path.name} == {
        path.stem for path in PAIRS
    }


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("path", PAIRS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_mail_is_read_as_its_record_says(path: Path, line_end: bytes) -> None:
    raw = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", line_end)
    actual = mail_as_json(read_mail(raw, None, OPTIONS), path.name)
    differences = expected_in(actual, json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
    record = path.with_name(f"{path.stem}.actual.json")
    if differences:
        record.write_text(json.dumps(actual, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    assert not differences, "\n".join(differences) + f"\nall that was read: {record}"
    record.unlink(missing_ok=True)
