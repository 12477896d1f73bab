"""The dashboard counts what happened and links to it; charts are plain SVG with a table beside them."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.charts import BOX, line_chart, round_up, stacked_bars
from console.figures_shelf import FiguresShelf
from console.moments import Moments
from console.periods import period_of
from console.promise import upper_bound
from console.wording import words_of
from models.store.desk_figures import (
    HourCount,
    Span,
    audits_by_hour,
    intake_by_hour,
    moves_by_hour,
    open_ages,
    question_rounds,
    reactions_by_hour,
    routing_by_hour,
)
from models.store.kpis import outcome_shares
from models.store.learning import add_label
from tests.console.conftest import on_sqlite
from workers import acts

NOW = datetime(2026, 11, 16, 22, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def busy_day(desk) -> list[int]:
    """Four mails: two tickets of which one is closed in time, one in review, one casino."""
    desk.mail("Поставка 2000061286750, склад принял 12 коробок вместо 14.", subject="Недостача")
    desk.mail("unsure о чём это письмо", sender="b@shop.example")
    desk.mail("Поставка 2000061286751, нет акта.", sender="c@shop.example")
    desk.mail("casino", sender="d@spam.example")
    desk.read()
    desk.work()
    numbers = [row.id for row in desk.tickets()]
    desk.pass_time(3600)
    acts.close(desk.service, numbers[0], "anna", resolution="confirmed", reason="найдено")
    return numbers


def test_figures_are_counted_alike_on_both_engines(desk) -> None:
    began = desk.now
    busy_day(desk)
    with desk.store.write() as db:
        add_label(db, 1, "logistics_acceptance", author="anna", source="audit", now_utc=desk.now)
        add_label(db, 3, "finance_documents", author="anna", source="audit", now_utc=desk.now)
        db.exec_driver_sql("UPDATE prediction SET audit = true")
    span = Span(since_utc=began - timedelta(hours=1), until_utc=desk.now + timedelta(hours=1))
    with desk.store.read() as db:
        found = {
            name: {one.name: one.count for one in count(db, span)}
            for name, count in (
                ("intake", intake_by_hour),
                ("moves", moves_by_hour),
                ("reactions", reactions_by_hour),
                ("routing", routing_by_hour),
                ("audits", audits_by_hour),
            )
        }
        hours = {one.hour_utc for one in intake_by_hour(db, span)}
        rounds = question_rounds(db, span)
        ages = open_ages(db, desk.now, (timedelta(minutes=30), timedelta(hours=4)))
        nothing = intake_by_hour(db, Span(since_utc=desk.now, until_utc=desk.now + timedelta(days=1)))
    assert found["intake"] == {"opened": 3, "quarantined": 1}
    assert hours == {began.replace(minute=0)}
    assert found["moves"] == {"opened": 3, "closed": 1}
    assert found["reactions"] == {"in_time": 1, "none": 2}
    assert found["routing"] == {"route": 2, "review": 1}
    assert found["audits"] == {"right": 1, "wrong": 1}
    assert rounds == [0, 1, 0, 0]  # the closed one had been asked for its data
    assert [(one.topic, one.counts, one.breached) for one in ages] == [("logistics_acceptance", (0, 2, 0), 0)]
    assert nothing == []


@on_sqlite
@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_the_page_shows_figures_in_every_language(web, language) -> None:
    busy_day(web.desk)
    web.enter("viewer", login=f"v-{language}", language=language)
    for by in ("topic", "language", "marketplace", "nonsense"):
        page = web.get(f"/dashboard?days=7&by={by}")
        assert page.status_code == 200
    text = web.get("/dashboard?days=7").text
    assert 'href="/queues?topic=logistics_acceptance&amp;sort=oldest"' in text
    assert text.count('<svg viewBox="0 0 100 100"') >= 4
    assert text.count('<details class="numbers">') >= 4, "every chart has its table"
    assert "style=" not in text
    names = {row["confirmed"][language] for row in [web.console.desk.resolutions("logistics_acceptance")]}
    assert names.pop() in text, "an end of a ticket is named, not coded"
    assert outcome_shares()["logistics_acceptance"]["confirmed"]["name"][language] in text


def test_figures_are_counted_once_a_minute() -> None:
    now, counted = [0.0], []
    shelf = FiguresShelf(stale_s=0, clock=lambda: now[0])

    def asked(name: str) -> int:
        return shelf.of((name,), lambda: counted.append(name) or len(counted))

    assert [asked("a"), asked("b"), asked("a")] == [1, 2, 1]
    now[0] = 61.0
    assert asked("a") == 3
    for number in range(50):
        asked(str(number))
    assert len(shelf._kept) == 32


def test_nobody_waits_for_figures_that_were_counted_lately_or_are_likely_next() -> None:
    now, counted = [0.0], threading.Event()
    shelf = FiguresShelf(clock=lambda: now[0])

    def later() -> str:
        counted.set()
        return "later"

    assert shelf.of(("month",), lambda: "first") == "first"
    now[0] = 300.0
    assert shelf.of(("month",), later) == "first", "what was counted is shown while it is counted anew"
    assert counted.wait(5)
    while shelf.of(("month",), later) != "later":
        time.sleep(0.001)
    while ("year",) not in shelf._kept:  # while it counts aside it takes no further question
        shelf.prepare({("year",): later})
        time.sleep(0.001)
    assert shelf.of(("year",), lambda: "asked too late") == "later"
    now[0] = 901.0
    assert shelf.of(("month",), lambda: "anew") == "anew", "nobody asked for ten minutes"


@on_sqlite
def test_an_empty_desk_says_so(web) -> None:
    web.enter("viewer")
    text = web.get("/dashboard?from=2026-01-01&to=2026-01-31").text
    assert "No mail came in this period." in text
    assert 'value="2026-01-01"' in text
    assert "<rect" not in re.sub(r"<aside.*?</aside>", "", text)


@pytest.mark.parametrize(
    ("asked", "first", "last", "chosen"),
    [
        ({}, "2026-10-19", "2026-11-17", 30),
        ({"days": "7"}, "2026-11-11", "2026-11-17", 7),
        ({"days": "8"}, "2026-10-19", "2026-11-17", 30),
        ({"days": "٣٠"}, "2026-10-19", "2026-11-17", 30),
        ({"from": "2026-11-01", "to": "2026-11-05"}, "2026-11-01", "2026-11-05", 0),
        ({"from": "2026-11-01", "to": "2027-01-01"}, "2026-11-01", "2026-11-17", 0),
        ({"from": "1999-01-01"}, "1999-01-01", "2000-01-01", 0),
        ({"from": "2026-11-05", "to": "2026-11-01"}, "2026-10-19", "2026-11-17", 30),
        ({"from": "2030-01-01"}, "2026-10-19", "2026-11-17", 30),
        ({"from": "yesterday"}, "2026-10-19", "2026-11-17", 30),
    ],
)
def test_periods_are_the_readers_days(asked, first, last, chosen) -> None:
    """22:30 UTC is the next day in Moscow already."""
    period = period_of(asked, NOW, MOSCOW)
    assert (period.first.isoformat(), period.last.isoformat(), period.chosen_days) == (first, last, chosen)
    assert period.span.since_utc < period.span.until_utc


def test_hours_fall_into_the_readers_days() -> None:
    period = period_of({"days": "7"}, NOW, MOSCOW)
    late = HourCount(hour_utc=NOW.replace(hour=21, minute=0), name="opened", count=2)  # after midnight there
    early = HourCount(hour_utc=NOW.replace(hour=20, minute=0), name="opened", count=3)
    assert period.spread([late, early], ("opened",))["opened"][-2:] == [3, 2]
    year = period_of({"days": "365"}, NOW, MOSCOW)
    when = Moments(words=words_of("en"), zone=MOSCOW, now_utc=NOW)
    assert len(year.labels(when)) == 53 == len(year.spread([], ("opened",))["opened"])
    assert year.labels(when)[-1] == "17 Nov"


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=60), st.booleans())
def test_bars_stay_in_their_box(values, side_by_side) -> None:
    series = {"opened": [one for one, _ in values], "closed": [other for _, other in values]}
    chart = stacked_bars([str(n) for n in range(len(values))], series, side_by_side=side_by_side)
    assert chart.total == sum(map(sum, values))
    for bar in chart.bars:
        assert sum(part.value for part in bar.parts) == bar.total
        for part in bar.parts:
            assert -0.001 <= part.y <= part.y + part.height <= BOX + 0.001
            assert bar.left <= part.x <= part.x + part.width <= bar.left + bar.width + 0.001


def test_lines_break_where_nothing_is_known() -> None:
    chart = line_chart(["a", "b", "c", "d"], {"precision": [0.95, 1.0, None, 0.9]})
    (line,) = chart.lines
    assert len(line.paths) == 1
    assert [dot.value for dot in line.dots] == [0.95, 1.0, 0.9]
    assert chart.low == 0.5
    assert chart.height_of(0.5) == BOX
    assert not line_chart(["a"], {"precision": [None]}).has_values


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (7, 8), (9, 10), (11, 20), (61, 80), (801, 1000)])
def test_axes_end_at_round_numbers(value, top) -> None:
    assert round_up(value) == top


@pytest.mark.parametrize(
    ("right", "labelled", "low", "high"), [(0, 0, 1, 1), (30, 30, 0.99, 1), (90, 100, 0.93, 0.95)]
)
def test_a_promise_is_broken_only_beyond_chance(right, labelled, low, high) -> None:
    assert low <= upper_bound(right, labelled) <= high


@pytest.mark.parametrize(("language", "shown"), [("ru", "93,5\u00a0%"), ("en", "93.5%"), ("zh", "93.5%")])
def test_numbers_are_written_as_the_language_does(language, shown) -> None:
    words = words_of(language)
    assert words.percent(0.935) == shown
    assert words.percent(1.0) in {"100\u00a0%", "100%"}
    assert words.number(12400.5, 1) == ("12\u00a0400,5" if language == "ru" else "12,400.5")
