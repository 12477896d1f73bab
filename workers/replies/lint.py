"""What may not stand in a letter of the desk, whoever wrote it (rules R14, R16, R54, R58, R60, A19).

In go the words of a reply, out come the rules that they break, in words for an operator. The
templates keep to stricter rules of their own (tests); these are for what a person writes, so an
order number is no phone, a decision is no promise, and naming a secret is not asking for it.
"""

from __future__ import annotations

import re
from typing import Final

from workers.replies.secret_requests import asks_for_secret
from workers.replies.shown_text import plain, spoken_forms

ALLOWED_DOMAINS: Final = ("ozon.ru", "ozon.com", "wildberries.ru", "wb.ru")
_PHONE: Final = re.compile(
    r"(?<![\d-])(?:\+\d{1,3}|8)[ (-]{1,2}\d{3}[ )-]{1,2}\d{3}[ -]?\d{2}[ -]?\d{2}(?!\d)"
    r"|\+7\d{10}|\+86[ -]?1\d{2}[ -]?\d{4}[ -]?\d{4}"
    r"|(?<![\d-])(?:8800\d{7}|400-\d{3}-\d{4})(?![\d-])"
    r"|(?<!не )(?:позвоните|звоните|перезвоним|перезвонит)"
    r"|call us|we will call|请致电|请拨打|给您回电",
    re.IGNORECASE,
)
_LINK: Final = re.compile(
    r"(?:(?:https?|ftp|tg):[/\\]{2}|www\.)([^\s/\\?#<>]{1,200})"
    r"|(?<![\w.@-])((?:t|telegram|wa|vk)\.(?:me|com))(?=/|\b)"
    r"|(?<![\w.@-])((?:[a-z0-9-]{1,63}\.){1,4}(?:ru|com|net|org|info|site|online|xyz|top|shop|cn))(?![\w-])",
    re.IGNORECASE,
)
_PROMISE: Final = re.compile(
    r"гарантир|обеща(?:ем|ю)|обязательно (?:верн|реш|помож|компенс)|guarantee|we promise|"
    r"保证(?:退|赔|解|恢复|取消)|承诺|一定会",
    re.IGNORECASE,
)
_CURRENCY: Final = (
    r"(?:₽|руб(?:\.|л\w{1,4}|\b)|р\.|rub\b|rur\b|roubles?|rubles?"
    r"|\$|usd|€|eur\b|¥|￥|cny|rmb|元|卢布|тыс\b|млн)"
)
_AMOUNT: Final = re.compile(
    rf"\d[\d .,'’]{{0,20}}[ -]?{_CURRENCY}|(?:[$€¥￥₽]|\b(?:rub|usd|eur|cny|rmb))\s?\d", re.IGNORECASE
)


def tells_amount(text: str) -> bool:
    """Tell whether `text` names a sum of money, which rule R6 keeps for the account administrator."""
    return _AMOUNT.search(plain(text)) is not None


def faults_of(text: str) -> tuple[str, ...]:
    """Name what `text` may not say; empty when it may leave."""
    shown = plain(text)  # a no-break space, full-width digits or an invisible sign hide no phone
    spoken = spoken_forms(text)
    faults = []
    if any(_PHONE.search(form) for form in (shown, *spoken)):
        faults.append("names a phone or a call (rule R14): answer in writing")
    foreign = _foreign_link(shown)
    if foreign:
        faults.append(f"links to {foreign} (rule R16): only {', '.join(ALLOWED_DOMAINS)} may be named")
    if any(_PROMISE.search(form) for form in spoken):
        faults.append("promises an outcome (rule R60): say what is done, not what will come of it")
    if asks_for_secret(text):
        faults.append("asks for a secret or a passport (rules R54, R58): nobody of the desk needs it")
    return tuple(faults)


def _foreign_link(text: str) -> str:
    for match in _LINK.finditer(text):
        authority = match.group(match.lastindex or 0).casefold()
        # RFC 3986 3.2: what stands before the last @ is a user's name, after the colon a port.
        host = authority.rpartition("@")[2].partition(":")[0].rstrip(".,;!)]»\"'")
        if not any(host == domain or host.endswith(f".{domain}") for domain in ALLOWED_DOMAINS):
            return host
    return ""
