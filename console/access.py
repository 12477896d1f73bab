"""Who may do what: one table of rights by route, one of rights by role (rule R57).

A route that stands in no line of `ROUTE_RIGHTS` is refused to everybody; a test walks every
route with every role.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Right(StrEnum):
    """What a route needs."""

    ANYONE = "anyone"  # before the login
    SELF = "self"  # any person who is logged in, about themselves
    SEE = "see"
    WORK = "work"  # on tickets
    LEAD = "lead"  # mails that were set aside, models, templates, sellers, the audit log
    ADMIN = "admin"


ROLE_RIGHTS: Final[dict[str, frozenset[Right]]] = {
    "viewer": frozenset({Right.ANYONE, Right.SELF, Right.SEE}),
    "operator": frozenset({Right.ANYONE, Right.SELF, Right.SEE, Right.WORK}),
    "lead": frozenset({Right.ANYONE, Right.SELF, Right.SEE, Right.WORK, Right.LEAD}),
    "admin": frozenset(Right),
}

ROUTE_RIGHTS: Final[dict[str, Right]] = {
    "login": Right.ANYONE,
    "log_in": Right.ANYONE,
    "alive": Right.ANYONE,
    "ready": Right.ANYONE,
    "metrics": Right.ANYONE,  # it looks for its own token
    "oidc_begin": Right.ANYONE,
    "oidc_end": Right.ANYONE,
    "log_out": Right.SELF,
    "account": Right.SELF,
    "save_account": Right.SELF,
    "change_password": Right.SELF,
    "home": Right.SEE,
    "events": Right.SEE,
    "queues": Right.SEE,
    "bulk": Right.WORK,
    "review": Right.WORK,
    "choose_topic": Right.WORK,
    "undo_choice": Right.WORK,
    "ticket": Right.SEE,
    "search": Right.SEE,
    "held": Right.WORK,
    "retry_held": Right.LEAD,
    "quarantine": Right.WORK,
    "decide_quarantined": Right.LEAD,
    "outbox": Right.SEE,
    "resend": Right.WORK,
    "take": Right.WORK,
    "move": Right.WORK,
    "close": Right.WORK,
    "set_stage": Right.WORK,
    "relabel": Right.WORK,
    "set_fact": Right.WORK,
    "bind_seller": Right.WORK,
    "escalate": Right.WORK,
    "prioritise": Right.WORK,
    "write_note": Right.WORK,
    "merge": Right.WORK,
    "split": Right.WORK,
    "templates": Right.WORK,
    "preview": Right.WORK,
    "macro": Right.WORK,
    "presence": Right.SEE,
    "file": Right.SEE,
    "picture": Right.WORK,
    "download": Right.WORK,
    "letter": Right.WORK,
    "mail_header": Right.WORK,
    "mail_words": Right.WORK,
    "raw_mail": Right.ADMIN,
    "save_view": Right.WORK,
    "drop_view": Right.WORK,
    "write_reply": Right.WORK,
    "decide_draft": Right.WORK,
    "undo": Right.WORK,
    "dashboard": Right.SEE,
    "tokens": Right.ADMIN,
    "create_token": Right.ADMIN,
    "revoke_token": Right.ADMIN,
    "audit_log": Right.LEAD,
    "export_audit": Right.ADMIN,
    "models": Right.SEE,
    "model": Right.SEE,
    "model_report": Right.SEE,
    "training": Right.SEE,
    "order_training": Right.LEAD,
    "promote_model": Right.LEAD,
    "roll_back_model": Right.LEAD,
    "unpin_model": Right.LEAD,
    "settings": Right.SEE,
    "mailboxes": Right.LEAD,
    "save_mailboxes": Right.ADMIN,
    "save_replies": Right.ADMIN,
    "keeping": Right.LEAD,
    "save_duplicates": Right.ADMIN,
    "save_retention": Right.ADMIN,
    "restore_policy": Right.ADMIN,
    "desk_time": Right.LEAD,
    "save_calendar": Right.ADMIN,
    "save_terms": Right.ADMIN,
    "topic_settings": Right.LEAD,
    "edit_topic": Right.LEAD,
    "preview_topic": Right.LEAD,
    "save_topic": Right.ADMIN,
    "reply_templates": Right.LEAD,
    "edit_reply_template": Right.LEAD,
    "save_reply_template": Right.LEAD,
    "preview_reply_template": Right.LEAD,
    "restore_reply_template": Right.LEAD,
    "sellers": Right.LEAD,
    "bind_seller_address": Right.LEAD,
    "unbind_seller_address": Right.LEAD,
    "import_sellers": Right.LEAD,
    "people": Right.ADMIN,
    "add_person": Right.ADMIN,
    "save_person": Right.ADMIN,
    "change_access": Right.ADMIN,
    "webhooks": Right.ADMIN,
    "add_webhook": Right.ADMIN,
    "test_webhook": Right.ADMIN,
    "remove_webhook": Right.ADMIN,
    "resend_event": Right.ADMIN,
}


def allows(role: str, route_name: str) -> bool:
    """Tell whether a role may use a route; an unknown role or route may nothing."""
    right = ROUTE_RIGHTS.get(route_name)
    return right is not None and right in ROLE_RIGHTS.get(role, frozenset())


def has_right(role: str, right: Right) -> bool:
    """Tell whether a role has a right, whatever the route."""
    return right in ROLE_RIGHTS.get(role, frozenset())
