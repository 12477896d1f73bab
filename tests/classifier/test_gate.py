"""The gate: pair by pair, with a reason; chance stops no candidate, a fall or a poisoned night does."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from classifier.gate import Answer, GateMail, judge, sign_test

TOPICS = ("fines_appeals", "api_technical", "orders_returns")


def mails(count: int, *, frozen: bool = True, author: str = "") -> list[GateMail]:
    return [
        GateMail(
            id=f"{author}{'f' if frozen else 'r'}{n}",
            topic=TOPICS[n % 3],
            language=("ru", "zh")[n % 2],
            is_frozen=frozen,
            author=author,
        )
        for n in range(count)
    ]


def answers(of: list[GateMail], wrong: set[int], confidence: float = 0.9) -> dict[str, Answer]:
    return {
        mail.id: Answer("other" if n in wrong else mail.topic, 0.5 if n in wrong else confidence)
        for n, mail in enumerate(of)
    }


def test_equal_versions_pass_and_say_so() -> None:
    some = mails(300)
    verdict = judge(some, answers(some, {1, 2}), answers(some, {1, 2}))
    assert verdict.passes
    assert "frozen set 99.3%, was 99.3%" in verdict.reason
    assert {one.group for one in verdict.comparisons} >= {"frozen set", "language ru", "topic api_technical"}


def test_a_fall_of_the_frozen_set_is_refused() -> None:
    some = mails(400)
    verdict = judge(some, answers(some, set()), answers(some, {0, 1, 2, 3, 4}))
    assert not verdict.passes
    assert verdict.reason.startswith("frozen set fell from 100.0% to 98.8%")


def test_what_chance_changes_between_two_fits_is_no_fall() -> None:
    """Four mails lost and two won are as likely when both versions are equally good."""
    some = mails(500)
    assert judge(some, answers(some, {0, 1}), answers(some, {2, 3, 4, 5})).passes


def test_a_deep_fall_is_refused_whatever_chance_says() -> None:
    some = mails(600)
    old, new = set(range(60)), set(range(60, 130))
    verdict = judge(some, answers(some, old), answers(some, new))
    assert verdict.reason.startswith("frozen set fell from 90.0% to 88.3%")


def test_one_topic_that_falls_is_refused_though_the_whole_rises() -> None:
    some = mails(600)
    old = set(range(1, 60, 3)) | set(range(2, 60, 3))
    new = set(range(0, 45, 3))  # fifteen of the first topic, where the champion was right
    verdict = judge(some, answers(some, old), answers(some, new))
    assert not verdict.passes
    assert "topic fines_appeals fell" in verdict.reason
    assert "frozen set fell" not in verdict.reason


def test_recent_labels_alone_may_differ_by_chance() -> None:
    recent = mails(60, frozen=False, author="op")
    verdict = judge(recent, answers(recent, {1, 2, 3}), answers(recent, {4, 5, 6, 7}))
    assert verdict.passes


def test_mails_that_one_version_has_no_answer_for_are_left_out() -> None:
    some = mails(100)
    assert judge(some, {}, answers(some, set())).comparisons == ()


def test_an_operator_whose_labels_contradict_sure_answers_is_named() -> None:
    """A poisoned night: a fifth of one operator's labels wrong, none of them in the frozen set."""
    rng = random.Random(4)
    corpus = mails(500)
    honest, careless = (mails(200, frozen=False, author=name) for name in ("anna", "boris"))
    old = answers(corpus, {1, 2, 3}) | answers(honest, {5}, 0.95)
    for mail in careless:
        is_poisoned = rng.random() < 0.2
        old[mail.id] = Answer("stock_accounting" if is_poisoned else mail.topic, 0.95)
    verdict = judge([*corpus, *honest, *careless], old, old)
    assert not verdict.passes
    assert verdict.suspicious_authors == ("boris",)
    assert "labels of boris contradict" in verdict.reason


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_a_probability_that_falls_with_the_evidence(worse: int, better: int) -> None:
    found = sign_test(worse, worse + better)
    assert 0 <= found <= 1
    assert sign_test(worse + 1, worse + better + 1) <= found + 1e-12
