"""Conversations made from templates, interleaved at random, and what a desk made of each (synthetic data).

In go a number of conversations, of mails and a seed, out comes a plan: rounds of mails in random
order. A conversation's mails keep their order, and up to three of them are on their way at once;
redeliveries, copies to a second mailbox and mails sent again stand anywhere. `outcome` reads a
store and tells per conversation what became of it, free of numbers that depend on the order.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from models.store import Store
from models.store.schema import ASKED, FACT, MAIL_STATE, MESSAGE, OUTBOX, TICKET

SECOND_MAILBOX = "help@desk.example"
TEMPLATES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "logistics_acceptance",
        "Недостача",
        (
            "Добрый день! Поставку 20000{n} приняли 10 ноября не полностью, не хватает {k} единиц.",
            "Дополняю: ID продавца 2{n}.",
            "Уточнение: поставка не 20000{n}, а 20001{n}, простите.",
            "Спасибо, будем ждать ответа специалистов.",
        ),
    ),
    (
        "cards_moderation",
        "Item hidden",
        (
            "Hello, our product was hidden after moderation {k} days ago, please check the reason.",
            "The seller ID is 3{n}.",
            "And this is the SKU: SKU 16{n}, sorry for the delay.",
        ),
    ),
    (
        "orders_returns",
        "退货未收到",
        (
            "您好！买家已退款{k}天，但是退货包裹一直没有送到我们仓库，请核实。",
            "卖家ID 4{n}，订单34{n}-1195。",
        ),
    ),
    (
        "fines_appeals",
        "Штраф",
        (
            "ID продавца 5{n}. Штраф 12{k} ₽ по заказу 33{n}-1195 от 10 ноября не признаём.",
            "Уточнение: не 12{k}, а 13{k}. Прошу исправить.",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One mail as it reaches the desk."""

    raw: bytes
    sender: str
    rcpt: str
    stage: int  # which mail of its conversation


@dataclass(slots=True)
class _Conversation:
    sender: str
    topic: str
    subject: str
    texts: list[str]
    sent: list[Arrival] = field(default_factory=list)


def topic_of(text: str) -> str:
    """Say which topic a template's text is about; the classifier of these runs."""
    for topic, _, texts in TEMPLATES:
        if any(text.startswith(words.partition("{")[0]) for words in texts):
            return topic
    return "other"


def plan(conversations: int, mails: int, seed: int) -> list[list[Arrival]]:
    """Make the rounds: in each, some conversations go on by 1 to 3 mails, and earlier ones come again."""
    chance = random.Random(seed)
    waiting = [_conversation(number) for number in range(conversations)]
    own = sum(len(conversation.texts) for conversation in waiting)
    rounds: list[list[Arrival]] = []
    while any(len(c.sent) < len(c.texts) for c in waiting):
        going_on = [c for c in waiting if len(c.sent) < len(c.texts) and chance.random() < 0.6]
        firsts = [mail for c in going_on for mail in _next(c, chance.choice((1, 1, 2, 3)))]
        copies = [_again(chance, waiting) for _ in range((mails - own) * len(firsts) // own)]
        rounds.append(_mixed(chance, firsts, copies))
    left = mails - sum(map(len, rounds))
    rounds.append(_mixed(chance, [], [_again(chance, waiting) for _ in range(left)]))
    return rounds


def _mixed(chance: random.Random, firsts: list[Arrival], copies: list[Arrival]) -> list[Arrival]:
    """Put a round's mails in random order; no copy of a mail comes before it."""
    ranked = [(float(mail.stage), mail) for mail in firsts]
    ranked += [(mail.stage + chance.uniform(0.1, 4.0), mail) for mail in copies]
    chance.shuffle(ranked)
    queues: dict[str, list[Arrival]] = {}
    for _, mail in sorted(ranked, key=lambda pair: pair[0]):
        queues.setdefault(mail.sender, []).append(mail)
    return [queues[mail.sender].pop(0) for _, mail in ranked]


def _conversation(number: int) -> _Conversation:
    topic, subject, texts = TEMPLATES[number % len(TEMPLATES)]
    values = {"n": f"{61000 + number:06d}", "k": str(10 + number % 80)}
    return _Conversation(
        sender=f"seller{number}@shop{number}.example",
        topic=topic,
        subject=subject,
        texts=[text.replace("{n}", values["n"]).replace("{k}", values["k"]) for text in texts],
    )


def _next(conversation: _Conversation, count: int) -> list[Arrival]:
    begin = len(conversation.sent)
    for stage in range(begin, min(begin + count, len(conversation.texts))):
        message_id = f"{stage}.{conversation.sender}"
        conversation.sent.append(_letter(conversation, stage, message_id, "sellersup@desk.example"))
    return conversation.sent[begin:]


def _again(chance: random.Random, waiting: list[_Conversation]) -> Arrival:
    """Return a mail that came or comes in this round: the same octets, to another mailbox, under a new id."""
    conversation = chance.choice([c for c in waiting if c.sent])
    stage = chance.randrange(len(conversation.sent))
    kind = chance.random()
    if kind < 0.5 or stage:  # an old answer under a new id would be said again, and that changes facts
        return conversation.sent[stage]
    if kind < 0.75:
        return _letter(conversation, stage, f"{stage}.{conversation.sender}", SECOND_MAILBOX)
    return _letter(conversation, 0, f"again{chance.random()}.{conversation.sender}", "sellersup@desk.example")


def _letter(conversation: _Conversation, stage: int, message_id: str, rcpt: str) -> Arrival:
    message = EmailMessage()
    message["From"] = conversation.sender
    message["To"] = "sellersup@desk.example"
    message["Date"] = "Mon, 16 Nov 2026 12:00:00 +0300"
    message["Message-ID"] = f"<{message_id}>"
    message["Subject"] = ("Re: " if stage else "") + conversation.subject
    if stage:
        message["In-Reply-To"] = message["References"] = f"<0.{conversation.sender}>"
    message.set_content(conversation.texts[stage])
    return Arrival(raw=message.as_bytes(), sender=conversation.sender, rcpt=rcpt, stage=stage)


def outcome(store: Store) -> dict[str, Any]:
    """Return what became of each conversation: tickets, facts, questions, ends of its mails."""
    with store.read() as db:
        tickets = db.execute(select(TICKET).order_by(TICKET.c.requester, TICKET.c.id)).all()
        facts = _per_ticket(db.execute(select(FACT.c.ticket_id, FACT.c.field, FACT.c.value, FACT.c.active)))
        asked = _per_ticket(db.execute(select(ASKED.c.ticket_id, ASKED.c.field)))
        letters = _per_ticket(db.execute(select(OUTBOX.c.ticket_id, OUTBOX.c.kind)))
        ended = db.execute(
            select(MESSAGE.c.from_address, MAIL_STATE.c.disposition).select_from(
                MAIL_STATE.outerjoin(MESSAGE, MESSAGE.c.raw_id == MAIL_STATE.c.raw_id)
            )
        )
        ends: dict[str, Counter[str]] = {}
        for row in ended:
            ends.setdefault(row.from_address, Counter())[row.disposition] += 1
    found: dict[str, Any] = {}
    for ticket in tickets:
        told = found.setdefault(ticket.requester, {"tickets": []})
        told["tickets"].append(
            {
                "topic": ticket.topic,
                "status": ticket.status,
                "missing": list(ticket.missing),
                "language": ticket.language,
                "subkind": ticket.subkind,
                "facts": Counter((f.field, f.value, bool(f.active)) for f in facts.get(ticket.id, ())),
                "asked": sorted(row.field for row in asked.get(ticket.id, ())),
                "letters": Counter(row.kind for row in letters.get(ticket.id, ())),
            }
        )
    for address, told in found.items():
        told["ends"] = ends[address]
    return found


def _per_ticket(rows: Iterable[Any]) -> dict[int, list[Any]]:
    """Group rows by the ticket that they belong to."""
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.ticket_id, []).append(row)
    return found
