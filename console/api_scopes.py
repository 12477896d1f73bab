"""Which scope each route of the JSON API needs: one table, which a test walks with every scope.

A route that stands in no line is refused to everybody.
"""

from __future__ import annotations

from typing import Final

FREE: Final = ""  # needs no token: tells nothing of the desk

ROUTE_SCOPES: Final[dict[str, str]] = {
    "api_description": FREE,
    "list_problems": FREE,
    "list_tickets": "read:tickets",
    "get_ticket": "read:tickets",
    "set_ticket_status": "write:tickets",
    "set_ticket_assignee": "write:tickets",
    "set_ticket_priority": "write:tickets",
    "list_messages": "read:messages",
    "get_message": "read:messages",
    "list_facts": "read:facts",
    "correct_fact": "write:facts",
    "list_labels": "read:labels",
    "create_label": "write:labels",
    "list_replies": "read:replies",
    "get_reply": "read:replies",
    "create_draft": "write:replies",
    "drop_draft": "write:replies",
    "approve_draft": "send:replies",
    "send_reply": "send:replies",
    "get_status": "read:status",
}
