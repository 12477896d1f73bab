"""The network between two parts is cut: silent with the line open, reset, or refused; then it heals.

While it is cut the listener answers 4xx in bounded time and promises nothing; afterwards every mail that was
answered with 250 is there once, and what was refused goes through.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.raw_store import PostgresRawStore
from models.store import open_store
from models.store.postgres_lines import LOST_LINE_S
from tests.faults.cut_network import CutNetwork
from tests.faults.test_database_faults import assert_each_opened_once_and_asked_once, settle
from tests.intake.smtp_harness import RunningListener, client
from tests.intake.test_smtp_postgres import RAW, stored_and_known
from workers.app import create_app
from workers.nudges import nudge_read

WAYS = ("silent", "reset", "refused")
on_postgres = pytest.mark.parametrize("database_env", ["postgresql"], indirect=True)
every_way = pytest.mark.parametrize("how", WAYS)


@pytest.fixture
def network(postgres_cluster: str) -> Iterator[CutNetwork]:
    folder = parse_qs(urlsplit(postgres_cluster).query)["host"][0]
    with CutNetwork(Path(folder) / ".s.PGSQL.5432") as made:
        yield made


def through(network: CutNetwork, dsn: str) -> str:
    """Give the address of the same database behind the network."""
    name = urlsplit(dsn).path.removeprefix("/")
    return f"postgresql://postgres@127.0.0.1:{network.port}/{name}"


@every_way
def test_between_listener_and_database(postgres_dsn: str, network: CutNetwork, how: str) -> None:
    store = PostgresRawStore(through(network, postgres_dsn), statement_timeout_s=0.5)
    with RunningListener(store) as listener, client(listener.port) as peer:
        assert peer.deliver(RAW).startswith("250 ")
        network.cut(how)
        begun = time.monotonic()
        if how == "reset":  # the line is made anew, nothing was written yet: nobody notices
            assert peer.deliver(RAW).startswith("250 ")
        else:
            assert peer.deliver(RAW).startswith("451 4.3.0")
            assert peer.ask("NOOP").startswith("250 "), "the session goes on"
        assert time.monotonic() - begun < 15
        network.heal()
        assert peer.deliver(RAW).startswith("250 ")
    store.close()
    promised = 3 if how == "reset" else 2
    assert stored_and_known(postgres_dsn) == (promised, promised)


@on_postgres
@every_way
def test_between_worker_and_database(
    desk: Any, database_env: dict[str, str], network: CutNetwork, how: str
) -> None:
    """Cut in the middle of a batch: it is given up or goes on late, and each mail ends once."""
    for number in range(2):
        desk.mail(sender=f"s{number}@shop.example", message_id=f"{number}@shop.example")
    address = through(network, database_env["RAZBOR_DATABASE_URL"]).replace("://", "+psycopg://")
    far = desk.make_service(open_store(address, address), lease_s=5)
    is_cut = threading.Event()

    def cut(_document: Any) -> None:
        if not is_cut.is_set():
            is_cut.set()
            network.cut(how)
            threading.Timer(0.5, network.heal).start()

    desk.predictor.on_document = cut
    with suppress(DBAPIError):
        desk.read(far)
    assert is_cut.is_set()
    network.heal()
    far.store.close()
    desk.pass_time(30)  # the lease of what could not be given back
    settle(desk)
    assert_each_opened_once_and_asked_once(desk, 2)


@on_postgres
def test_a_line_that_stays_silent_is_given_up_by_its_worker(
    desk: Any, database_env: dict[str, str], network: CutNetwork
) -> None:
    """The line is open and acknowledges everything, so that no timeout of TCP ends it."""
    desk.mail()
    address = through(network, database_env["RAZBOR_DATABASE_URL"]).replace("://", "+psycopg://")
    far = desk.make_service(open_store(address, address, answer_within_s=0.3), lease_s=5)
    desk.predictor.on_document = lambda _document: network.cut("stuck")
    begun = time.monotonic()
    with pytest.raises(DBAPIError):
        desk.read(far)
    assert time.monotonic() - begun < 10
    desk.predictor.on_document = lambda _document: None
    network.heal()
    desk.pass_time(30)
    desk.read(far)  # the pool threw the dead connections away
    far.store.close()
    settle(desk)
    assert_each_opened_once_and_asked_once(desk, 1)


@on_postgres
def test_what_a_line_to_the_database_waits_for(database_env: dict[str, str], network: CutNetwork) -> None:
    address = through(network, database_env["RAZBOR_DATABASE_URL"]).replace("://", "+psycopg://")
    store = open_store(address, address)
    with store.main.connect() as db, socket.socket(fileno=os.dup(db.connection.fileno())) as line:
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        idle_s, every_s, probes, unacknowledged_ms = (
            line.getsockopt(socket.IPPROTO_TCP, one) for one in options
        )
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    store.close()
    impatient = open_store(address, address, answer_within_s=0.2)
    with impatient.main.connect() as db, pytest.raises(DBAPIError, match=r"no answer within 0\.2 s"):
        db.execute(text("SELECT pg_sleep(60)"))
    impatient.close()
    assert idle_s + every_s * probes == LOST_LINE_S == unacknowledged_ms / 1000


@every_way
def test_between_a_part_and_the_broker(redis_server: str, broker_url: str, how: str) -> None:
    """A nudge is tried once within the limits of the connection, never raises, and works again after."""
    with CutNetwork(int(redis_server.rpartition(":")[2])) as network:
        from settings import Settings

        broker = f"redis://127.0.0.1:{network.port}/{broker_url.rpartition('/')[2]}"
        app = create_app(Settings(_env_file=None, broker_url=broker), works=False)
        app.conf.broker_transport_options = {**app.conf.broker_transport_options, "socket_timeout": 0.5}
        assert nudge_read(app)
        network.cut(how)
        begun = time.monotonic()
        for _ in range(2):
            nudge_read(app)
        assert time.monotonic() - begun < 15
        network.heal()
        assert [nudge_read(app) for _ in range(3)][-1], "the part and its broker have found each other"
        app.close()
