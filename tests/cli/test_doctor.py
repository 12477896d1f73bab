"""`razbor doctor` finds what was planted, names the remedy of each, and is quiet on a sound machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from cli import machine_checks, name_service_check, service_checks
from cli.deep_checks import deep_checks
from cli.doctor import all_checks
from cli.findings import CheckResult, State
from cli.instance_lock import Instance, InstanceLock
from models.raw_store import AcceptedMail, SqliteRawStore
from models.records import Envelope
from models.store import open_store
from models.store.migrate import migrate, raw_engine
from settings import Settings
from tests.conftest import free_port
from tests.intake.dns_zone import serving
from tests.intake.smtp_harness import RunningListener, make_store_file

Planted = Callable[..., Settings]


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Planted]:
    made: list[Settings] = []

    def make(**changes: object) -> Settings:
        values = {"data_dir": tmp_path / "var", "smtp_port": 0, "console_port": 0, **changes}
        settings = Settings(_env_file=None, **values)  # type: ignore[arg-type]  # mixed on purpose
        made.append(settings)
        return settings

    yield make
    for settings in made:
        if settings.run_dir.exists():
            settings.run_dir.rmdir()


def test_a_silent_name_server_is_named_and_only_asked_when_senders_are_checked(planted: Planted) -> None:
    silent = f"127.0.0.1:{free_port()}"
    found = name_service_check.check_name_service(planted(authentication="own", dns_server=silent))
    assert found.state is State.NOTE
    assert "RAZBOR_DNS_SERVER" in found.remedy
    unasked = name_service_check.check_name_service(
        planted(dns_server=silent, authserv_id="mx.razbor.example")
    )
    assert unasked.detail == "checked by the front server mx.razbor.example"
    with serving({("example.org", "TXT"): ["x"]}) as (_, (address, port)):
        asked = planted(authentication="own", dns_server=f"{address}:{port}")
        assert name_service_check.check_name_service(asked).state is State.OK


def test_a_sound_machine_has_nothing_to_mend(planted: Planted) -> None:
    results = [check(planted()) for check in all_checks()]
    assert [result for result in results if result.state is State.FAIL] == []
    assert len({result.check for result in results}) == len(results) >= 11


@pytest.fixture
def occupied_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def fails(result: CheckResult, *words: str) -> None:
    assert result.state is State.FAIL, result
    assert result.remedy
    for word in words:
        assert word in result.remedy + result.detail


def test_port_taken_by_somebody_else(planted: Planted, occupied_port: int) -> None:
    settings = planted(smtp_port=occupied_port)
    fails(service_checks.check_port(settings), "RAZBOR_SMTP_PORT")
    with InstanceLock(settings.data_dir) as lock:
        lock.publish(Instance(pid=4711, smtp_host="127.0.0.1", smtp_port=occupied_port))
        ours = service_checks.check_port(settings)
    assert ours.state is State.OK
    assert "4711" in ours.detail


def test_port_taken_by_a_listener_that_is_a_unit_of_its_own(planted: Planted, tmp_path: Path) -> None:
    with RunningListener(SqliteRawStore(make_store_file(tmp_path))) as listener:
        assert service_checks.check_port(planted(smtp_port=listener.port)).state is State.OK
        other = planted(smtp_port=listener.port, smtp_hostname="mx.other.example")
        fails(service_checks.check_port(other), "Another program")


def test_address_that_is_not_ours(planted: Planted) -> None:
    fails(service_checks.check_port(planted(smtp_host="192.0.2.1", smtp_port=2525)), "RAZBOR_SMTP_HOST")


def test_data_directory_that_cannot_be_written(planted: Planted, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    fails(machine_checks.check_data_dir(planted(data_dir=tmp_path / "file")), "RAZBOR_DATA_DIR")


def test_disk_that_is_full(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "LEAST_FREE_BYTES", 2**60)
    fails(machine_checks.check_data_dir(planted()), "disk")


@pytest.mark.parametrize("mailboxes", ["support", "a@b@c.example", "two words@x.example", "@x.example"])
def test_mailboxes_that_are_none(planted: Planted, mailboxes: str) -> None:
    fails(machine_checks.check_mailboxes(planted(mailboxes=mailboxes)), "RAZBOR_MAILBOXES")


def test_no_mailbox_at_all(planted: Planted) -> None:
    fails(machine_checks.check_mailboxes(planted(mailboxes="")), "RAZBOR_MAILBOXES")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd"])
def test_time_zone_that_is_unknown(planted: Planted, zone: str) -> None:
    fails(machine_checks.check_timezone(planted(timezone=zone)), "RAZBOR_TIMEZONE")


def test_log_level_that_is_unknown(planted: Planted) -> None:
    fails(machine_checks.check_log_level(planted(log_level="LOUD")), "RAZBOR_LOG_LEVEL")


def test_certificates(planted: Planted, tmp_path: Path) -> None:
    missing = planted(smtp_tls_cert=tmp_path / "no.pem", smtp_tls_key=tmp_path / "no.key")
    fails(machine_checks.check_tls(missing), "no.pem")
    (tmp_path / "junk.pem").write_text("junk")
    junk = planted(smtp_tls_cert=tmp_path / "junk.pem", smtp_tls_key=tmp_path / "junk.pem")
    fails(machine_checks.check_tls(junk), "PEM")
    fails(machine_checks.check_tls(planted(smtp_tls_cert=tmp_path / "junk.pem")), "both")


@pytest.mark.parametrize(
    "url", ["http://relay.example", "smtp://", "smtp://127.0.0.1:1", "smtp://127.0.0.1:port"]
)
def test_relay_that_cannot_be_used(planted: Planted, url: str) -> None:
    fails(service_checks.check_relay(planted(relay_url=url)), "RAZBOR_RELAY_URL")


def test_no_relay_is_a_note(planted: Planted) -> None:
    assert service_checks.check_relay(planted()).state is State.NOTE


def test_broker_that_does_not_answer(planted: Planted) -> None:
    fails(service_checks.check_broker(planted(broker_url="redis://127.0.0.1:1/0")), "RAZBOR_BROKER_URL")
    settings = planted()
    with InstanceLock(settings.data_dir):
        fails(service_checks.check_broker(settings), "folder broker")


def test_no_server_program_for_the_embedded_broker(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.embedded_broker._bundled_server", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    fails(service_checks.check_broker(planted()), "redis-server", "RAZBOR_BROKER_URL")


def test_database_states(planted: Planted) -> None:
    settings = planted()
    assert service_checks.check_database(settings).state is State.NOTE
    settings.data_dir.mkdir()
    (settings.data_dir / "razbor.db").touch()
    (settings.data_dir / "intake.db").touch()
    fails(service_checks.check_database(settings), "razbor migrate")
    store = open_store(settings.main_database_url, settings.intake_database_url)
    migrate(store)
    store.close()
    assert service_checks.check_database(settings).state is State.OK
    (settings.data_dir / "razbor.db").write_bytes(b"not a database at all" * 100)
    fails(service_checks.check_database(settings), "RAZBOR_DATABASE_URL")


def test_database_server_that_is_not_there(planted: Planted) -> None:
    settings = planted(database_url="postgresql://razbor:x@127.0.0.1:1/razbor")
    fails(service_checks.check_database(settings), "PostgreSQL")


def test_deep_reads_what_is_stored_and_finds_a_changed_mail(planted: Planted, tmp_path: Path) -> None:
    settings = planted()
    assert [found.state for found in deep_checks(settings, quiet=True)] == [State.NOTE]  # nothing is stored
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.main_database_url, settings.intake_database_url)
    migrate(store)
    raw_store = SqliteRawStore(settings.data_dir / "intake.db")
    envelope = Envelope(
        mail_from="a@b.example",
        rcpt_tos=("support@razbor.local",),
        peer="127.0.0.1",
        helo="b.example",
        received_at_utc=datetime(2026, 11, 22, tzinfo=UTC),
    )
    raw_store.append([AcceptedMail(envelope=envelope, raw=b"Subject: one\r\n\r\ntext\r\n")])
    raw_store.close()
    assert {found.state for found in deep_checks(settings, quiet=True)} == {State.OK}
    with raw_engine(store).connect() as db, db.begin():
        db.execute(text("UPDATE raw_message SET raw = x'5375626A656374'"))
    store.close()
    (found,) = [found for found in deep_checks(settings, quiet=True) if found.state is State.FAIL]
    assert "1 of 1 damaged: 1 has 7 bytes, 22 were accepted" in found.detail
    assert "razbor restore" in found.remedy
