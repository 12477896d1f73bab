"""The octets of a scenario's mails: as the sender's client would write them, and delivery reports.

In goes a step of a scenario and the stage with what was said before, out come bytes (RFC 5322)
and the message for later answers to refer to.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.scenarios.stage import Stage

MAILBOX = "sellersup@desk.example"


def compose(stage: Stage, step: dict[str, Any], count: int = 1) -> tuple[bytes, EmailMessage]:
    """Write the mail of a step; `count` tells copies of it apart (`{n}` in its words)."""
    message = EmailMessage()
    if step.get("from"):
        message["From"] = step["from"]
    message["To"] = step.get("header_to", stage.address(step.get("to", MAILBOX)))
    message["Date"] = format_datetime(stage.now)
    copy = f".{count}" if count > 1 else ""
    message["Message-ID"] = step.get("message_id", f"<{step['mail'].replace(' ', '-')}{copy}@client.example>")
    subject, quoted = stage.fill(step.get("subject", "")), ""
    if "answers" in step:
        target = stage.sent[-1] if step["answers"] == "us" else stage.mails[step["answers"]]
        message["In-Reply-To"] = target["Message-ID"]
        message["References"] = " ".join(filter(None, [target.get("References"), target["Message-ID"]]))
        subject = subject or f"Re: {target['Subject']}"
        quoted = _quoted(target.get_content()) if step["answers"] == "us" else ""
    message["Subject"] = subject.replace("{n}", str(count))
    for name, value in step.get("headers", {}).items():
        message[name] = stage.fill(value)
    words = stage.fill(step.get("text", "")).replace("{n}", str(count))
    message.set_content(words + (step.get("quoted") or quoted))
    if "html" in step:
        message.add_alternative(step["html"], subtype="html")
    for part in step.get("attachments", []):
        data = part["text"].encode() if "text" in part else bytes.fromhex(part["hex"])
        main, _, sub = part.get("type", "text/csv").partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=part["name"])
    if "raw" in step:
        return stage.fill(step["raw"]).replace("\n", "\r\n").encode(), message
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n")), message


def _quoted(text: str) -> str:
    return "\n\n16.11.2026, 12:30, Support:\n" + "\n".join(f"> {line}" for line in text.splitlines())


def delivery_report(returned: EmailMessage, *, to: str, status: str) -> bytes:
    """Write a delivery status notification (RFC 3464) about one of our mails."""
    lines = [
        "From: MAILER-DAEMON@mx.example",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <dsn@mx.example>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        f"Your message to {returned['To']} could not be delivered.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        f"Final-Recipient: rfc822; {returned['To']}",
        f"Action: {'failed' if status.startswith('5') else 'delayed'}",
        f"Status: {status}",
        "--b",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: {returned['Message-ID']}",
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()
