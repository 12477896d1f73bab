"""What we sign is verified by the key in the DNS, and by no other; a wrong key file says what to do."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest

from workers.dkim_signing import DkimKey, read_dkim_key, signed

AT = datetime(2026, 11, 16, tzinfo=UTC)
MAIL = (
    b"From: support@desk.example\r\nTo: seller@shop.example\r\nSubject: Re: [RZ-100001] x\r\n"
    b"Message-ID: <1@desk.example>\r\n\r\nHello\r\n"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    folder = tmp_path_factory.mktemp("dkim")
    private, public = folder / "key.pem", folder / "public.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(private), "2048"], check=True, capture_output=True)
    subprocess.run(
        ["openssl", "rsa", "-in", str(private), "-pubout", "-out", str(public)],
        check=True,
        capture_output=True,
    )
    lines = public.read_text().splitlines()[1:-1]
    return private, b"v=DKIM1; k=rsa; p=" + "".join(lines).encode()


@pytest.fixture
def key(keys: tuple[Path, bytes]) -> DkimKey:
    return read_dkim_key(keys[0], selector="razbor", domain="desk.example")


def verify(mail: bytes, record: bytes) -> bool:
    names: list[bytes] = []

    def txt(name: bytes, timeout: int = 5) -> bytes:
        names.append(name)
        return record

    ok = bool(dkim.verify(mail, dnsfunc=txt))
    assert names == [b"razbor._domainkey.desk.example."]
    return ok


def test_a_signature_holds_until_a_word_is_changed(key: DkimKey, keys: tuple[Path, bytes]) -> None:
    mail = signed(MAIL, key, at_utc=AT)
    assert mail.endswith(MAIL)
    assert b" l=" not in mail
    assert verify(mail, keys[1])
    assert not verify(mail.replace(b"Hello", b"Hallo"), keys[1])
    assert not verify(mail.replace(b"seller@", b"thief@"), keys[1])


def test_without_a_key_nothing_changes() -> None:
    assert signed(MAIL, None, at_utc=AT) == MAIL


def test_a_wrong_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_dkim_key(tmp_path / "absent", selector="s", domain="d.example")
    (tmp_path / "text").write_text("no key")
    with pytest.raises(ValueError, match="openssl genrsa"):
        read_dkim_key(tmp_path / "text", selector="s", domain="d.example")
