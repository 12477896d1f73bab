"""Topics in force with their names, and how many mails people labelled with each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from models.store.schema import LABEL, TOPIC
from models.topics import SLUGS


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCard:
    """One topic with its name in each language."""

    slug: str
    name_ru: str
    name_zh: str
    name_en: str
    active: bool


def topic_cards(db: Connection) -> list[TopicCard]:
    """List the topics: shipped ones in their order, then a desk's own by name."""
    rows = db.execute(select(TOPIC.c.slug, TOPIC.c.name_ru, TOPIC.c.name_zh, TOPIC.c.name_en, TOPIC.c.active))
    cards = [TopicCard(**row) for row in rows.mappings()]
    order = {slug: at for at, slug in enumerate(SLUGS)}
    return sorted(cards, key=lambda card: (order.get(card.slug, len(order)), card.slug))


def label_counts(db: Connection) -> dict[str, int]:
    """Count the labels in force of each topic."""
    rows = db.execute(select(LABEL.c.topic, func.count()).where(LABEL.c.active).group_by(LABEL.c.topic))
    return {str(row[0]): int(row[1]) for row in rows}
