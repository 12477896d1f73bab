"""Key figures and the journal of requests count real tickets that operators worked (rules R29, R30, R32)."""

from __future__ import annotations

from datetime import timedelta

from models.store.kpis import desk_kpis, outcome_shares
from models.store.requests import requests_of
from tests.workers.conftest import START, Desk
from workers import acts
from workers.word_lists import read_table

COMPLETE = "ID продавца 2457831. Поставка 2000061286750, приёмка 10 ноября, не хватает 4 единиц, случай {}."


def test_key_figures_count_what_operators_did(desk: Desk) -> None:
    for case in range(3):
        desk.mail(COMPLETE.format(case), sender=f"s{case}@shop.example", subject=f"Недостача {case}")
    desk.mail("Поставку склад принял не полностью, просим проверить.", sender="s9@shop.example")
    desk.read()
    desk.work()
    first, second, _third, fourth = (row.id for row in desk.tickets())
    desk.pass_time(3600)
    acts.take(desk.service, first, "anna")
    desk.pass_time(3600)
    acts.close(desk.service, first, "anna", resolution="confirmed", reason="остаток исправлен")
    desk.pass_time(5 * 24 * 3600)  # past the term of the first reaction
    acts.close(desk.service, second, "anna", resolution="not_confirmed", reason="пересчитано")
    acts.close(desk.service, fourth, "boris", resolution="no_answer", reason="продавец молчит")

    with desk.store.read() as db:
        day = timedelta(days=1)
        rows = {row["name"]: row for row in desk_kpis(db, since_utc=START - day, until_utc=desk.now + day)}
    mine, everything = rows["logistics_acceptance"], rows[""]
    outcomes = {
        "confirmed": 0.5,
        "compensated": 0.0,
    }  # of two that were looked into; no answer decides nothing
    assert mine == everything | {"name": "logistics_acceptance", "outcomes": outcomes}
    assert (mine["opened"], mine["closed"]) == (4, 3)
    assert mine["resolutions"] == {"confirmed": 1, "no_answer": 1, "not_confirmed": 1}
    assert mine["without_question"] == round(2 / 3, 4)  # the fourth was asked for its data
    assert mine["first_reaction_in_time"] == round(2 / 3, 4)  # the fourth's clock stood while it waited
    assert mine["mean_cycle_h"] is not None
    assert mine["mean_cycle_h"] > 2
    assert mine["reopened"] == 0

    with desk.store.read() as db:
        [line] = requests_of(db, seller="s0@shop.example")
    assert line["ticket"] == f"RZ-{first}"
    assert line["identifiers"] == ["2000061286750"]
    assert [move.split()[1] for move in line["statuses"]] == ["new", "in_progress", "closed"]
    assert line["resolution"] == "confirmed"


def test_every_figure_of_a_topic_is_made_of_codes_that_its_tickets_may_end_with() -> None:
    resolutions = read_table("resolutions.toml")
    for topic, figures in outcome_shares().items():
        for share in figures.values():
            assert set(share["codes"]) < set(share["of"]) <= set(resolutions[topic])
            assert set(share["name"]) == {"ru", "zh", "en"}
    named_in_r30 = {"cards_moderation", "orders_returns", "logistics_acceptance", "finance_documents"}
    assert named_in_r30 | {"ads_promo_analytics", "fines_appeals"} <= outcome_shares().keys()


def test_nothing_counted_is_no_zero(desk: Desk) -> None:
    with desk.store.read() as db:
        [row] = desk_kpis(db, since_utc=START, until_utc=START)
    assert row["opened"] == 0
    assert row["first_reaction_in_time"] is None
    assert row["mean_cycle_h"] is None
