"""Webhooks against a real HTTP server: what is told, how it is signed, tried again, kept from our network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address

import pytest

from models.store import StoreError
from models.store.leases import claim_webhooks, free_leases_of_the_dead
from models.store.schema import AUDIT, WEBHOOK, WEBHOOK_DELIVERY
from models.store.ticket_events import EVENT_KINDS, note_event
from models.store.webhooks import BACKOFF_S, KEPT, MAX_ATTEMPTS, forget_deliveries, webhooks
from tests.console.conftest import on_sqlite
from tests.console.webhook_receiver import Receiver
from tests.workers.conftest import FakeRelay
from workers import acts, webhook_post
from workers.upkeep import sweep
from workers.webhook_post import AddressRefusedError, check_url, is_public, post
from workers.webhooks import subscribe, tell_once_more, tell_webhooks


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def service(desk, receiver):
    """A service that may reach the receiver."""
    return desk.make_service(webhook_hosts=frozenset({receiver.host}))


def rows(desk):
    return desk.rows(WEBHOOK_DELIVERY)


def test_a_tickets_life_is_told_in_codes(desk, service, receiver) -> None:
    """Every kind of event once, in order, on both engines; no words, no names, no addresses."""
    subscribe(service, "test", "erp", receiver.url, list(EVENT_KINDS))
    subscribe(service, "test", "closing", receiver.url, ["ticket.closed"])
    relay = FakeRelay()
    try:
        desk.mail("unsure: поставка 2000061286750, прошу найти две коробки.", subject="Тайна Марии")
        desk.read()
        number = int(desk.tickets()[0].id)
        acts.choose_topic(service, number, "maria", "logistics_acceptance")
        desk.work()
        desk.deliver(relay.port)
        desk.mail("ID продавца 318742.", subject=f"Re: [RZ-{number}]")
        desk.read()
        acts.escalate(service, number, "maria", "третья неделя")
        acts.close(service, number, "maria", resolution="confirmed", reason="найдено")
    finally:
        relay.stop()
    told = [(row.kind, row.webhook_id) for row in rows(desk)]
    first = min(webhook for _, webhook in told)
    assert [kind.removeprefix("ticket.") for kind, webhook in told if webhook == first] == [
        *("opened", "routed", "waiting", "answered", "answered"),  # the receipt, then the question
        *("appended", "escalated", "closed"),
    ]
    assert [kind for kind, webhook in told if webhook != first] == ["ticket.closed"]
    assert len({row.event_id for row in rows(desk)}) == 8, "one event has one id, whoever is told"
    assert tell_webhooks(service) == 9
    events = receiver.events()
    assert len(events) == 9
    everything = json.dumps(events, ensure_ascii=False)
    for word in ("Мари", "maria", "shop.example", "коробки", "неделя", "найдено", "318742"):
        assert word not in everything
    assert events[0]["type"] == "ticket.opened"
    assert events[0]["data"]["ticket"] == number
    assert events[0]["data"]["in_review"] is True
    assert {row.status for row in rows(desk)} == {"sent"}
    assert tell_webhooks(service) == 0


@on_sqlite
def test_what_did_not_happen_is_not_told(desk, service, receiver) -> None:
    desk.mail()
    desk.read()
    assert rows(desk) == [], "nobody asked"
    subscribe(service, "test", "erp", receiver.url, list(EVENT_KINDS))
    number = int(desk.tickets()[0].id)
    with pytest.raises(acts.ActError):
        acts.close(service, number, "maria", resolution="confirmed", reason=" ")
    with desk.store.main.connect() as db:  # a transaction that ends without a commit
        note_event(db, "ticket.closed", number, desk.now)
        db.rollback()
    assert rows(desk) == []


@on_sqlite
def test_a_receiver_can_check_who_speaks(desk, service, receiver) -> None:
    """Checked here as docs/api.md tells receivers to."""
    secret = subscribe(service, "test", "erp", receiver.url, ["ticket.opened"])
    desk.mail()
    desk.read()
    assert sweep(service, 5).webhooks, "the sweeper finds what waits"
    tell_webhooks(service)
    ((headers, body),) = receiver.heard
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(desk.now.timestamp())
    assert headers["webhook-id"].startswith("evt_")
    assert secret not in str(desk.rows(WEBHOOK)), "the database alone cannot forge"
    other = subscribe(service, "test", "other", receiver.url, ["ticket.opened"])
    assert other != secret


def test_tries_grow_rarer_and_end(desk, service, receiver) -> None:
    subscribe(service, "test", "erp", receiver.url, ["ticket.opened"])
    desk.mail(sender="a@shop.example")
    desk.read()
    receiver.status = 500
    began = desk.now
    ids = set()
    for pause_s in BACKOFF_S:
        assert tell_webhooks(service) == 1
        ids.add(receiver.heard[-1][0]["webhook-id"])
        assert tell_webhooks(service) == 0, "not before its time"
        desk.pass_time(pause_s)
    assert tell_webhooks(service) == 1
    (row,) = rows(desk)
    assert (row.status, row.attempts, row.answer) == ("dead", MAX_ATTEMPTS, 500)
    assert len(ids) == 1, "the id stays the same"
    assert timedelta(days=2) < desk.now - began < timedelta(days=5)
    with desk.store.read() as db:
        assert webhooks(db)[0].dead == 1
    receiver.status = 200
    tell_once_more(service, "admin", row.id)
    assert tell_webhooks(service) == 1
    assert rows(desk)[0].status == "sent"
    with pytest.raises(StoreError):
        tell_once_more(service, "admin", row.id + 1)
    with desk.store.write() as db:
        assert forget_deliveries(db, desk.now) == 0
        assert forget_deliveries(db, began + KEPT + timedelta(seconds=1)) == 1


@on_sqlite
def test_a_failing_receiver_holds_up_nobody_else(desk, service, receiver) -> None:
    """One failure puts the others of that webhook off; other webhooks are told at once."""
    broken = Receiver()
    broken.status = 503
    service = desk.make_service(webhook_hosts=frozenset({receiver.host, broken.host}))
    try:
        subscribe(service, "test", "broken", broken.url, ["ticket.opened"])
        subscribe(service, "test", "well", receiver.url, ["ticket.opened"])
        for shop in range(3):
            desk.mail(sender=f"s{shop}@shop.example", subject=f"shop {shop}")
        desk.read()
        tell_webhooks(service)
        assert (len(receiver.heard), len(broken.heard)) == (3, 1)
        assert tell_webhooks(service) == 0
        assert sorted(row.attempts for row in rows(desk)) == [0, 0, 1, 1, 1, 1]
        desk.pass_time(10)
        tell_webhooks(service)
        assert len(broken.heard) == 2, "its first event tries the way"
        broken.status = 410
        desk.pass_time(60)
        tell_webhooks(service)
        with desk.store.read() as db:
            assert [(card.name, card.active, card.dead) for card in webhooks(db)] == [
                ("broken", False, 3),
                ("well", True, 0),
            ]
        desk.mail(sender="s9@shop.example")
        desk.read()
        assert len(rows(desk)) == 7, "who is gone is told nothing more"
    finally:
        broken.stop()


@on_sqlite
def test_a_vanished_worker_leaves_its_events_to_others(desk, service, receiver) -> None:
    subscribe(service, "test", "erp", receiver.url, ["ticket.opened"])
    desk.mail()
    desk.read()
    assert claim_webhooks(desk.store, now_utc=desk.now, lease_s=120, limit=5)
    assert tell_webhooks(service) == 0, "another has it"
    free_leases_of_the_dead(desk.store, desk.now)  # this process lives
    assert tell_webhooks(service) == 0
    desk.pass_time(121)
    assert tell_webhooks(service) == 1
    assert len(receiver.heard) == 1


def test_answers_are_bounded(receiver, monkeypatch) -> None:
    allowed = frozenset({receiver.host})
    receiver.status, receiver.headers = 302, {"Location": "http://169.254.169.254/latest/meta-data"}
    moved = post(receiver.url, b"{}", {}, allowed)
    assert (moved.status, moved.error) == (302, "redirects are not followed")
    assert len(receiver.heard) == 1
    receiver.status, receiver.headers, receiver.body = 200, {}, b"x" * 5_000_000
    assert post(receiver.url, b"{}", {}, allowed).is_taken, "the rest of a long answer is left unread"
    monkeypatch.setattr(webhook_post, "LONGEST_S", 0.3)
    receiver.body, receiver.drip_s = b"y" * 2048, 20.0
    receiver.headers = {"X-Long": "1"}
    began = time.monotonic()
    post(receiver.url, b"{}", {}, allowed)
    assert time.monotonic() - began < 3, "an answer that drips is cut off"
    assert post(
        f"http://localhost:{receiver.port + 1 if receiver.port < 65535 else 1}/", b"", {}, allowed
    ).error


def test_a_name_service_that_hangs_is_waited_for_no_longer_than_said(monkeypatch) -> None:
    asked, answer = [], threading.Event()

    def hang(host, *_: object, **__: object) -> list:
        asked.append(host)
        answer.wait(20)
        return []

    monkeypatch.setattr(webhook_post.socket, "getaddrinfo", hang)
    monkeypatch.setattr(webhook_post, "NAME_S", 0.02)
    began = time.monotonic()
    try:
        faults = [
            post("https://slow.example/", b"{}", {}, frozenset()).error
            for _ in range(webhook_post.MOST_NAMES_ASKED + 3)
        ]
        assert time.monotonic() - began < 5
        assert "did not answer for slow.example" in faults[0]
        assert "still wait" in faults[-1], "a dead name service holds a few threads and no more"
        assert len(asked) == webhook_post.MOST_NAMES_ASKED
    finally:
        answer.set()
    while threading.active_count() > 1 and any("ask" in thread.name for thread in threading.enumerate()):
        time.sleep(0.01)
    monkeypatch.undo()
    assert "is not public" in post("https://127.0.0.1/", b"{}", {}, frozenset()).error, "then it asks again"


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/hooks",
        "ftp://erp.example/",
        "https://",
        "https://user:word@erp.example/",
        "https://erp.example/#x",
        "https://erp.example:port/",
        "https://erp.example/\r\nX-Evil: 1",
        "https://erp.example/ x",
        "https://пример.example/",
        "https://[::1/",
        "https://erp.example/" + "a" * 2000,
        "javascript:alert(1)",
        "",
    ],
)
def test_addresses_that_make_no_sense_are_refused(url) -> None:
    with pytest.raises(AddressRefusedError):
        check_url(url, frozenset({"other.example", "erp.example:8080"}))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
    ],
)
def test_private_addresses_are_known_in_every_disguise(address, public) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_nothing_is_sent_into_our_own_network(receiver, host) -> None:
    """Whatever spelling the resolver understands, the address that it gives is what counts."""
    posted = post(f"https://{host}:{receiver.port}/", b"{}", {}, frozenset())
    assert posted.status is None
    assert "not public" in posted.error or "gaierror" in posted.error, posted
    assert receiver.heard == []


@on_sqlite
def test_administrators_see_test_and_resend(web, receiver) -> None:
    from cli.desk_acts import DeskActs
    from console.app import create_app
    from console.context import Console

    service = web.desk.make_service(webhook_hosts=frozenset({receiver.host}))
    web.console = Console(store=web.desk.store, desk=DeskActs(service))
    web.client.app = web.client._transport.app = create_app(web.console)
    web.enter("admin")
    fields = {"name": "erp", "url": receiver.url, "kinds": ["ticket.opened"]}
    refused = web.post("/settings/webhooks", {**fields, "url": "http://elsewhere.example/"})
    assert (refused.status_code, "RAZBOR_WEBHOOK_HOSTS" in refused.text) == (409, True)
    made = web.post("/settings/webhooks", fields)
    (secret,) = re.findall(r"whsec_[\w+/=]+", made.text)
    assert secret not in web.get("/settings/webhooks").text, "shown once"
    assert "took the test event" in web.post("/settings/webhooks/erp/test").text
    assert receiver.events()[0]["type"] == "ping"
    receiver.status = 418
    assert "HTTP 418" in web.post("/settings/webhooks/erp/test").text
    web.desk.mail()
    web.desk.read()
    receiver.status = 200
    tell_webhooks(service)
    (row,) = rows(web.desk)
    assert web.post(f"/settings/events/{row.id}/resend").status_code == 303
    assert rows(web.desk)[0].status == "queued"
    assert web.post("/settings/webhooks/erp/remove").status_code == 303
    assert rows(web.desk) == []
    assert web.post("/settings/webhooks/erp/remove").status_code == 409
    done = [row.action for row in web.desk.rows(AUDIT) if row.subject.startswith(("webhook:", "event:"))]
    assert done == ["add_webhook", "test_webhook", "test_webhook", "resend_event", "remove_webhook"]
