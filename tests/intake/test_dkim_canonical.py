"""Canonical forms against those of dkimpy, and the time that hostile bodies and headers take."""

from __future__ import annotations

import hashlib
import time

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given, settings
from hypothesis import strategies as st

from intake import dkim_canonical
from intake.dkim_canonical import body_sha256, canonical_field, trailing_line_ends
from intake.dkim_check import cut_for_verifying, signatures_of
from intake.dkim_key import Refusal, read_key
from intake.dkim_signature import read_signature, without_value

PIECES = st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"\r", b"\n", b"word", b" \r\n"])
BODIES = st.lists(PIECES, max_size=30).map(b"".join)


@settings(max_examples=200, deadline=None)
@given(BODIES, st.booleans(), st.integers(2, 9))
def test_bodies_hash_as_dkimpy_hashes_them(body: bytes, relaxed: bool, piece_bytes: int) -> None:
    expected = (Relaxed if relaxed else Simple).canonicalize_body(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dkim_canonical, "PIECE_BYTES", piece_bytes)
        assert body_sha256(memoryview(body), relaxed=relaxed) == hashlib.sha256(expected).digest()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"x"]), max_size=12).map(b"".join))
def test_trailing_line_ends_are_counted(octets: bytes) -> None:
    count = 0
    while octets.endswith(b"\r\n" * (count + 1)):
        count += 1
    assert trailing_line_ends(octets) == count


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"\r\n ", b" ", b"\t", b"a", b"B:"]), max_size=12).map(b"".join))
def test_fields_are_as_dkimpy_has_them(value: bytes) -> None:
    value += b"\r\n"
    relaxed = b":".join(Relaxed.canonicalize_headers([(b"Subject ", value)])[0])
    assert canonical_field(b"Subject ", value, relaxed=True) == relaxed
    assert canonical_field(b"Subject", value, relaxed=False) == b"Subject:" + value


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_are_a_mail_a_signature_or_a_key_that_is_refused(octets: bytes) -> None:
    mail = cut_for_verifying(b"DKIM-Signature: " + octets)
    for _, signature in signatures_of(mail, 0.0):
        assert signature.refusal is not None
    read_signature(octets, 0.0)
    without_value(octets)
    assert isinstance(read_key(octets.decode("latin-1")), Refusal)


@pytest.mark.parametrize(
    "body",
    [
        b" " * 1_000_000,
        b" \t" * 500_000 + b"x",
        b"\r\n" * 500_000,
        b"\n\r" * 500_000,
        b" \r\n" * 300_000,
    ],
)
def test_hostile_bodies_take_linear_time(body: bytes) -> None:
    started = time.process_time()
    body_sha256(memoryview(body), relaxed=True)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    "record",
    [
        "v=DKIM1; p=" + "A" * 60_000,
        "v=DKIM1; k=rsa; p=MIIB",
        "v=DKIM2; p=AAAA",
        "p",
        "p=a; p=b",
        "s=tlsrpt; p=AAAA",
        "",
    ],
)
def test_keys_that_are_refused(record: str) -> None:
    assert isinstance(read_key(record), Refusal)
