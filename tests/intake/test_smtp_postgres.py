"""SMTP over PostgreSQL: several listeners on one port, every 250 with its state row, faults."""

from __future__ import annotations

import threading

import psycopg

from models.raw_store import PostgresRawStore
from tests.intake.smtp_harness import RunningListener, client

RAW = b"Subject: x\r\n\r\nbody\r\n"


def stored_and_known(dsn: str) -> tuple[int, int]:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*), count(s.raw_id) FROM raw_message r LEFT JOIN mail_state s ON s.raw_id = r.id"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_two_listeners_share_a_port_and_every_250_is_stored(postgres_dsn: str) -> None:
    stores = [PostgresRawStore(postgres_dsn), PostgresRawStore(postgres_dsn)]
    accepted: list[str] = []
    with (
        RunningListener(stores[0], reuse_port=True) as first,
        RunningListener(stores[1], reuse_port=True, port=first.port) as second,
    ):
        assert second.port == first.port

        def send() -> None:
            for _ in range(10):
                with client(first.port) as peer:
                    accepted.extend(peer.deliver(RAW)[:3] for _ in range(5))

        threads = [threading.Thread(target=send) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for store in stores:
        store.close()
    assert accepted == ["250"] * 300
    assert stored_and_known(postgres_dsn) == (300, 300)


def test_table_that_is_locked_gives_451_and_the_retry_succeeds(postgres_dsn: str) -> None:
    store = PostgresRawStore(postgres_dsn, statement_timeout_s=0.3)
    with RunningListener(store) as listener, client(listener.port) as peer:
        with psycopg.connect(postgres_dsn) as blocker:
            blocker.execute("LOCK TABLE raw_message IN EXCLUSIVE MODE")
            assert peer.deliver(RAW).startswith("451 4.3.0")
            blocker.rollback()
        assert peer.deliver(RAW).startswith("250 ")
    store.close()
    assert stored_and_known(postgres_dsn) == (1, 1)


def test_server_that_drops_our_connection_costs_no_mail(postgres_dsn: str) -> None:
    store = PostgresRawStore(postgres_dsn)
    with RunningListener(store) as listener, client(listener.port) as peer:
        for _ in range(3):
            assert peer.deliver(RAW).startswith("250 ")
            with psycopg.connect(postgres_dsn, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
    store.close()
    assert stored_and_known(postgres_dsn) == (3, 3)
