"""Mails that the live tests send: an incomplete one per language, and a builder."""

from __future__ import annotations

from email.message import EmailMessage

INCOMPLETE = {
    "ru": (
        "Недостача при приёмке поставки 2000061286750",
        (
            "Добрый день! Поставку 2000061286750 склад принял 3 ноября, но 12 коробок вместо 14. "
            "Просим найти две коробки и исправить приёмку."
        ),
        r"ID продавца",
    ),
    "zh": (
        "供货单2000061286751收货数量不符",
        "您好！我们的供货单2000061286751于11月3日在仓库收货，送了14箱，后台只显示12箱，请核实收货差异并找回少的两箱。",
        r"卖家ID",
    ),
    "en": (
        "Supply 2000061286752: two boxes missing at acceptance",
        (
            "Hello, our supply 2000061286752 was accepted at the warehouse on 3 November with 12 boxes "
            "instead of 14. Please find the two lost boxes and correct the acceptance."
        ),
        r"seller ID",
    ),
}


def mail(subject: str, text: str, sender: str, message_id: str, to: str = "support@desk.example") -> bytes:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Mon, 16 Nov 2026 12:00:00 +0300"
    message["Message-ID"] = f"<{message_id}>"
    message.set_content(text)
    return message.as_bytes()
