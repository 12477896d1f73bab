"""Real mails, mutated: read without an error, twice the same, whatever the line ends; findings stay here."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutate import mutate, seed_mails
from tests.fuzz.target import FindingError, check_mail

SEEDS = seed_mails()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(min_value=0, max_value=2**32))
def test_mutated_mails_hold_all_checks(seed: int) -> None:
    check_mail(mutate(SEEDS, random.Random(seed)))


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\nContent-Type: text/plain\n\n" + b" \n" * 40,
        b"Content-Type: multipart/mixed; boundary=a\n\nNyaaan\n\n--a\nContent-Type: image/png\n\nx\n--a--\n",
        b"Content-Type: message/partial; number=1\n\nSubject: y\n\nwords\n",
        b"To: seller-supp\x00ort@market.example\n\nx",
        b"Auto-Submitted: auto-gene\x00rated\n\nx",
        b"Subject: x\n\nReceived`````````````````````\x04``",
        b"Subject: x\n\n" + b"x1" * 8_000 + b"\xd0\xff",
        b"Subject: x\n\n" + b"QUJD" * 15 + b"=Q\n",
        b"Subject: x\n\n" + b"QUJD" * 15 + b"==QUJDQ\n",
        b"Subject: x\n\n" + b"QUJD" * 20_000 + b", and so on.\n",
        b"Subject: x\nContent-Transfer-Encoding: a\x00b\n\nx",
        b"X-Failed-Recipients: a\x00b@shop.example\n\nx",
        b"\xff\xfeRoect: a long line of words\n\n--mdn\nContent-Type: text/plain\n",
    ],
    ids=range(13),
)
def test_what_fuzzing_found(raw: bytes) -> None:
    check_mail(raw, slow_s=2)


def test_the_checks_can_fail() -> None:
    with pytest.raises(FindingError, match="cost"):
        check_mail(SEEDS[0], slow_s=1e-9)


def test_the_same_seed_gives_the_same_mails() -> None:
    one, other = random.Random(5), random.Random(5)
    assert [mutate(SEEDS, one) for _ in range(20)] == [mutate(SEEDS, other) for _ in range(20)]
