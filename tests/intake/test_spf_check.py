"""SPF records made to be costly, and addresses that cannot stand in one."""

from __future__ import annotations

import time

import pytest

from intake.dns_lookup import MailLookUps
from intake.spf_check import check_spf, is_public


def crowded(name: str, kind: str, _timeout_s: float, record: str) -> tuple[str, ...]:
    """Answer every question with as much as a hostile zone can hold."""
    return {
        "TXT": (record,),
        "A": tuple(f"192.0.{n}.{m}" for n in range(5) for m in range(200)),
        "MX": tuple(f"{n} m{n}.{name}" for n in range(10)),
        "PTR": tuple(f"p{n}.evil.example" for n in range(200)),
    }.get(kind, ())


@pytest.mark.parametrize(
    "terms",
    [
        " ".join(f"mx:m{n}.example" for n in range(10)),
        "ptr:evil.example " * 10,
        "ip4:1.2.3.4 " * 300,
        ("a:" + "1" * 300 + "! ") * 10,
        "exists:" + "a-" * 150 + "!",
        "exists:" + "%{l}." * 60,
        "x=" + "%{d255r.-+,/_=}" * 20,
        "exists:%{" + "9" * 290 + "d}",
        "." * 300,
    ],
)
def test_costly_records_are_evaluated_at_once(terms: str) -> None:
    record = f"v=spf1 {terms} -all"
    look_up = MailLookUps(
        lambda name, kind, seconds: crowded(name, kind, seconds, record),
        until_s=1.0,
        query_s=1.0,
        clock=lambda: 0.0,
    )
    started = time.process_time()
    word = check_spf("198.51.100.9", "client.example", "a@evil.example", look_up).word
    assert word in {"fail", "permerror", "temperror"}
    assert time.process_time() - started < 0.7


@pytest.mark.parametrize(
    ("peer", "public"),
    [
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("::ffff:192.0.2.1", True),
        ("::ffff:10.0.0.1", False),
        ("10.1.2.3", False),
        ("172.20.0.1", False),
        ("127.0.0.1", False),
        ("100.64.3.3", False),
        ("::1", False),
        ("fd00::5", False),
        ("fe80::1%eth0", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_which_client_addresses_spf_can_judge(peer: str, public: bool) -> None:
    assert is_public(peer) is public
