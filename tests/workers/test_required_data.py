"""Required data: rules of domain 2.1 and 2.4 as a table of data (R5, R36, R39, R40, R46, R47, R53, R65)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decisions import FactValue
from models.topics import SLUGS
from workers.required_data import ask_fields, completeness, missing_fields, rules_of
from workers.word_lists import read_table

FIELDS = [
    "seller_id",
    "order_ref",
    "sku_ref",
    "supply_ref",
    "tracking_number",
    "waybill",
    "act_ref",
    "document_ref",
    "period",
    "event_date",
    "amount",
    "campaign_ref",
    "claim_ref",
    "fine_ref",
    "pvz_ref",
    "legal_id",
    "feedback_ref",
    "error_ref",
    "barcode_or_mark",
    "warehouse",
    "planned_date",
    "list_file",
    "label_photo",
    "contact",
    "loose_number",
    "place",
]


def facts(*names: str) -> list[FactValue]:
    return [FactValue(field=name, value="1") for name in names]


@pytest.mark.parametrize(
    ("topic", "subkind", "known", "expected"),
    [
        ("cards_moderation", "", (), ("seller_id", "sku_ref")),
        ("cards_moderation", "", ("seller_id", "list_file"), ()),  # R36: a file of SKUs
        ("orders_returns", "", ("seller_id",), ("order_ref|claim_ref",)),
        ("orders_returns", "", ("seller_id", "claim_ref"), ()),
        ("logistics_acceptance", "inbound", ("supply_ref",), ("seller_id", "event_date|act_ref")),
        ("logistics_acceptance", "inbound", ("seller_id", "supply_ref", "act_ref"), ()),
        ("logistics_acceptance", "slots", ("seller_id", "supply_ref", "planned_date"), ()),
        ("logistics_acceptance", "search", ("seller_id", "supply_ref", "event_date"), ("waybill",)),  # R39
        ("logistics_acceptance", "parcel", ("seller_id",), ("order_ref|tracking_number",)),  # R47
        ("logistics_acceptance", "parcel", ("seller_id", "tracking_number"), ()),
        ("stock_accounting", "", ("seller_id", "sku_ref"), ("warehouse|supply_ref|event_date",)),
        ("stock_accounting", "", ("seller_id", "sku_ref", "warehouse"), ()),
        (
            "finance_documents",
            "",
            ("seller_id", "event_date", "amount"),
            ("period",),
        ),  # R40, 2.4: a date is no period
        ("finance_documents", "", ("seller_id", "period"), ("amount|document_ref|order_ref",)),
        ("ads_promo_analytics", "", ("seller_id", "campaign_ref"), ("period|event_date",)),
        ("fines_appeals", "", ("seller_id", "amount"), ("fine_ref",)),
        ("fines_appeals", "", ("seller_id", "order_ref", "amount"), ()),
        ("marking_packaging", "", ("seller_id", "sku_ref"), ("barcode_or_mark",)),
        ("marking_packaging", "", ("seller_id", "sku_ref", "label_photo"), ()),
        ("account_access", "", (), ("seller_id|legal_id",)),
        ("account_access", "onboarding", ("contact",), ()),
        ("account_access", "block", ("contact",), ("seller_id|legal_id",)),
        ("pickup_points", "owner", (), ("pvz_ref",)),
        ("pickup_points", "prospect", (), ("legal_id",)),  # R65: nothing about orders
        ("buyer_feedback", "", ("seller_id",), ("feedback_ref|sku_ref|order_ref",)),
        ("api_technical", "", ("seller_id", "error_ref"), ("event_date",)),
        ("spam_phishing", "", (), ()),
        ("other", "", (), ()),
        ("a_topic_of_their_own", "", (), ()),
    ],
)
def test_strict_list(topic: str, subkind: str, known: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert missing_fields(topic, facts(*known), subkind=subkind) == expected


def test_r5_legal_id_never_stands_for_the_seller() -> None:
    assert "seller_id" in missing_fields("cards_moderation", facts("legal_id", "sku_ref"))


def test_empty_value_is_no_fact() -> None:
    assert missing_fields("cards_moderation", [FactValue(field="sku_ref", value="")]) == (
        "seller_id",
        "sku_ref",
    )


@pytest.mark.parametrize(
    ("topic", "subkind", "left"),
    [
        ("marking_packaging", "certificate", ("seller_id", "sku_ref|supply_ref|order_ref")),
        ("ads_promo_analytics", "subscription", ("seller_id", "period|event_date")),
        ("finance_documents", "payout_details", ("seller_id",)),
        ("buyer_feedback", "chat_off", ("seller_id",)),  # R53
        ("stock_accounting", "warehouse_off", ("seller_id", "warehouse|supply_ref|event_date")),
        ("cards_moderation", "", ("seller_id", "sku_ref")),
    ],
)
def test_question_leaves_out_what_makes_no_sense(topic: str, subkind: str, left: tuple[str, ...]) -> None:
    missing = missing_fields(topic, (), subkind=subkind)
    assert ask_fields(topic, missing, subkind=subkind) == left


def test_r22_a_field_asked_before_is_not_asked_again_not_even_inside_a_group() -> None:
    missing = ("seller_id", "order_ref|claim_ref")
    assert ask_fields("orders_returns", missing, asked=frozenset({"order_ref|tracking_number"})) == (
        "seller_id",
    )
    assert ask_fields("orders_returns", missing, asked=frozenset({"seller_id", "claim_ref"})) == ()


@given(topic=st.sampled_from(SLUGS), known=st.sets(st.sampled_from(FIELDS)), more=st.sampled_from(FIELDS))
def test_another_fact_never_makes_more_missing(topic: str, known: set[str], more: str) -> None:
    before = missing_fields(topic, facts(*known))
    after = missing_fields(topic, facts(*known, more))
    assert set(after) <= set(before)
    assert completeness(topic, after) >= completeness(topic, before)


@given(topic=st.sampled_from(SLUGS), asked=st.frozensets(st.sampled_from(FIELDS)))
def test_never_twice_the_same_field(topic: str, asked: frozenset[str]) -> None:
    ask = ask_fields(topic, missing_fields(topic, ()), asked=asked)
    assert asked.isdisjoint(name for part in ask for name in part.split("|"))


def test_table_names_only_topics_subkinds_and_fields_that_exist() -> None:
    table, kinds = read_table("required_data.toml"), read_table("subkinds.toml")
    assert set(table["topics"]) == set(SLUGS)
    for topic, row in table["topics"].items():
        named = {kind["name"] for kind in kinds.get(topic, {}).get("kind", [])}
        assert set(row.get("subkinds", {})) <= named, topic
        for subkind in ("", *row.get("subkinds", {})):
            rules = rules_of(topic, subkind)
            parts = [
                *rules["required"],
                *rules["counts_as"],
                *(n for v in rules["counts_as"].values() for n in v),
            ]
            assert {name for part in parts for name in part.split("|")} <= set(FIELDS), (topic, subkind)
            assert rules["skip"] <= set(rules["required"]), (topic, subkind)


def test_operators_may_bring_rules_of_their_own() -> None:
    table = {"counts_as": {}, "topics": {"tenders": {"required": ["seller_id", "document_ref"]}}}
    assert missing_fields("tenders", facts("seller_id"), table=table) == ("document_ref",)
