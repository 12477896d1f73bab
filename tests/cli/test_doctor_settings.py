"""Misconfigurations that `razbor doctor` finds beside those of `test_doctor`, each with its remedy."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import host_checks, server_checks, settings_checks
from cli.findings import CheckResult, State
from settings import Settings
from tests.cli.test_doctor import Planted, planted

__all__ = ["planted"]  # the fixture
CERTIFICATE = Path(__file__).parents[1] / "intake" / "smtp_test_certificate.pem"
SOUND_ROW = (150000, "on", "on", "UTF8", 100, None, False)

Check = Callable[[Settings], CheckResult]
# name → check, settings, words that the finding holds
FAULTS: dict[str, tuple[Check, dict[str, Any], str]] = {
    "a key that can be guessed": (
        settings_checks.check_signing_key,
        {"secret_key": "short"},
        "openssl rand -hex 32",
    ),
    "a domain with a space": (settings_checks.check_domain, {"mail_domain": "my shop"}, "RAZBOR_MAIL_DOMAIN"),
    "a greeting that names no host": (
        settings_checks.check_domain,
        {"smtp_hostname": "mail"},
        "RAZBOR_SMTP_HOSTNAME",
    ),
    "replies from a domain that nobody reaches": (
        settings_checks.check_domain,
        {"relay_url": "smtp://relay.shop.ru:25"},
        "RAZBOR_MAILBOXES",
    ),
    "a lease shorter than a few sweeps": (
        settings_checks.check_times,
        {"lease_s": 10, "sweep_s": 5},
        "RAZBOR_LEASE_S",
    ),
    "a console address without a scheme": (
        settings_checks.check_console,
        {"public_url": "desk.shop.ru"},
        "RAZBOR_PUBLIC_URL",
    ),
    "replies to ourselves": (
        settings_checks.check_relay_target,
        {"relay_url": "smtp://localhost:8025", "smtp_port": 8025},
        "our own listener",
    ),
    "a DKIM key that is not there": (
        settings_checks.check_dkim,
        {"dkim_key": Path("no.key")},
        "RAZBOR_DKIM_KEY",
    ),
    "a DKIM key of the wrong kind": (
        settings_checks.check_dkim,
        {"dkim_key": CERTIFICATE},
        "openssl genrsa 2048",
    ),
    "more worker processes than memory": (
        host_checks.check_memory,
        {"worker_processes": 64},
        "RAZBOR_WORKER_PROCESSES",
    ),
    "a certificate for another name": (
        host_checks.check_certificate,
        {"smtp_tls_cert": CERTIFICATE, "smtp_tls_key": CERTIFICATE, "smtp_hostname": "mx.shop.ru"},
        "RAZBOR_SMTP_TLS_CERT",
    ),
    "a console address that is not ours": (
        host_checks.check_console_port,
        {"console_host": "192.0.2.1"},
        "RAZBOR_CONSOLE_HOST",
    ),
}
NOTES: dict[str, tuple[Check, dict[str, Any], str]] = {
    "a console for everybody without TLS": (
        settings_checks.check_console,
        {"console_host": "0.0.0.0"},
        "RAZBOR_CONSOLE_HOST",
    ),
    "a console for everybody behind plain HTTP": (
        settings_checks.check_console,
        {"console_host": "0.0.0.0", "public_url": "http://desk.shop.ru"},
        "TLS",
    ),
    "no limits for strangers": (
        settings_checks.check_exposure,
        {"smtp_host": "0.0.0.0"},
        "RAZBOR_SMTP_RATE_LIMIT",
    ),
    "no signature": (settings_checks.check_dkim, {}, "RAZBOR_DKIM_KEY"),
    "nobody checks senders": (settings_checks.check_sender_trust, {}, "RAZBOR_AUTHSERV_ID"),
    "sender checks off": (
        settings_checks.check_sender_trust,
        {"authentication": "off"},
        "RAZBOR_AUTHENTICATION",
    ),
    "a relay that cannot be read": (
        settings_checks.check_relay_target,
        {"relay_url": "smtp://h:port"},
        "RAZBOR_RELAY_URL",
    ),
}


def finds(result: CheckResult, words: str, state: State = State.FAIL) -> None:
    assert result.state is state, result
    assert words in result.detail + result.remedy


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_with_its_remedy(
    name: str, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, changes, words = FAULTS[name]
    monkeypatch.setattr(host_checks, "MEMORY_PER_PROCESS_BYTES", 2**40)
    finds(check(planted(**changes)), words)


@pytest.mark.parametrize("name", NOTES)
def test_a_doubt_is_noted_with_its_remedy(name: str, planted: Planted) -> None:
    check, changes, words = NOTES[name]
    finds(check(planted(**changes)), words, State.NOTE)


def test_a_misspelt_variable_is_named(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RAZBOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAZBOR_TEST_STRICT", "1")
    assert settings_checks.check_variables(planted()).state is State.OK
    monkeypatch.setenv("RAZBOR_MAILBOXS", "a@b.example")
    finds(settings_checks.check_variables(planted()), "RAZBOR_MAILBOXES")


def test_keys_and_data_that_others_can_read(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = planted()
    settings.data_dir.mkdir(mode=0o700)
    monkeypatch.chdir(settings.data_dir.parent)
    key = settings.data_dir / "signing.key"
    key.write_text("k" * 64)
    key.chmod(0o600)
    assert settings_checks.check_signing_key(settings).state is State.OK
    assert settings_checks.check_privacy(settings).state is State.OK
    key.chmod(0o644)
    finds(settings_checks.check_signing_key(settings), f"chmod 600 {key}")
    key.chmod(0o600)
    key.write_text("k")
    finds(settings_checks.check_signing_key(settings), "cut off")
    settings.data_dir.chmod(0o755)
    finds(settings_checks.check_privacy(settings), "chmod go-rwx")
    settings.data_dir.chmod(0o700)
    (settings.data_dir.parent / ".env").write_text("RAZBOR_SECRET_KEY=x")
    (settings.data_dir.parent / ".env").chmod(0o644)
    finds(settings_checks.check_privacy(settings), ".env")


def test_too_few_open_files(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    finds(host_checks.check_open_files(planted(smtp_max_connections=1000)), "LimitNOFILE")
    assert host_checks.check_open_files(planted(smtp_max_connections=500)).state is State.OK


def test_sqlite_on_a_network_file_system(planted: Planted, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\nbroken\n")
    finds(host_checks.check_file_system(planted(), mounts), "RAZBOR_DATABASE_URL")
    assert host_checks.check_file_system(planted(database_url="postgresql://h/x"), mounts).state is State.OK


def test_a_clock_before_the_installation(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    class Early(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Early:
            return cls(2020, 1, 1, tzinfo=tz)

    monkeypatch.setattr(host_checks, "datetime", Early)
    finds(host_checks.check_clock(planted()), "NTP")


def _certificate(folder: Path, days: int) -> dict[str, Any]:
    certificate, key = folder / "own.pem", folder / "own.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=mx.shop.ru", "-addext", "subjectAltName=DNS:mx.shop.ru", "-days", str(days),
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return {"smtp_tls_cert": certificate, "smtp_tls_key": key, "smtp_hostname": "mx.shop.ru"}


def test_a_certificate_near_its_end(planted: Planted, tmp_path: Path) -> None:
    assert host_checks.check_certificate(planted(**_certificate(tmp_path, 90))).state is State.OK
    finds(host_checks.check_certificate(planted(**_certificate(tmp_path, 3))), "ends on", State.NOTE)


@pytest.mark.parametrize(
    ("place", "value", "words", "state"),
    [
        (0, 120000, "PostgreSQL 13", State.FAIL),
        (1, "off", "fsync", State.FAIL),
        (2, "off", "synchronous_commit", State.FAIL),
        (3, "SQL_ASCII", "ENCODING 'UTF8'", State.FAIL),
        (4, 20, "max_connections", State.NOTE),
        (5, timedelta(seconds=90), "NTP", State.FAIL),
        (6, True, "primary", State.FAIL),
    ],
)
def test_postgres_settings_that_lose_mail(place: int, value: Any, words: str, state: State) -> None:
    row = list(SOUND_ROW)
    row[5] = datetime.now(UTC)
    assert server_checks._judged(tuple(row), 40).state is State.OK
    row[place] = row[5] - value if place == 5 else value
    finds(server_checks._judged(tuple(row), 40), words, state)


def test_the_real_servers_are_asked(postgres_dsn: str, redis_server: str, planted: Planted) -> None:
    settings = planted(database_url=postgres_dsn, broker_url=redis_server)
    found = server_checks.check_postgres(settings)
    assert found.state is not State.NOTE or "max_connections" in found.remedy, found
    import redis

    with redis.Redis.from_url(redis_server) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        finds(server_checks.check_redis_policy(settings), "noeviction")
        client.config_set("maxmemory-policy", "noeviction")
    assert server_checks.check_redis_policy(settings).state is State.OK
