"""SPF, DKIM and DMARC of mails that come straight to us: real signatures, a real name server."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from intake.dns_lookup import MailLookUps
from intake.dns_resolver import DnsResolver
from intake.sender_checks import SenderCheck, check_sender
from models.records import Envelope
from tests.intake.dns_zone import Records, Zone, key_pair, key_record, serving, signed

MAIL = (
    b"From: Anna <anna@shop.example>\r\nTo: support@razbor.example\r\nSubject: Supply 2000061286750\r\n"
    b"\r\nTwo boxes  are missing. \r\n\r\nAnna\r\n\r\n\r\n"
)
SENDER = "anna@shop.example"
ALLOWED, FOREIGN = "192.0.2.1", "198.51.100.9"
ARRIVED = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
LOOPS = {(f"chain{n}.example", "TXT"): [f"v=spf1 include:chain{n + 1}.example -all"] for n in range(12)}
RECORDS: Records = {
    ("shop.example", "TXT"): ["unrelated", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all"],
    ("_dmarc.shop.example", "TXT"): ["v=DMARC1; p=reject"],
    ("sel._domainkey.shop.example", "TXT"): [key_record()],
    ("weak._domainkey.shop.example", "TXT"): [key_record(768)],
    ("revoked._domainkey.shop.example", "TXT"): ["v=DKIM1; p="],
    ("ed._domainkey.shop.example", "TXT"): ["v=DKIM1; k=ed25519; p=AAAA"],
    ("sha1._domainkey.shop.example", "TXT"): [f"v=DKIM1; h=sha1; p={key_pair()[1]}"],
    ("junk._domainkey.shop.example", "TXT"): ["v=DKIM1; p=AAAA"],
    ("strictid._domainkey.shop.example", "TXT"): [f"{key_record()}; t=s"],
    ("mail.shop.example", "TXT"): ["v=spf1 a mx ~all"],
    ("mail.shop.example", "A"): ["192.0.2.1"],
    ("mail.shop.example", "MX"): ["10 mx.shop.example"],
    ("mx.shop.example", "A"): ["192.0.2.7"],
    ("sel._domainkey.mail.shop.example", "TXT"): [key_record()],
    ("quarantine.example", "TXT"): ["v=spf1 ?all"],
    ("_dmarc.quarantine.example", "TXT"): ["v=DMARC1;p=quarantine; sp=none"],
    ("_dmarc.watch.example", "TXT"): ["v=DMARC1; p=none; rua=mailto:r@watch.example"],
    ("_dmarc.strict.example", "TXT"): ["v=DMARC1; p=reject; adkim=s; aspf=s"],
    ("mail.strict.example", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
    ("sel._domainkey.mail.strict.example", "TXT"): [key_record()],
    ("_dmarc.test.example", "TXT"): ["v=DMARC1; p=reject; t=y"],
    ("_dmarc.example", "TXT"): [],
    ("_dmarc.com.suffix", "TXT"): ["v=DMARC1; p=reject; psd=y"],
    ("_dmarc.top", "TXT"): ["v=DMARC1; p=reject"],
    ("_dmarc.branch.firm.example", "TXT"): ["v=DMARC1; p=reject; psd=n"],
    ("_dmarc.firm.example", "TXT"): ["v=DMARC1; p=none"],
    **{(f"sel._domainkey.{d}", "TXT"): [key_record()] for d in ("b.com.suffix", "b.top", "firm.example")},
    ("sel._domainkey.x.branch.firm.example", "TXT"): [key_record()],
    ("_dmarc.twice.example", "TXT"): ["v=DMARC1; p=reject", "v=DMARC1; p=none"],
    ("plain.example", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
    ("evil.example", "TXT"): ["v=spf1 ip4:198.51.100.9 -all"],
    ("sel._domainkey.evil.example", "TXT"): [key_record()],
    ("_dmarc.evil.example", "TXT"): ["v=DMARC1; p=none"],
    ("loop.example", "TXT"): ["v=spf1 include:loop2.example -all"],
    ("loop2.example", "TXT"): ["v=spf1 include:loop.example -all"],
    ("redirect.example", "TXT"): ["v=spf1 redirect=redirect.example"],
    ("void.example", "TXT"): ["v=spf1 a:n1.example a:n2.example a:n3.example ip4:198.51.100.9 -all"],
    ("two.example", "TXT"): ["v=spf1 -all", "v=spf1 +all"],
    ("bad.example", "TXT"): ["v=spf1 ip4:999.1.1.1 -all"],
    ("long.example", "TXT"): ["v=spf1 exists:" + "a" * 2000 + " -all"],
    ("ptr.example", "TXT"): ["v=spf1 ptr ip4:198.51.100.9 -all"],
    ("9.100.51.198.in-addr.arpa", "PTR"): ["slow.evil.example"],
    ("macro.example", "TXT"): ["v=spf1 exists:%{ir}.%{l}._spf.%{d} -all"],
    ("9.100.51.198.anna._spf.macro.example", "A"): ["127.0.0.2"],
    **LOOPS,
}  # fmt: skip

Check = Callable[..., SenderCheck]


@pytest.fixture(scope="module")
def zone_and_resolver() -> Iterator[tuple[Zone, DnsResolver]]:
    with serving(RECORDS) as (zone, address):
        yield zone, DnsResolver(*address)


@pytest.fixture
def check(zone_and_resolver: tuple[Zone, DnsResolver]) -> Check:
    def run(
        mail: bytes = MAIL,
        *,
        peer: str = FOREIGN,
        mail_from: str = SENDER,
        helo: str = "client.example",
        sender: str = SENDER,
        seconds: float = 5.0,
    ) -> SenderCheck:
        envelope = Envelope(mail_from=mail_from, rcpt_tos=(), peer=peer, helo=helo, received_at_utc=ARRIVED)
        until_s = time.monotonic() + seconds
        look_up = MailLookUps(zone_and_resolver[1], until_s=until_s, query_s=2.0, clock=time.monotonic)
        return check_sender(mail, envelope, sender, look_up)

    return run


def words(found: SenderCheck) -> str:
    return f"{found.authentication.spf} {found.authentication.dkim} {found.authentication.dmarc}"


def from_(domain: str) -> bytes:
    return MAIL.replace(b"shop.example", domain.encode(), 1)


@pytest.mark.parametrize("canonical", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"", b"\r\n", b" \r\n\t\r\n", b"no end", b"a \t b \r\n c\r\n \r\n"])
def test_signatures_of_dkimpy_hold_in_every_canonical_form(
    check: Check, canonical: bytes, body: bytes
) -> None:
    mail = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body
    found = check(signed(mail, "shop.example", canonicalize=(canonical, canonical)))
    assert words(found) == "fail pass pass"
    assert found.warnings == ()


def _other_body(mail: bytes) -> bytes:
    return mail.replace(b"Two boxes", b"Ten boxes")


def _other_subject(mail: bytes) -> bytes:
    return mail.replace(b"Supply 2", b"Supply 3")


def _reflowed(mail: bytes) -> bytes:
    """What a relay may do to a relaxed signature."""
    return mail.replace(b"missing. \r\n", b"missing.\r\n").replace(
        b"Subject: Supply", b"SUBJECT:\r\n\t Supply"
    )


def _tag(name: bytes, value: bytes) -> Callable[[bytes], bytes]:
    return lambda mail: re.sub(rb"\b" + name + rb"=[^;]*;", name + b"=" + value + b";", mail, count=1)


def _without(name: bytes) -> Callable[[bytes], bytes]:
    return lambda mail: re.sub(rb"\b" + name + rb"=[^;]*;", b"", mail, count=1)


@pytest.mark.parametrize(
    ("change", "word", "warning"),
    [
        (_reflowed, "pass", ""),
        (_other_body, "fail", "the body was changed"),
        (_other_subject, "fail", "the signed fields were changed"),
        (_tag(b"d", b"evil.example"), "permerror", "its identity is not of its domain"),
        (_tag(b"s", b"missing"), "permerror", "its key does not exist"),
        (_tag(b"s", b"revoked"), "permerror", "the key was revoked"),
        (_tag(b"s", b"junk"), "permerror", "the key cannot be read"),
        (_tag(b"s", b"ed"), "neutral", "the key is of a kind that is not verified here"),
        (_tag(b"s", b"sha1"), "permerror", "the key does not allow sha256"),
        (_tag(b"s", b"../x"), "permerror", "it has no usable selector"),
        (_tag(b"a", b"rsa-sha1"), "policy", "rsa-sha1 proves nothing"),
        (_tag(b"a", b"ed25519-sha256"), "neutral", "its algorithm is not verified here"),
        (_tag(b"v", b"2"), "permerror", "its version is unknown"),
        (_tag(b"h", b"to : subject"), "permerror", "it does not sign From"),
        (_tag(b"c", b"odd/odd"), "permerror", "its canonical form is unknown"),
        (_tag(b"bh", b"AAAA"), "permerror", "its hash cannot be read"),
        (_tag(b"q", b"carrier/pigeon"), "permerror", "its key is not in the name service"),
        (_tag(b"t", b"1; l=99999"), "policy", "l= lets anybody append to the body"),
        (_tag(b"t", b"1; x=1700000000"), "fail", "it has expired"),
        (_tag(b"t", b"1; x=soon"), "permerror", "its expiry cannot be read"),
        (_tag(b"t", b"1; d=evil.example"), "permerror", "the signature cannot be read"),
        (_without(b"d"), "permerror", "the signature cannot be read"),
        (_tag(b"h", b"from:" * 300 + b"from"), "permerror", "it signs too many fields"),
        (lambda mail: b"DKIM-Signature: " + b"x=1;" * 3000 + b"\r\n" + MAIL, "permerror", "too long"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_signature(
    check: Check, change: Callable[[bytes], bytes], word: str, warning: str
) -> None:
    found = check(change(signed(MAIL, "shop.example")))
    assert found.authentication.dkim == word
    assert found.authentication.dmarc == ("pass" if word == "pass" else "fail")
    assert [warning in one for one in found.warnings] == ([True] if warning else [])


def test_a_body_with_something_appended_behind_l_does_not_pass(check: Check) -> None:
    mail = signed(MAIL, "shop.example", length=True) + b"Pay to this card instead.\r\n"
    found = check(mail)
    assert words(found) == "fail policy fail"
    assert "l= lets anybody append" in found.warnings[0]


def test_an_expiry_in_the_future_is_fine(check: Check) -> None:
    """dkimpy cannot sign x=, so what fails is the changed field, not the expiry."""
    found = check(_tag(b"t", b"1; x=4100000000")(signed(MAIL, "shop.example")))
    assert found.warnings == (
        "authentication: the DKIM signature of shop.example does not count: the signed fields were changed",
    )


def test_weak_keys_prove_nothing(check: Check) -> None:
    found = check(signed(MAIL, "shop.example", bits=768, selector="weak"))
    assert words(found) == "fail policy fail"
    assert "a key of 768 bits" in found.warnings[0]


def test_identity_below_the_domain_unless_the_key_forbids_it(check: Check) -> None:
    below = {"identity": b"anna@sub.shop.example"}
    assert check(signed(MAIL, "shop.example", **below)).authentication.dkim == "pass"
    strict = check(signed(MAIL, "shop.example", selector="strictid", **below))
    assert strict.authentication.dkim == "permerror"


def test_one_good_signature_among_broken_ones_is_enough(check: Check) -> None:
    good = signed(MAIL, "shop.example")
    both = _tag(b"s", b"missing")(signed(good, "shop.example"))
    found = check(both)
    assert words(found) == "fail pass pass"
    assert len(found.warnings) == 1


def test_a_foreign_signature_does_not_vouch(check: Check) -> None:
    found = check(signed(MAIL, "evil.example"), mail_from="x@evil.example")
    assert words(found) == "pass pass fail"
    assert found.authentication.failed


def test_many_signatures_are_bounded_and_those_of_the_author_come_first(check: Check) -> None:
    mail = signed(MAIL, "shop.example")
    junk = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.evil.example; s=s; h=from; bh=%s; b=QUJD\r\n"
        % (n, b"A" * 43 + b"=")
        for n in range(50)
    )
    found = check(junk + mail)
    assert found.authentication.dmarc == "pass"
    assert "51 DKIM signatures, 5 were looked at" in found.warnings[0]


@pytest.mark.parametrize(
    ("sender", "domain", "dmarc", "policy"),
    [
        ("shop.example", "mail.shop.example", "pass", "reject"),  # relaxed alignment
        ("mail.shop.example", "shop.example", "pass", "reject"),
        ("mail.strict.example", "mail.strict.example", "pass", "reject"),
        ("strict.example", "mail.strict.example", "fail", "reject"),  # adkim=s
        ("quarantine.example", "evil.example", "fail", "quarantine"),
        ("sub.quarantine.example", "evil.example", "fail", "none"),  # sp=
        ("watch.example", "evil.example", "fail", "none"),
        ("test.example", "evil.example", "fail", "quarantine"),  # t=y
        ("twice.example", "evil.example", "none", ""),  # two records are none
        ("unknown.example", "evil.example", "none", ""),
        ("a.com.suffix", "b.com.suffix", "fail", "reject"),  # psd=y: two owners below one suffix
        ("a.top", "b.top", "fail", "reject"),  # a top level is nobody's organisation
        ("branch.firm.example", "firm.example", "fail", "reject"),  # psd=n: the branch is its own
        ("branch.firm.example", "x.branch.firm.example", "pass", "reject"),
        ("a.b.c.d.e.f.g.h.shop.example", "shop.example", "pass", "reject"),
    ],
)
def test_dmarc_policy_and_alignment(check: Check, sender: str, domain: str, dmarc: str, policy: str) -> None:
    found = check(
        signed(from_(sender), domain), mail_from="x@evil.example", sender=f"anna@{sender}"
    ).authentication
    assert (found.dkim, found.dmarc, found.policy) == ("pass", dmarc, policy)


@pytest.mark.parametrize(
    ("mail_from", "peer", "spf", "dmarc"),
    [
        (SENDER, ALLOWED, "pass", "pass"),
        (SENDER, FOREIGN, "fail", "fail"),
        (SENDER, "2001:db8::25", "pass", "pass"),
        (SENDER, "2001:db9::25", "fail", "fail"),
        (SENDER, "::ffff:192.0.2.1", "pass", "pass"),
        ("x@mail.shop.example", ALLOWED, "pass", "pass"),  # a
        ("x@mail.shop.example", "192.0.2.7", "pass", "pass"),  # mx
        ("x@mail.shop.example", FOREIGN, "softfail", "fail"),
        ("x@evil.example", FOREIGN, "pass", "fail"),
        ("x@nowhere.example", FOREIGN, "none", "fail"),
        ("x@loop.example", FOREIGN, "permerror", "fail"),
        ("x@redirect.example", FOREIGN, "permerror", "fail"),
        ("x@chain0.example", FOREIGN, "permerror", "fail"),  # more than 10 look-ups
        ("x@void.example", FOREIGN, "permerror", "fail"),  # more than 2 void look-ups
        ("x@two.example", FOREIGN, "permerror", "fail"),
        ("x@bad.example", FOREIGN, "permerror", "fail"),
        ("x@long.example", FOREIGN, "permerror", "fail"),
        ("anna@macro.example", FOREIGN, "pass", "fail"),
        ("x@[192.0.2.1]", FOREIGN, "none", "fail"),
        ("", FOREIGN, "none", "fail"),  # null sender: HELO counts
        (SENDER, "127.0.0.1", "none", "none"),  # behind a relay of ours: nobody is blamed
        (SENDER, "", "none", "none"),
    ],
)
def test_spf_words(check: Check, mail_from: str, peer: str, spf: str, dmarc: str) -> None:
    found = check(mail_from=mail_from, peer=peer)
    assert (found.authentication.spf, found.authentication.dmarc) == (spf, dmarc)
    assert found.authentication.failed is (dmarc == "fail")


def test_null_sender_is_checked_by_its_helo(check: Check) -> None:
    assert words(check(mail_from="", helo="mail.shop.example", peer=ALLOWED)) == "pass none pass"
    assert words(check(mail_from="", helo="mail.shop.example", peer=FOREIGN)) == "softfail none fail"


def test_spf_alone_denies_a_sender_without_dmarc_record(check: Check) -> None:
    mail, sender = from_("plain.example"), "anna@plain.example"
    forged = check(mail, mail_from=sender, sender=sender).authentication
    assert (forged.spf, forged.dmarc, forged.denied, forged.failed) == ("fail", "none", True, True)
    real = check(mail, mail_from=sender, sender=sender, peer=ALLOWED).authentication
    assert not real.failed
    bounced_on = check(mail, mail_from="list@two.example", sender=sender).authentication
    assert not bounced_on.failed  # the envelope is a forwarder's: SPF says nothing of the author


@pytest.mark.parametrize(
    "head",
    [
        b"From: Boss <boss@shop.example>\r\n",  # two From fields: which one was signed?
        b"X-Mailer: a\nFrom: Boss <boss@shop.example>\r\n",  # a bare line feed hides one
        b"X-Mailer: a\rFrom: Boss <boss@shop.example>\r\n",
        b"FROM : Boss <boss@shop.example>\r\n",
        b"no field at all\r\nFrom: Boss <boss@shop.example>\r\n",
        b"\x00: x\r\n",
        b"\r\nFrom: Boss <boss@shop.example>\r\n",  # blank lines in front are dropped when reading
        b"\xef\xbb\xbfFrom: Boss <boss@shop.example>\r\n",
    ],
)
def test_a_replayed_signature_does_not_vouch_for_a_slipped_in_author(check: Check, head: bytes) -> None:
    found = check(head + signed(MAIL, "shop.example"), sender="boss@shop.example")
    assert found.authentication.dmarc == "fail"


def test_international_domains_are_asked_for_in_ascii(check: Check) -> None:
    found = check(mail_from="x@пример.example", sender="anna@пример.example").authentication
    assert (found.spf, found.dmarc) == ("none", "none")


class TestUnansweredQuestions:
    """Each with a resolver that remembers nothing, since names are broken for the time of a test."""

    @pytest.fixture
    def broken(self, zone_and_resolver: tuple[Zone, DnsResolver]) -> Iterator[tuple[Zone, DnsResolver]]:
        zone, known = zone_and_resolver
        yield zone, DnsResolver(*known.server)
        zone.broken, zone.silent = set(), set()

    @pytest.fixture
    def check(self, broken: tuple[Zone, DnsResolver]) -> Check:
        def run(mail: bytes = MAIL, *, mail_from: str = SENDER, peer: str = FOREIGN, within_s: float = 3.0):
            envelope = Envelope(mail_from=mail_from, rcpt_tos=(), peer=peer, received_at_utc=ARRIVED)
            until_s = time.monotonic() + within_s
            look_up = MailLookUps(broken[1], until_s=until_s, query_s=0.2, clock=time.monotonic)
            return check_sender(mail, envelope, SENDER, look_up)

        return run

    def test_servers_that_fail_blame_nobody(self, check: Check, broken: tuple[Zone, DnsResolver]) -> None:
        broken[0].broken = {"shop.example"}
        found = check(signed(MAIL, "shop.example"))
        assert words(found) == "temperror temperror temperror"
        assert not found.authentication.failed
        assert any("could not be fetched" in warning for warning in found.warnings)

    def test_a_key_that_cannot_be_fetched_leaves_dmarc_open(
        self, check: Check, broken: tuple[Zone, DnsResolver]
    ) -> None:
        broken[0].silent = {"_domainkey.shop.example"}
        started = time.monotonic()
        found = check(signed(MAIL, "shop.example"))
        assert words(found) == "fail temperror temperror"
        assert found.authentication.failed  # p=reject: a voucher that cannot be fetched is none
        assert time.monotonic() - started < 1.0

    @pytest.mark.parametrize("slow", ["evil.example", "in-addr.arpa"])
    def test_a_forgers_own_slow_servers_do_not_save_him(
        self, check: Check, broken: tuple[Zone, DnsResolver], slow: str
    ) -> None:
        broken[0].silent = {slow}
        mail_from = "x@evil.example" if slow == "evil.example" else SENDER
        found = check(signed(MAIL, "evil.example"), mail_from=mail_from, within_s=0.5)
        assert found.authentication.dmarc == "fail"

    def test_a_slow_reverse_zone_is_a_mismatch(self, check: Check, broken: tuple[Zone, DnsResolver]) -> None:
        broken[0].silent = {"in-addr.arpa"}
        assert check(mail_from="x@ptr.example").authentication.spf == "pass"
        assert check(mail_from="x@ptr.example", peer="203.0.113.5").authentication.spf == "fail"
