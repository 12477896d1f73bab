"""The closed vocabulary: topics, dispositions, statuses, mail kinds, queues.

Topic slugs travel as plain strings (a desk may add its own as data); what is listed here
is what ships. Names in three languages: domain section 2.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Disposition(StrEnum):
    """How a raw message ended. Every accepted mail ends in exactly one."""

    OPENED = "opened"
    APPENDED = "appended"
    AUTO = "auto"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    HELD = "held"


class Status(StrEnum):
    """Where a ticket stands (rule R20)."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    WAITING_SELLER = "waiting_seller"
    CLOSED = "closed"


LEGAL_MOVES: Final[frozenset[tuple[Status, Status]]] = frozenset(
    {
        (Status.NEW, Status.IN_PROGRESS),
        (Status.NEW, Status.WAITING_SELLER),
        (Status.IN_PROGRESS, Status.WAITING_SELLER),
        (Status.WAITING_SELLER, Status.IN_PROGRESS),
        (Status.WAITING_SELLER, Status.NEW),
        (Status.IN_PROGRESS, Status.CLOSED),
        (Status.NEW, Status.CLOSED),
        (Status.WAITING_SELLER, Status.CLOSED),
        (Status.CLOSED, Status.IN_PROGRESS),
    }
)

SPAM: Final = "spam_phishing"
OTHER: Final = "other"

# slug -> (ru, zh, en)
TOPIC_NAMES: Final[dict[str, tuple[str, str, str]]] = {
    "cards_moderation": ("Карточки и модерация", "商品卡片与审核", "Product cards & moderation"),
    "orders_returns": ("Заказы, отмены, возвраты", "订单、取消与退货", "Orders, cancellations, returns"),
    "logistics_acceptance": (
        "Логистика, поставки, приёмка",
        "物流、供货与收货",
        "Logistics, supplies, acceptance",
    ),
    "stock_accounting": ("Остатки и складской учёт", "库存与仓储核算", "Stock & warehouse accounting"),
    "finance_documents": ("Финансы, выплаты, документы", "财务、结算与单据", "Finance, payouts, documents"),
    "ads_promo_analytics": (
        "Реклама, акции, аналитика",
        "广告、促销与数据分析",
        "Ads, promotions, analytics",
    ),
    "fines_appeals": ("Штрафы и апелляции", "罚款与申诉", "Fines & appeals"),
    "marking_packaging": (
        "Маркировка, штрихкоды, упаковка",
        "标签、条码与包装",
        "Marking, barcodes, packaging",
    ),
    "account_access": ("Доступ, регистрация, договор", "账户、入驻与合同", "Account access & onboarding"),
    "pickup_points": ("Пункты выдачи (ПВЗ)", "自提点", "Pickup points"),
    "buyer_feedback": (
        "Отзывы, вопросы, чат с покупателем",
        "评价、问答与买家聊天",
        "Reviews, questions, buyer chat",
    ),
    "api_technical": ("API и технические сбои", "API与技术故障", "API & technical faults"),
    SPAM: ("Спам и фишинг", "垃圾与钓鱼邮件", "Spam & phishing"),
    OTHER: ("Прочее", "其他", "Other"),
}
SLUGS: Final[tuple[str, ...]] = tuple(TOPIC_NAMES)
ROUTED_SLUGS: Final[tuple[str, ...]] = tuple(s for s in SLUGS if s != SPAM)  # each has a queue of its own
LANGUAGES: Final[tuple[str, str, str]] = ("ru", "zh", "en")
NON_PERSON_KINDS: Final[frozenset[str]] = frozenset({"auto_reply", "out_of_office", "bounce", "own"})

READ_QUEUE: Final = "read"
OUTBOUND_QUEUE: Final = "outbound"
WEBHOOK_QUEUE: Final = "webhooks"
UPKEEP_QUEUE: Final = "upkeep"


def topic_queue(slug: str) -> str:
    """Name of the Celery queue that works mails of a topic."""
    return f"topic.{slug}"


def topic_name(slug: str, language: str) -> str:
    """Name of a topic in a language; English when unknown, the slug for a topic of a desk's own."""
    names = TOPIC_NAMES.get(slug)
    if names is None:
        return slug
    return names[LANGUAGES.index(language)] if language in LANGUAGES else names[2]


ALL_QUEUES: Final[tuple[str, ...]] = (
    READ_QUEUE,
    *(topic_queue(s) for s in ROUTED_SLUGS),
    OUTBOUND_QUEUE,
    WEBHOOK_QUEUE,
    UPKEEP_QUEUE,
)
