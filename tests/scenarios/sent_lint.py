"""What every mail that leaves keeps to, looked at in each conversation (A10-A13, A16, A19, R14-R60)."""

from __future__ import annotations

import re
from email.message import EmailMessage

from tests.workers.test_reply_lint import ALLOWED_DOMAINS, DOMAIN, NEGATED, PHONE, PROMISE, REQUEST

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n")
_TICKET = re.compile(r"RZ-\d+")
_LINK = re.compile(r"https?:|www\.|t\.me|wa\.me|@", re.IGNORECASE)


def assert_fit_to_be_sent(mail: EmailMessage, foreign_tickets: set[str]) -> None:
    """Raise AssertionError with the words that may not leave; `foreign_tickets` are others' matters."""
    text, subject = mail.get_content(), str(mail["Subject"])
    assert mail.get_content_type() == "text/plain", "A13: plain text, no attachment"
    assert not foreign_tickets & {*_TICKET.findall(text), *_TICKET.findall(subject)}, "A16: another's ticket"
    assert subject.count("RZ-") <= 1, f"A11: {subject}"
    assert "\n" not in subject
    assert mail["In-Reply-To"] or mail["References"] is None, "A10: references without an answer"
    if mail["Auto-Submitted"] is None:
        return  # an operator wrote it: checked where it was written
    plain = _TICKET.sub("", text)
    assert not PHONE.search(plain), f"R14: {PHONE.search(plain)}"
    assert not PROMISE.search(plain), f"R60: {PROMISE.search(plain)}"
    assert not _LINK.search(plain), f"R16, A13: {_LINK.search(plain)}"
    assert all(match.group(0).lower() in ALLOWED_DOMAINS for match in DOMAIN.finditer(plain)), "R16"
    for sentence in _SENTENCE.split(plain):
        assert not REQUEST.search(sentence) or NEGATED.search(sentence), f"R54, R58: {sentence}"
