"""One mail costs a bounded amount of time and memory, and then it is held alone, with its cause."""

from __future__ import annotations

import contextlib
import re
import resource
import signal
import threading
import time
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest

from benchmarks.hostile_mails import MAILS, parts_of
from intake.html_attributes import MAX_ATTRIBUTES, without_attribute_floods
from intake.html_text import html_to_text
from workers import batch
from workers.read_budget import Budget, OverBudgetError, within

SHORT = Budget(cpu_s=0.05, wall_s=0.3, memory_bytes=60 * 1024 * 1024)
PATIENT = replace(SHORT, wall_s=4.0)  # beside busy neighbours 0.05 s of processor time take long


def spin() -> None:
    while True:
        pass


def swallow_everything() -> None:
    while True:
        with contextlib.suppress(Exception):
            spin()


@pytest.mark.parametrize(
    ("work", "cause"),
    [
        (spin, "0.05 s of processor time"),
        (swallow_everything, "0.05 s of processor time"),
        (lambda: re.search("(a|a)*b", "a" * 40), "0.05 s of processor time"),
        (lambda: time.sleep(5), "more than 0.3 s"),
        (lambda: bytearray(2 * 1024**3), "60 MB of memory"),  # more than earlier tests may have left free
        (lambda: [str(number) for number in range(10**9)], "more than"),
    ],
    ids=["loop", "swallowing", "regex", "waiting", "one block", "many"],
)
def test_work_over_its_budget_is_ended_with_the_cause(work: Any, cause: str) -> None:
    started = time.monotonic()
    with pytest.raises(OverBudgetError, match=cause):
        within(PATIENT if "processor" in cause else SHORT, work)
    assert time.monotonic() - started < 5


def test_what_was_set_before_is_put_back() -> None:
    def state() -> tuple[Any, ...]:
        return (
            resource.getrlimit(resource.RLIMIT_AS),
            signal.getsignal(signal.SIGPROF),
            signal.getsignal(signal.SIGALRM),
            signal.getitimer(signal.ITIMER_PROF),
        )

    before = state()
    assert within(SHORT, lambda: 7) == 7
    with pytest.raises(OverBudgetError):
        within(SHORT, spin)
    with pytest.raises(KeyError):
        within(SHORT, lambda: {}["x"])
    assert state() == before


def test_a_process_that_is_held_tighter_blames_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1, resource.RLIM_INFINITY))

    def hungry() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        within(SHORT, hungry)


def test_other_threads_work_without_bounds() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(within(SHORT, lambda: 7)))
    thread.start()
    thread.join()
    assert found == [7]


def test_a_hostile_mail_is_held_alone_and_read_after_an_upgrade(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.store.mails import held_mails, retry_held

    heavy = parts_of([b"Content-Type: text/html\r\n\r\n" + b"<p>123456789 abc</p>" * 3000] * 4)
    monkeypatch.setattr(batch, "BUDGET", Budget(cpu_s=0.04))
    bad = desk.mail(raw=heavy)
    desk.mail(sender="fine@shop.example", message_id="2@shop.example")
    desk.read()
    assert desk.ends() == ["held", "opened"]
    assert desk.states()[0].cause == "reading it takes more than 0.04 s of processor time"
    desk.assert_balanced()
    monkeypatch.undo()
    with desk.store.read() as db:
        (held,) = held_mails(db)
    assert (held["raw_id"], held["attempts"], held["held_version"]) == (bad, 1, version("razbor"))
    with desk.store.write() as db:
        assert retry_held(db, [bad]) == 1
    desk.assert_balanced(in_flight=1)
    desk.read()
    assert desk.ends() == ["opened", "opened"]
    assert desk.states()[0].attempts == 2
    desk.assert_balanced()


CHEAP = [
    "2,000 nested message/rfc822",
    "20,000 attachments",
    "100,000 addresses",
    "100,000 encoded words",
    "html: 200,000 attributes on one tag",
]


def test_hostile_mails_end_within_the_budget_and_none_kills_the_worker(desk: Any) -> None:
    for name in CHEAP:
        desk.mail(raw=MAILS[name]().replace(b"<h@shop", f"<{len(name)}{name[:3]}@shop".encode()))
    desk.mail(sender="fine@shop.example", message_id="fine@shop.example", text="Где поставка 2000061286799?")
    started = time.process_time()
    while desk.read().full:
        pass
    assert time.process_time() - started < len(CHEAP) * 1.5
    assert None not in desk.ends()
    assert desk.ends()[-1] == "opened"
    desk.assert_balanced()


ATTRIBUTES = " ".join(f"a{n}" for n in range(60_000))


@pytest.mark.parametrize(
    "markup",
    [
        f"<p {ATTRIBUTES}>x",
        f'<p a=">" {ATTRIBUTES}>x',
        f"<p a = '>' {ATTRIBUTES}>x",
        f'<p x" a=">" {ATTRIBUTES}>x',
        f"<p x' {ATTRIBUTES}>x",
        f"</p {ATTRIBUTES}>x",
        "<p " + ATTRIBUTES.replace(" ", "=''") + ">x",
        "<p " + ATTRIBUTES.replace(" ", "/") + ">x",
        f"<p {ATTRIBUTES}",
    ],
)
def test_a_flood_of_attributes_is_cut(markup: str) -> None:
    assert len(without_attribute_floods(markup)) < len(markup) / 10
    started = time.process_time()
    html_to_text(markup)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "markup",
    [
        "<p>" + "слово " * 10_000,
        "<img src='data:image/png;base64," + "A" * 300_000 + "'>x",
        "<td width=1>x</td>" * 5000,
        "<p " + " ".join(f"a{n}=1" for n in range(MAX_ATTRIBUTES - 2)) + ">x</p>",
    ],
)
def test_usual_markup_stays(markup: str) -> None:
    assert without_attribute_floods(markup) == markup
