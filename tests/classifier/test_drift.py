"""Drift: nothing to say of the same mail, an alert for a shift, silence while few mails tell."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from classifier.drift import bands, drift, stability_index

PROFILE: dict[str, Any] = {
    "topics": {"a": 300, "b": 300, "c": 300},
    "languages": {"ru": 450, "zh": 450},
    "confidence": bands([0.99] * 700 + [0.6] * 200),
    "unseen_share": 0.05,
}


def recent(**changed: Any) -> dict[str, Any]:
    return PROFILE | changed


def test_the_same_mail_is_no_drift() -> None:
    found = drift(PROFILE, recent())
    assert found["alerts"] == []
    assert found["topics"] == found["languages"] == found["confidence"] == 0


def test_each_shift_is_named() -> None:
    shifted = {
        "topics": recent(topics={"a": 850, "b": 25, "c": 25}),
        "languages": recent(languages={"ru": 100, "zh": 800}),
        "confidence": recent(confidence=bands([0.6] * 900)),
        "unseen_rise": recent(unseen_share=0.2),
    }
    for name, profile in shifted.items():
        assert drift(PROFILE, profile)["alerts"] == [name]


def test_few_mails_raise_no_alarm() -> None:
    few = recent(languages={"zh": 20}, topics={"a": 20}, confidence=bands([0.5] * 20))
    assert drift(PROFILE, few)["languages"] > 0.25
    assert drift(PROFILE, few)["alerts"] == []


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 50)),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 50)),
)
def test_the_index_is_never_negative(before: dict[str, int], after: dict[str, int]) -> None:
    assert stability_index(before, after) >= 0
