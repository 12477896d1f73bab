"""The promise seen from outside, through SMTP and a relay: under `razbor serve`, and as compose runs it.

The second is the parity test of docker-compose.yml: its services on PostgreSQL and Redis (`composed`).
"""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.faults import EX_CONFIG
from models.keyring import KeyringContent, write_keyring
from models.store import open_store
from models.store.schema import RAW
from models.store.webhooks import add_webhook
from models.topics import ROUTED_SLUGS, topic_queue
from tests.console.webhook_receiver import Receiver
from tests.live.clean_log import leaks, way_of_mail
from tests.live.conftest import Desk
from tests.live.letters import INCOMPLETE, mail
from tests.warm_command import warm_razbor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
PARTS = ("serve", "listen", "worker", "beat", "console", "broker")


def _assert_log_tells_the_way_and_no_words(desk: Desk) -> None:
    """Every step of a mail names it, its ticket and the task; nothing that a seller wrote is quoted."""
    lines = desk.log_lines()
    assert way_of_mail(lines, 1)[:3] == ["mails stored", "mail worked", "ticket worked"]
    assert "reply" in way_of_mail(lines, 1)
    for line in lines:
        if line["event"] in {"mail worked", "ticket worked", "reply"}:
            assert line["task_id"], line
            assert line["part"], line
    letters = [(subject, text) for subject, text, _ in INCOMPLETE.values()]
    people = [f"{name}@shop.example" for name in (*INCOMPLETE, "answer", "related")]
    text = desk.log.read_text()
    assert (
        leaks(text, [*letters, ("", "наша поставка обращением")], [*people, "stranger@else.example"]) == set()
    )
    words = text + letters[0][1]
    assert leaks(words, letters, people), "the check itself finds what is there"


def body_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _new_keyring(folder: Path) -> Path:
    """Make a keyring, so that one of the two forms runs with sealed mail throughout."""
    content = KeyringContent().with_new_key("2026-11-22T10:00:00+00:00")
    write_keyring(folder / "keyring.json", replace(content, writes=content.keys[0].key_id))
    return folder / "keyring.json"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def _assert_one_instance(desk: Desk) -> None:
    """A second `serve` is refused. What `kill -9` leaves and the next start stand in `test_random_kills`."""
    assert desk.process is not None
    second = warm_razbor("serve", env=desk.env)
    assert second.returncode == EX_CONFIG
    assert f"process {desk.process.pid}" in second.stderr
    assert "RAZBOR_DATA_DIR" in second.stderr
    assert warm_razbor("alive", "listen", env=desk.env).returncode == 0
    assert len(desk.processes("")) >= len(PARTS)


def told_of_events(desk: Desk, receiver: Receiver) -> None:
    """Let a system be told of tickets that are opened, as `razbor webhooks add` does."""
    settings = desk.settings()
    store = open_store(settings.main_database_url, settings.intake_database_url)
    with store.write({"webhooks"}) as db:
        kinds = ["ticket.opened"]
        add_webhook(db, "erp", receiver.url, kinds, created_by="test", now_utc=datetime.now(UTC))
    store.close()


@pytest.mark.parametrize("composed", [False, True], ids=["serve, embedded", "compose, postgresql+redis"])
def test_core_promise(make_desk, receiver: Receiver, composed: bool, tmp_path: Path) -> None:
    desk = make_desk(
        composed=composed,
        log_json="true",
        log_level="INFO" if composed else "DEBUG",
        webhook_hosts=receiver.host,
        **({"keyring": str(_new_keyring(tmp_path))} if composed else {}),
    )
    told_of_events(desk, receiver)
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

    deadline = time.monotonic() + 20  # by the Celery worker of the queue, signed; the sweeper nudges it
    while len(receiver.heard) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    told = {event["data"]["ticket"] for event in receiver.events()}
    assert {f"RZ-{number}" for number in told} == set(by_number)
    assert {headers["webhook-signature"][:3] for headers, _ in receiver.heard} == {"v1,"}

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
    status = json.loads(desk.razbor("status", "--json").stdout)  # started cold, as an operator does
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
    desk.status()
    assert desk.store is not None
    with desk.store.read_raw() as raw:
        forms = set(raw.scalars(select(RAW.c.codec)))
    assert all(form.startswith("sealed:") for form in forms) is composed
    if not composed:
        _assert_one_instance(desk)
    assert desk.stop(signal.SIGINT) == 0
    assert desk.none_left(), desk.processes("")
    _assert_log_tells_the_way_and_no_words(desk)
