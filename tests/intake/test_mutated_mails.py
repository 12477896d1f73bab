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
        b"Content-Transfer-Encoding: quoted-printable\n\n=FF=FE\n=00\n=00I=00D=00 =00?=04@=04>=044=04",
        (
            b"Messag\xf5-ID: <60273\x12554@shop.example>\n\xe0ate: yesterday\nContent-Type: text/calendar"
            b"; charset=big5; \xb1ame*=utf-8''%D1%84.x\xe5sx\nContBnt-Transfwr-Enco\x7fing: 7bi\x8f\n\n? "
            b"\xc7\xdc\xc7\xca\xc7\xd9\xc7\xcf\xc7\xcd\xc7\xd6\xc7\xd1\xc7\xcd\xc7\xd5,\n??? ??\xc7\xca"
            b"\xc7\xcd\xc7-\xc7\xd1?\n\xc7f\xc7\xcd\xc7\xd4. +7 9008000-00\x9b00"
        ),
    ],
    ids=range(15),
)
def test_what_fuzzing_found(raw: bytes) -> None:
    check_mail(raw, slow_s=2)


def test_the_checks_can_fail() -> None:
    with pytest.raises(FindingError, match="cost"):
        check_mail(SEEDS[0], slow_s=1e-9)


def test_the_same_seed_gives_the_same_mails() -> None:
    one, other = random.Random(5), random.Random(5)
    assert [mutate(SEEDS, one) for _ in range(20)] == [mutate(SEEDS, other) for _ in range(20)]
