"""Disposition: every mail ends in exactly one; rules A3-A7, A14-A16, A20, R19, R54, R55."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decisions import LinkContext, TicketCard
from models.records import Address, Authentication, Finding, Mail, Prediction, Redaction
from models.topics import NON_PERSON_KINDS, SLUGS, Disposition, Status
from workers.disposition import decide
from workers.replies.compose import NUMBER_PLACEHOLDER

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SELLER = Address("Анна", "anna@shop.example")
EMPTY = LinkContext(now_utc=NOW)


def mail(**changes: object) -> Mail:
    values: dict[str, object] = {
        "from_": SELLER,
        "language": "ru",
        "subject": "Карточка",
        "text": "Скрыли",
        **changes,
    }
    return Mail(**values)  # type: ignore[arg-type] # test table


def predicted(topic: str = "cards_moderation", *, sure: bool = True, spam: float = 0.0) -> Prediction:
    return Prediction(
        topic=topic, confidence=0.99 if sure else 0.5, sure=sure, threshold=0.9, spam_probability=spam
    )


def cited(number: int = 100042, topic: str = "finance_documents", party: str = SELLER.address) -> LinkContext:
    known = TicketCard(number=number, status=Status.NEW, topic=topic, parties=frozenset({party}))
    return LinkContext(now_utc=NOW, subject_cited=(known,))


def test_sure_mail_opens_and_is_routed_without_a_reply_of_the_read_stage() -> None:
    decision = decide(mail(), predicted(), EMPTY)
    assert (decision.disposition, decision.decision, decision.topic) == (
        "opened",
        "route",
        "cards_moderation",
    )
    assert decision.reply is None
    assert not decision.review


def test_a14_unsure_mail_gets_a_number_and_no_question() -> None:
    decision = decide(mail(), predicted(sure=False), EMPTY)
    assert (decision.disposition, decision.decision, decision.review) == ("opened", "review", True)
    assert decision.reply is not None
    assert decision.reply.kind == "received_neutral"
    assert decision.reply.asked == ()
    assert NUMBER_PLACEHOLDER in decision.reply.text
    assert NUMBER_PLACEHOLDER in decision.reply.subject
    assert "Карточки" not in decision.reply.text  # the topic is not known yet
    assert "?" not in decision.reply.text


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "Мы получили"), ("zh", "我们已收到"), ("en", "We have received")]
)
def test_a12_acknowledgement_speaks_the_sellers_language(language: str, words: str) -> None:
    reply = decide(mail(language=language), predicted(sure=False), EMPTY).reply
    assert reply is not None
    assert words in reply.text


def test_follow_up_keeps_the_tickets_topic_and_gets_no_reply_here() -> None:
    decision = decide(mail(), predicted("other"), cited())
    assert (decision.disposition, decision.topic, decision.decision) == (
        "appended",
        "finance_documents",
        "route",
    )
    assert decision.reply is None


def test_follow_up_on_a_ticket_without_topic_goes_to_review() -> None:
    decision = decide(mail(), predicted(), cited(topic=""))
    assert (decision.decision, decision.topic) == ("review", "cards_moderation")


def test_a16_stranger_learns_nothing() -> None:
    decision = decide(mail(), predicted(sure=False), cited(party="x@y.example"))
    assert (decision.disposition, decision.link.claimed) == ("opened", 100042)
    assert decision.reply is not None
    assert "100042" not in decision.reply.text + decision.reply.subject


@pytest.mark.parametrize("kind", sorted(NON_PERSON_KINDS))
def test_automatic_mail_is_kept_and_never_answered(kind: str) -> None:
    decision = decide(mail(kind=kind), predicted(), cited())
    assert (decision.disposition, decision.decision, decision.topic) == ("auto", "auto", "other")
    assert decision.reply is None
    assert decision.suppress_replies
    assert decision.cause


def test_list_mail_is_triaged_like_any_other_but_not_answered() -> None:
    decision = decide(mail(kind="list", suppress_replies="A4: List-Id"), predicted(sure=False), EMPTY)
    assert (decision.disposition, decision.reply) == ("opened", None)


def test_duplicate_is_counted_and_left_alone() -> None:
    decision = decide(mail(), predicted(), LinkContext(now_utc=NOW, duplicate_of=3))
    assert (decision.disposition, decision.reply) == ("duplicate", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"suppress_replies": "A3: null reverse-path"},
        {"authentication": Authentication(dmarc="fail")},  # A15
        {"from_": Address("Shop", "info@ozon-seller-pay.example")},  # look-alike domain, R55
        {"from_": Address()},
    ],
)
def test_a15_what_must_not_be_answered(changes: dict[str, object]) -> None:
    decision = decide(mail(**changes), predicted(sure=False), EMPTY)
    assert decision.reply is None
    assert decision.suppress_replies


def test_a15_suspected_spam_is_reviewed_and_not_answered() -> None:
    for prediction in (predicted("spam_phishing", sure=False), predicted("other", sure=False, spam=0.4)):
        decision = decide(mail(), prediction, EMPTY)
        assert (decision.disposition, decision.decision, decision.reply) == ("opened", "review", None)


def test_sure_spam_is_quarantined() -> None:
    decision = decide(mail(), predicted("spam_phishing"), EMPTY)
    assert (decision.disposition, decision.decision, decision.topic) == (
        "quarantined",
        "quarantine",
        "spam_phishing",
    )
    assert decision.reply is None
    assert decision.cause


def test_r55_strong_phishing_signals_quarantine_even_when_the_model_is_unsure() -> None:
    fake = mail(
        from_=Address("Ozon Support", "security@ozon-seller-verify.example"),
        subject="Кабинет будет заблокирован",
        text="Для разблокировки сообщите код из СМС в ответном письме в течение 2 часов.",
    )
    decision = decide(fake, predicted("account_access", sure=False), EMPTY)
    assert (decision.disposition, decision.topic) == ("quarantined", "spam_phishing")


def test_r55_seller_who_reports_phishing_is_not_locked_away() -> None:
    report = mail(
        text="Это ваше письмо? Пишут «кабинет будет заблокирован, сообщите код из СМС», ссылка t.me/wb_help",
    )
    assert decide(report, predicted("account_access"), EMPTY).disposition is Disposition.OPENED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Я заказала чайник внуку, заказ 44718290-0009 не пришёл", "поддержка покупателей"),
        ("Добрый день, я корреспондент, готовим материал о складах, нужен комментарий", "пресс-службу"),
    ],
)
def test_a20_r19_buyer_and_press_are_told_once_where_to_write(text: str, words: str) -> None:
    reply = decide(mail(text=text), predicted("other"), EMPTY).reply
    assert reply is not None
    assert reply.kind == "redirect"
    assert words in reply.text
    assert "ID продавца" not in reply.text  # no seller data is asked of a buyer


def test_r19_role_found_while_reading_counts() -> None:
    role = Finding(type="sender_role", text="buyer", value="buyer", where="body", start=0, end=5)
    reply = decide(mail(text="Где?", findings=(role,)), predicted("other"), EMPTY).reply
    assert reply is not None
    assert reply.kind == "redirect"


def test_r54_neutral_reply_warns_after_a_secret_without_repeating_it() -> None:
    secret = mail(text="пароль [СКРЫТО:password]", redacted=(Redaction("password"),))
    reply = decide(secret, predicted(sure=False), EMPTY).reply
    assert reply is not None
    assert "считайте его раскрытым" in reply.text
    assert "СКРЫТО" not in reply.text


def test_r10_urgent_mail_is_told_of_the_chat() -> None:
    reply = decide(mail(text="СРОЧНО! стоим", marketplace="ozon"), predicted(sure=False), EMPTY).reply
    assert reply is not None
    assert "личный кабинет → Помощь → Обращения" in reply.text


words = st.text(max_size=40)
mails = st.builds(
    Mail,
    from_=st.builds(Address, words, words),
    kind=st.sampled_from(["person", "list", *sorted(NON_PERSON_KINDS)]),
    subject=words,
    text=st.text(max_size=200),
    quoted=words,
    language=st.sampled_from(["ru", "zh", "en", "unknown", "xx"]),
    marketplace=st.sampled_from(["ozon", "wb", "unknown", ""]),
    suppress_replies=st.sampled_from(["", "A3"]),
    authentication=st.builds(Authentication, dmarc=st.sampled_from(["none", "pass", "fail"])),
    redacted=st.lists(st.builds(Redaction, words), max_size=2).map(tuple),
    findings=st.lists(
        st.builds(
            Finding, type=st.sampled_from(["link", "sender_role", "deadline", "x"]), text=words, value=words,
            where=st.just("body"), start=st.just(0), end=st.just(1),
        ),
        max_size=3,
    ).map(tuple),
)  # fmt: skip
predictions = st.builds(
    Prediction,
    topic=st.one_of(st.sampled_from(SLUGS), words),
    confidence=st.floats(0, 1),
    sure=st.booleans(),
    threshold=st.floats(0, 1),
    spam_probability=st.floats(0, 1),
)
cards = st.builds(
    TicketCard,
    number=st.integers(100001, 100005),
    status=st.sampled_from(Status),
    topic=st.sampled_from(["", *SLUGS]),
    parties=st.frozensets(words, max_size=2),
    merged_into=st.sampled_from([None, 100001]),
)
contexts = st.builds(
    LinkContext,
    now_utc=st.just(NOW),
    duplicate_of=st.sampled_from([None, None, 4]),
    own_references=st.lists(cards, max_size=2).map(tuple),
    subject_cited=st.lists(cards, max_size=2).map(tuple),
    body_cited=st.lists(cards, max_size=2).map(tuple),
    bounced=st.one_of(st.none(), cards),
)


@settings(max_examples=300, deadline=None)
@given(mail=mails, prediction=predictions, context=contexts)
def test_decision_is_total_and_consistent(mail: Mail, prediction: Prediction, context: LinkContext) -> None:
    decision = decide(mail, prediction, context)
    assert decision == decide(mail, prediction, context)
    assert decision.disposition is not Disposition.HELD
    assert decision.topic
    expected = {
        Disposition.OPENED: {"route", "review"},
        Disposition.APPENDED: {"route", "review"},
        Disposition.AUTO: {"auto"},
        Disposition.DUPLICATE: {"auto"},
        Disposition.QUARANTINED: {"quarantine"},
    }
    assert decision.decision in expected[decision.disposition]
    assert decision.review is (decision.decision == "review")
    assert (decision.link.ticket is not None) or decision.disposition is not Disposition.APPENDED
    if decision.suppress_replies or decision.disposition is not Disposition.OPENED:
        assert decision.reply is None
    if decision.disposition in {Disposition.QUARANTINED, Disposition.AUTO, Disposition.DUPLICATE}:
        assert decision.cause
