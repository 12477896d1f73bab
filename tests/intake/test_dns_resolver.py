"""Asking a real name server: forms of records, cache, dead and slow servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.dns_lookup import MAX_QUERIES, MailLookUps, NoAnswerError, ascii_domain
from intake.dns_resolver import DEAD_S, FAILURES_BEFORE_PROBE, DnsResolver
from settings import Settings
from tests.conftest import free_port
from tests.intake.dns_zone import Zone, serving

LONG = "v=DKIM1; p=" + "A" * 3_000
Running = tuple[Zone, tuple[str, int]]
RECORDS = {
    ("a.example", "A"): ["192.0.2.1", "192.0.2.2"],
    ("a.example", "AAAA"): ["2001:db8::1"],
    ("a.example", "MX"): ["10 mx.a.example"],
    ("a.example", "TXT"): [LONG, "naïve"],
    ("1.2.0.192.in-addr.arpa", "PTR"): ["a.example"],
}


@pytest.fixture(scope="module")
def zone() -> Iterator[tuple[Zone, tuple[str, int]]]:
    with serving(RECORDS) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("a.example", "A", ("192.0.2.1", "192.0.2.2")),
        ("a.example", "AAAA", ("2001:db8::1",)),
        ("a.example", "MX", ("10 mx.a.example",)),
        ("a.example", "TXT", (LONG, "naïve")),  # too long for a datagram: asked again over TCP
        ("1.2.0.192.in-addr.arpa", "PTR", ("a.example",)),
        ("a.example", "PTR", ()),
        ("missing.example", "TXT", ()),
    ],
)
def test_forms_of_records(zone: Running, name: str, kind: str, expected: tuple[str, ...]) -> None:
    resolver = DnsResolver(*zone[1])
    assert set(resolver(name, kind, 2.0)) == set(expected)
    asked = len(zone[0].asked)
    assert set(resolver(name, kind, 2.0)) == set(expected)
    assert len(zone[0].asked) == asked  # kept, missing ones too


def test_answers_are_kept_for_their_time_only(zone: Running) -> None:
    now_s = 0.0
    resolver = DnsResolver(*zone[1], clock=lambda: now_s)
    resolver("a.example", "A", 2.0)
    asked = len(zone[0].asked)
    now_s = 59.0
    resolver("a.example", "A", 2.0)
    assert len(zone[0].asked) == asked
    now_s = 61.0
    resolver("a.example", "A", 2.0)
    assert len(zone[0].asked) == asked + 1


def test_a_dead_server_is_left_alone_for_a_while() -> None:
    now_s = 0.0
    resolver = DnsResolver("127.0.0.1", free_port(), clock=lambda: now_s)
    for number in range(FAILURES_BEFORE_PROBE):
        with pytest.raises(NoAnswerError):
            resolver(f"n{number}.example", "A", 0.02)
    with pytest.raises(NoAnswerError, match="does not answer"):
        resolver("other.example", "A", 2.0)
    now_s = DEAD_S + 1
    with pytest.raises(NoAnswerError, match="A other"):
        resolver("other.example", "A", 0.02)


def test_failing_domains_do_not_make_a_living_server_dead(zone: Running) -> None:
    resolver = DnsResolver(*zone[1])
    zone[0].broken = {"evil.example"}
    for number in range(2 * FAILURES_BEFORE_PROBE):
        with pytest.raises(NoAnswerError):
            resolver(f"n{number}.evil.example", "A", 2.0)
    assert resolver("a.example", "AAAA", 2.0) == ("2001:db8::1",)


@pytest.mark.parametrize("server", ["ns.example", "127.0.0.1:x", "127.0.0.1:70000", "[::1", "1.2.3"])
def test_a_server_must_be_an_address(server: str) -> None:
    with pytest.raises(ValidationError, match="RAZBOR_DNS_SERVER"):
        Settings(_env_file=None, dns_server=server)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("", ("", 53)),
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("[::1]:5353", ("::1", 5353)),
        ("::1", ("::1", 53)),
    ],
)
def test_forms_of_a_server(server: str, expected: tuple[str, int]) -> None:
    assert Settings(_env_file=None, dns_server=server).dns_server_address == expected


def test_the_system_has_a_server_or_this_machine_is_taken_for_one() -> None:
    assert DnsResolver().server == ("", 53)


def test_one_mail_asks_a_bounded_number_of_questions_and_each_once() -> None:
    asked: list[str] = []

    def resolver(name: str, _kind: str, _timeout_s: float) -> tuple[str, ...]:
        asked.append(name)
        return ()

    look_up = MailLookUps(resolver, until_s=1.0, query_s=1.0, clock=lambda: 0.0)
    for _ in range(3):
        assert look_up("same.example", "TXT") == ()
    assert asked == ["same.example"]
    for number in range(MAX_QUERIES - 1):
        look_up(f"n{number}.example", "TXT")
    with pytest.raises(NoAnswerError, match="more than"):
        look_up("last.example", "TXT")
    assert len(asked) == MAX_QUERIES


def test_no_question_after_the_time_of_a_mail() -> None:
    look_up = MailLookUps(lambda *_: ("x",), until_s=1.0, query_s=1.0, clock=lambda: 2.0)
    with pytest.raises(NoAnswerError, match="no time left"):
        look_up("a.example", "TXT")


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("Shop.Example.", "shop.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"),
        ("_spf.shop.example", "_spf.shop.example"),
        ("localhost", ""),
        ("[192.0.2.1]", ""),
        ("192.0.2.1", ""),
        ("a..example", ""),
        ("-a.example", ""),
        ("a b.example", ""),
        ("a" * 64 + ".example", ""),
        ("ab." * 100 + "example", ""),
        ("ⓐ" * 70 + ".example", ""),
        ("", ""),
    ],
)
def test_names_that_may_be_asked_for(given_name: str, expected: str) -> None:
    assert ascii_domain(given_name) == expected


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_domain_or_none(text: str) -> None:
    found = ascii_domain(text)
    assert found == "" or ascii_domain(found) == found
