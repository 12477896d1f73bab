"""The promise seen from outside, through SMTP and a relay, embedded and on PostgreSQL with Redis."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from email.message import EmailMessage

import pytest

from models.topics import ROUTED_SLUGS, topic_queue

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live"), pytest.mark.timeout(180)]

INCOMPLETE = {
    "ru": (
        "Недостача при приёмке поставки 2000061286750",
        (
            "Добрый день! Поставку 2000061286750 склад принял 3 ноября, но 12 коробок вместо 14. "
            "Просим найти две коробки и исправить приёмку."
        ),
        r"ID продавца",
    ),
    "zh": (
        "供货单2000061286751收货数量不符",
        "您好！我们的供货单2000061286751于11月3日在仓库收货，送了14箱，后台只显示12箱，请核实收货差异并找回少的两箱。",
        r"卖家ID",
    ),
    "en": (
        "Supply 2000061286752: two boxes missing at acceptance",
        (
            "Hello, our supply 2000061286752 was accepted at the warehouse on 3 November with 12 boxes "
            "instead of 14. Please find the two lost boxes and correct the acceptance."
        ),
        r"seller ID",
    ),
}


def mail(subject: str, text: str, sender: str, message_id: str, to: str = "support@desk.example") -> bytes:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Mon, 16 Nov 2026 12:00:00 +0300"
    message["Message-ID"] = f"<{message_id}>"
    message.set_content(text)
    return message.as_bytes()


def body_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("servers", [False, True], ids=["embedded", "postgresql+redis"])
def test_core_promise(make_desk, servers: bool) -> None:
    desk = make_desk(servers=servers)
    for language, (subject, text, _) in INCOMPLETE.items():
        desk.send(
            mail(subject, text, f"{language}@shop.example", f"first-{language}@shop.example"),
            f"{language}@shop.example",
        )
    status = desk.wait_quiet(3)
    assert status["dispositions"]["opened"] == 3

    numbers = {}
    for language, (_, _, asked) in INCOMPLETE.items():
        replies = desk.relay.to(f"{language}@shop.example")
        assert len(replies) == 1, f"{language}: one question, not {len(replies)}"
        assert re.search(asked, body_of(replies[0])), body_of(replies[0])
        tag = re.search(r"\[RZ-(\d+)\]", replies[0]["Subject"])
        assert tag
        numbers[language] = tag[1]
        assert replies[0]["In-Reply-To"] == f"<first-{language}@shop.example>"
        assert replies[0]["Auto-Submitted"] == "auto-replied"
    by_number = {row["number"]: row for row in desk.tickets()}
    assert {row["language"] for row in by_number.values()} == {"ru", "zh", "en"}
    assert {row["status"] for row in by_number.values()} == {"waiting_seller"}
    assert {tuple(row["missing"]) for row in by_number.values()} == {("seller_id",)}

    # A new mail with only the number in the subject and the missing data lands there; nothing more is asked.
    answer = mail(
        f"RZ-{numbers['ru']} [RZ-{numbers['ru']}]",
        "ID продавца 1250487",
        "ru@shop.example",
        "answer@shop.example",
    )
    desk.send(answer, "ru@shop.example")
    desk.wait_quiet(4)
    ticket = desk.lines("tickets", "show", numbers["ru"])[0]
    assert [m["disposition"] for m in ticket["messages"] if m["direction"] == "in"] == ["opened", "appended"]
    assert ticket["missing"] == []
    assert ticket["status"] == "new"
    assert [r["kind"] for r in ticket["replies"]].count("missing_data") == 1

    # A stranger with the number gets a ticket of their own and learns nothing.
    stranger = mail(
        f"Re: [RZ-{numbers['zh']}]",
        "Расскажите, что с этим обращением, это наша поставка.",
        "stranger@else.example",
        "s@else.example",
    )
    desk.send(stranger, "stranger@else.example")
    # The same bytes again.
    desk.send(answer, "ru@shop.example")
    # A number in the body opens a related ticket.
    related = mail(
        "Ещё одна поставка с недостачей",
        f"Добрый день! Как в обращении RZ-{numbers['ru']}: "
        "теперь поставку 2000061286799 приняли 5 ноября без одной коробки.",
        "ru@shop.example",
        "related@shop.example",
    )
    desk.send(related, "ru@shop.example")
    desk.wait_quiet(7)
    status = desk.lines("status")[0]
    assert status["dispositions"] == {
        "opened": 5,
        "appended": 1,
        "auto": 0,
        "quarantined": 0,
        "duplicate": 1,
        "held": 0,
    }
    assert status["accepted"] == status["in_flight"] + sum(status["dispositions"].values())
    rows = desk.tickets()
    claimed = [row for row in rows if row["claimed_ticket"] == f"RZ-{numbers['zh']}"]
    assert len(claimed) == 1
    assert claimed[0]["requester"] == "stranger@else.example"
    for reply in desk.relay.to("stranger@else.example"):
        assert numbers["zh"] not in body_of(reply)
        assert "2000061286751" not in body_of(reply)
        assert "zh@shop.example" not in reply.as_string()
    joined = [row for row in rows if f"RZ-{numbers['ru']}" in row["related"]]
    assert len(joined) == 1

    assert set(status["queues"]) >= {topic_queue(slug) for slug in ROUTED_SLUGS}
    assert desk.stop(signal.SIGINT) == 0
    assert desk.processes("") == []


def test_every_queue_is_consumed(make_desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk()
    desk.wait_for_worker()
    for name, value in desk.env.items():
        if name.startswith("RAZBOR_"):
            monkeypatch.setenv(name, value)
    from settings import load_settings
    from workers.app import create_app

    app = create_app(load_settings())
    found = app.control.inspect(timeout=3).active_queues() or {}
    consumed = {queue["name"] for queues in found.values() for queue in queues}
    assert consumed >= {topic_queue(slug) for slug in ROUTED_SLUGS} | {"read", "outbound", "upkeep"}


def test_broker_gone_mail_is_accepted_and_worked_later(make_desk) -> None:
    """The embedded broker is killed; acceptance does not notice, the supervisor brings it back."""
    desk = make_desk()
    desk.wait_for_worker()
    brokers = desk.processes("-server")
    assert brokers
    for pid in brokers:
        os.kill(pid, signal.SIGKILL)
    subject, text, _ = INCOMPLETE["ru"]
    desk.send(mail(subject, text, "ru@shop.example", "later@shop.example"), "ru@shop.example")
    assert desk.wait_quiet(1)["dispositions"]["opened"] == 1
    assert len(desk.relay.to("ru@shop.example")) == 1


def test_a_killed_worker_loses_and_doubles_nothing(make_desk) -> None:
    desk = make_desk()
    desk.wait_for_worker()
    subject, text, _ = INCOMPLETE["ru"]
    for n in range(60):
        sender = f"s{n}@shop.example"
        desk.send(mail(subject, text, sender, f"k{n}@shop.example"), sender)
        if n in {20, 40}:
            while not desk.processes("cli worker"):  # the supervisor is bringing it back
                time.sleep(0.1)
            for pid in desk.processes("cli worker"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
    status = desk.wait_quiet(60)
    assert status["dispositions"]["opened"] == 60
    assert all(len(desk.relay.to(f"s{n}@shop.example")) == 1 for n in range(60))
