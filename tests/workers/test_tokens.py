"""Signed Message-IDs and bounce addresses: A2, A9, design 7 and 10."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.tokens import (
    ReplyToken,
    bounce_address,
    bounced_outbox_id,
    read_reply_message_id,
    reply_message_id,
)

KEY, OTHER_KEY, DOMAIN = b"k" * 32, b"o" * 32, "desk.example"
KINDS = st.sampled_from(["acknowledgement", "missing_data", "received_neutral", "operator-12"])


@given(raw_id=st.integers(0, 10**15), kind=KINDS)
def test_a9_message_id_follows_from_mail_and_kind_and_is_read_back(raw_id: int, kind: str) -> None:
    made = reply_message_id(raw_id, kind, KEY, DOMAIN)
    assert made == reply_message_id(raw_id, kind, KEY, DOMAIN)
    assert read_reply_message_id(made, KEY) == ReplyToken(raw_id, kind)
    assert read_reply_message_id(f"<{made.upper()}>", KEY) == ReplyToken(raw_id, kind)
    assert read_reply_message_id(made, OTHER_KEY) is None
    assert made.isascii()
    assert len(made) < 200


@given(outbox_id=st.integers(0, 10**15))
def test_a2_bounce_address_is_read_back_and_cannot_be_guessed(outbox_id: int) -> None:
    made = bounce_address(outbox_id, KEY, DOMAIN)
    assert bounced_outbox_id(made, KEY) == outbox_id
    assert bounced_outbox_id(made.upper(), KEY) == outbox_id
    assert bounced_outbox_id(made, OTHER_KEY) is None
    assert len(made.partition("@")[0]) <= 64  # RFC 5321 4.5.3.1.1


@pytest.mark.parametrize(
    "forged",
    [
        "bounce+7@desk.example",
        "bounce+7.aaaaaaaaaaaaaaaaaaaaaaaaaa@desk.example",
        "support@desk.example",
        "",
        "bounce+" + "9" * 400 + ".x@y",
    ],
)
def test_foreign_and_forged_addresses_say_nothing(forged: str) -> None:
    assert bounced_outbox_id(forged, KEY) is None
    assert read_reply_message_id(forged, KEY) is None


def test_number_and_kind_cannot_be_exchanged() -> None:
    made = reply_message_id(12, "completed", KEY, DOMAIN)
    assert read_reply_message_id(made.replace("rz.12.", "rz.13."), KEY) is None
    assert read_reply_message_id(made.replace("rz.12.", "rz.012."), KEY) is None
    assert read_reply_message_id(made.replace("completed", "missing_data"), KEY) is None
    mac = bounce_address(12, KEY, DOMAIN).partition(".")[2].partition("@")[0]
    assert read_reply_message_id(f"rz.12.bounce.{mac}@{DOMAIN}", KEY) is None


@pytest.mark.parametrize(("raw_id", "kind"), [(-1, "completed"), (1, "Bad Kind"), (1, ""), (1, "a.b")])
def test_impossible_names_are_refused(raw_id: int, kind: str) -> None:
    with pytest.raises(ValueError, match="cannot name a reply"):
        reply_message_id(raw_id, kind, KEY, DOMAIN)
