"""What a person decides about a quarantined mail: it is spam indeed, or it opens a ticket after all.

A released mail is not read again: its words stand in the database as they were read. Its ticket
goes to review, since the model was wrong about it once, and nothing is answered before that.
"""

from __future__ import annotations

from models.decisions import Decision, Link
from models.records import Prediction
from models.store.facts import merge_facts
from models.store.learning import add_label
from models.store.sellers import bound_seller
from models.store.set_aside import quarantined_mail, release_mail
from models.store.ticket_life import audit
from models.store.tickets import NewTicket, Opening, open_tickets
from models.topics import OTHER, SPAM, Disposition
from workers.clocks import refresh_clock
from workers.facts import facts_of
from workers.linking import is_trusted
from workers.service import Service


def release(service: Service, raw_id: int, actor: str) -> int:
    """Open a ticket in review for a quarantined mail; return its number.

    Raises StoreError when the mail is not quarantined any more.
    """
    now = service.now()
    with service.store.write({f"raw:{raw_id}"}) as db:
        mail, mailbox = quarantined_mail(db, raw_id)
        decision = Decision(
            disposition=Disposition.OPENED,
            decision="review",
            topic=OTHER,
            link=Link(),
            review=True,
            suppress_replies=mail.suppress_replies,
        )
        opening = Opening(
            raw_id=raw_id,
            mailbox=mailbox,
            seller_id=bound_seller(db, mail.from_.address) if is_trusted(mail) else "",
        )
        prediction = Prediction(topic=OTHER, confidence=0.0, sure=False, threshold=1.0)
        new = NewTicket(mail=mail, decision=decision, prediction=prediction, opening=opening)
        (number,) = open_tickets(db, [new], now)
        release_mail(db, raw_id, number)
        merge_facts(db, number, facts_of(mail, raw_id), now)
        refresh_clock(db, number, now)
        audit(db, actor, "release", f"raw:{raw_id}", now, ticket=number)
    return number


def confirm_spam(service: Service, raw_id: int, actor: str) -> None:
    """Label a quarantined mail as spam, for learning. Raises StoreError when it is not quarantined."""
    with service.store.write({f"raw:{raw_id}"}) as db:
        quarantined_mail(db, raw_id)
        add_label(db, raw_id, SPAM, author=actor, source="review", now_utc=service.now())
        audit(db, actor, "confirm_spam", f"raw:{raw_id}", service.now())
