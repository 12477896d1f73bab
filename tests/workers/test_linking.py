"""Linking: the order of evidence of design 7, rules A16, A17, R1-R4."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.decisions import LinkContext, TicketCard
from models.records import Address, Authentication, Bounce, Mail
from models.topics import Status
from workers.linking import RELATED_LIMIT, link

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SELLER, STRANGER = "anna@shop.example", "boris@other.example"


def mail(sender: str = SELLER, **changes: object) -> Mail:
    return Mail(from_=Address("", sender), **changes)  # type: ignore[arg-type] # test table


def card(number: int, status: Status = Status.NEW, **changes: object) -> TicketCard:
    values: dict[str, object] = {"parties": frozenset({SELLER}), "topic": "cards_moderation", **changes}
    return TicketCard(number=number, status=status, **values)  # type: ignore[arg-type] # test table


def context(**changes: object) -> LinkContext:
    return LinkContext(now_utc=NOW, **changes)  # type: ignore[arg-type] # test table


@pytest.mark.parametrize(
    ("where", "evidence"),
    [
        ("own_references", "reference"),  # R2
        ("sender_references", "sender_reference"),
        ("subject_cited", "subject_tag"),  # R1
    ],
)
def test_party_is_appended_by_each_kind_of_evidence(where: str, evidence: str) -> None:
    found = link(mail(), context(**{where: (card(100042),)}))
    assert (found.ticket, found.evidence, found.claimed) == (100042, evidence, None)


def test_evidence_is_weighed_in_its_order() -> None:
    everything = context(
        own_references=(card(100001),),
        sender_references=(card(100002),),
        subject_cited=(card(100003),),
        resend_of=card(100004),
    )
    assert link(mail(), everything).ticket == 100001
    assert link(mail(), context(subject_cited=(card(100003),), resend_of=card(100004))).ticket == 100003


def test_r3_same_content_under_another_message_id_joins_the_first() -> None:
    found = link(mail(), context(resend_of=card(100007)))
    assert (found.ticket, found.evidence) == (100007, "resend")


def test_r3_redelivery_is_a_duplicate_whatever_else_it_cites() -> None:
    found = link(mail(), context(duplicate_of=5, subject_cited=(card(100042),)))
    assert (found.duplicate_of, found.ticket) == (5, None)


def test_r3_same_matter_is_shown_and_links_nothing() -> None:
    found = link(mail(), context(same_matter=(card(100042), card(100043))))
    assert (found.ticket, found.related) == (None, (100042, 100043))


def test_a16_stranger_with_a_number_gets_a_ticket_of_their_own() -> None:
    found = link(mail(STRANGER), context(subject_cited=(card(100042),)))
    assert (found.ticket, found.evidence, found.claimed) == (None, "none", 100042)


def test_a16_forged_references_are_no_way_in() -> None:
    found = link(mail(STRANGER), context(own_references=(card(100042),), sender_references=(card(100043),)))
    assert (found.ticket, found.claimed) == (None, 100042)


def test_a16_colleague_bound_to_the_same_seller_is_a_party() -> None:
    bound = context(subject_cited=(card(100042, seller_id="7"),), bound_seller_id="7")
    assert link(mail(STRANGER), bound).ticket == 100042
    other = context(subject_cited=(card(100042, seller_id="8"),), bound_seller_id="7")
    assert link(mail(STRANGER), other).ticket is None
    unbound = context(subject_cited=(card(100042, seller_id=""),), bound_seller_id="")
    assert link(mail(STRANGER), unbound).ticket is None


def test_failed_authentication_makes_anybody_a_stranger() -> None:
    found = link(mail(authentication=Authentication(dmarc="fail")), context(subject_cited=(card(100042),)))
    assert (found.ticket, found.claimed) == (None, 100042)


def test_no_from_address_is_a_party_of_nothing() -> None:
    assert link(mail(""), context(subject_cited=(card(100042, parties=frozenset({""})),))).ticket is None


def test_case_of_the_address_does_not_matter() -> None:
    assert link(mail("Anna@Shop.Example"), context(subject_cited=(card(100042),))).ticket == 100042


def test_stranger_in_one_ticket_may_be_at_home_in_the_next() -> None:
    tags = (card(100042, parties=frozenset({"x@y.example"})), card(100043))
    assert link(mail(), context(subject_cited=tags)).ticket == 100043


def test_r4_number_in_the_body_makes_a_related_ticket() -> None:
    found = link(mail(), context(body_cited=(card(100042),)))
    assert (found.ticket, found.related, found.claimed) == (None, (100042,), None)


def test_r4_strangers_number_in_the_body_is_shown_as_a_claim() -> None:
    found = link(mail(STRANGER), context(body_cited=(card(100042),)))
    assert (found.ticket, found.related, found.claimed) == (None, (100042,), 100042)


def test_appended_mail_is_not_related_to_itself() -> None:
    found = link(mail(), context(subject_cited=(card(100042),), body_cited=(card(100042), card(100050))))
    assert (found.ticket, found.related) == (100042, (100050,))


def test_forwarded_chain_with_dozens_of_numbers_is_capped() -> None:
    chain = tuple(card(100_000 + n) for n in range(60))
    assert len(link(mail(), context(body_cited=chain)).related) == RELATED_LIMIT


@pytest.mark.parametrize(("days", "reopens"), [(0, True), (29, True), (31, False)])
def test_a17_closed_ticket_reopens_within_its_days(days: int, reopens: bool) -> None:
    closed = card(100042, Status.CLOSED, closed_at_utc=NOW - timedelta(days=days))
    found = link(mail(), context(subject_cited=(closed,)))
    assert found.reopens is reopens
    assert (found.ticket, found.related) == ((100042, ()) if reopens else (None, (100042,)))


@pytest.mark.parametrize("kind", ["auto_reply", "out_of_office", "own"])
def test_automatic_mail_never_reopens_and_never_opens(kind: str) -> None:
    old = card(100042, Status.CLOSED, closed_at_utc=NOW - timedelta(days=90))
    found = link(mail(kind=kind), context(own_references=(old,), body_cited=(card(100050),)))
    assert (found.ticket, found.reopens) == (100042, False)


def test_bounce_belongs_to_the_ticket_whose_reply_came_back() -> None:
    report = mail("mailer-daemon@mx.example", kind="bounce", bounce=Bounce(status="5.1.1"))
    found = link(report, context(bounced=card(100042), subject_cited=(card(100050),)))
    assert (found.ticket, found.evidence) == (100042, "bounce")
    assert link(report, context(subject_cited=(card(100050),))).ticket is None


def test_merged_ticket_forwards() -> None:
    merged = card(100042, Status.CLOSED, merged_into=100010, closed_at_utc=NOW - timedelta(days=300))
    found = link(mail(), context(subject_cited=(merged,)))
    assert (found.ticket, found.reopens) == (100010, False)
    target = card(100010, Status.CLOSED, closed_at_utc=NOW, parties=frozenset())
    assert link(mail(), context(subject_cited=(merged,), own_references=(target,))).ticket == 100010
    assert link(mail(STRANGER), context(subject_cited=(merged,))).ticket is None
