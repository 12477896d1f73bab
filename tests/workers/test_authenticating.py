"""Checking senders of a batch: a forged party of a ticket is a stranger, a dead name server delays nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from intake.dns_lookup import NoAnswerError
from intake.dns_resolver import DnsResolver
from models.records import Address, Authentication, Envelope, Mail, RawMail
from models.store.schema import MESSAGE
from settings import Settings
from tests.intake.dns_zone import key_record, serving, signed
from workers.app import create_service
from workers.authenticating import check_senders

MX, FOREIGN = "192.0.2.1", "198.51.100.9"
RECORDS = {
    ("shop.example", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
    ("_dmarc.shop.example", "TXT"): ["v=DMARC1; p=reject"],
    ("sel._domainkey.shop.example", "TXT"): [key_record()],
}
FORGED = b"From: seller@shop.example\r\nSubject: s\r\n\r\ntext\r\n"


@pytest.fixture(scope="module")
def resolver() -> Iterator[DnsResolver]:
    with serving(RECORDS) as (_, address):
        yield DnsResolver(*address)


def raw_mail(raw: bytes = FORGED, raw_id: int = 1, peer: str = FOREIGN) -> RawMail:
    envelope = Envelope(
        mail_from="seller@shop.example",
        rcpt_tos=(),
        peer=peer,
        received_at_utc=datetime(2026, 11, 16, tzinfo=UTC),
    )
    return RawMail(raw_id=raw_id, envelope=envelope, raw=raw, sha256="")


def read(**fields: Any) -> Mail:
    return Mail(from_=Address("", "seller@shop.example"), **fields)


def test_a_forged_party_opens_a_ticket_of_its_own_and_hears_nothing(desk: Any, resolver: DnsResolver) -> None:
    service = replace(desk.service, check_senders=partial(check_senders, resolver))
    desk.mail(message_id="1@shop.example", peer=MX)
    desk.read(service)
    number = desk.tickets()[0].id
    desk.mail("А какой у меня ИНН?", subject=f"[RZ-{number}]", message_id="2@shop.example", peer=FOREIGN)
    desk.mail("Вот накладная 12", subject=f"[RZ-{number}]", message_id="3@shop.example", peer=MX)
    before = len(desk.outbox())
    desk.read(service)
    assert desk.ends() == ["opened", "opened", "appended"]
    messages = desk.rows(MESSAGE)
    assert [row.authentication["dmarc"] for row in messages] == ["pass", "fail", "pass"]
    assert messages[1].authentication["policy"] == "reject"
    assert desk.tickets()[1].in_review
    desk.work(service)
    forged_ticket = desk.tickets()[1].id
    assert [row for row in desk.outbox()[before:] if row.ticket_id == forged_ticket] == []


def test_a_signature_survives_the_way_into_the_store(desk: Any, resolver: DnsResolver) -> None:
    service = replace(desk.service, check_senders=partial(check_senders, resolver))
    desk.mail(raw=signed(FORGED.replace(b"text", "Где поставка?".encode()), "shop.example"), peer=FOREIGN)
    desk.read(service)
    assert desk.rows(MESSAGE)[0].authentication == {
        "spf": "fail",
        "dkim": "pass",
        "dmarc": "pass",
        "source": "own",
        "policy": "reject",
        "denied": False,
    }


def test_what_the_front_server_said_is_not_asked_again(resolver: DnsResolver) -> None:
    said = read(authentication=Authentication(dmarc="pass", source="front"))
    own = read(kind="own")
    asked = read(warnings=("one",))
    near = raw_mail(peer="10.0.0.5")
    answers = check_senders(resolver, [(near, said), (near, own), (raw_mail(), asked)], 5.0)
    assert answers[:2] == [said, own]
    assert answers[2].authentication.failed
    assert answers[2].warnings[0] == "one"


def test_results_that_a_stranger_wrote_himself_are_not_believed(resolver: DnsResolver) -> None:
    """A forged Authentication-Results with our front server's name, handed in past that server."""
    said = read(authentication=Authentication(spf="pass", dkim="pass", dmarc="pass", source="front"))
    (answer,) = check_senders(resolver, [(raw_mail(), said)], 5.0)
    assert (answer.authentication.dmarc, answer.authentication.source) == ("fail", "own")


def test_a_dead_name_server_delays_a_batch_by_the_time_of_one_mail() -> None:
    def dead(name: str, _kind: str, timeout_s: float) -> tuple[str, ...]:
        time.sleep(timeout_s)
        raise NoAnswerError(name)

    started = time.monotonic()
    mails = [(raw_mail(raw_id=n), read()) for n in range(40)]
    answers = check_senders(dead, mails, 0.3)
    assert time.monotonic() - started < 2.0
    assert {answer.authentication.dmarc for answer in answers} == {"temperror"}
    assert not any(answer.authentication.failed for answer in answers)


def test_a_fault_of_a_check_is_a_failed_check_and_no_lost_mail() -> None:
    def odd(*_: object) -> tuple[str, ...]:
        raise KeyError("unforeseen")

    (answer,) = check_senders(odd, [(raw_mail(), read())], 1.0)
    assert answer.authentication.dmarc == "temperror"
    assert answer.warnings == ("authentication: the check broke off: KeyError",)


def test_only_the_setting_own_asks_the_name_service(tmp_path: Any) -> None:
    assert Settings(_env_file=None).authentication == "front"
    for mode in ("off", "front", "own"):
        settings = Settings(
            _env_file=None, data_dir=tmp_path, authentication=mode, authserv_id="mx.razbor.example"
        )
        service = create_service(settings)
        assert (service.check_senders is not None) is (mode == "own")
        assert service.options.authserv_id == ("" if mode == "off" else "mx.razbor.example")
        service.store.close()
