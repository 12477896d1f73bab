"""DMARC (RFC 9989, which replaced RFC 7489 in 2026): policy and organisational domain by the DNS tree walk.

The domain of the From header goes in, out come the policy that its owner publishes and the
domain below which identifiers count as his. The walk asks the name service from the domain
upwards, eight questions at most, and needs no list of public suffixes: the lists that come
with Python packages are years old. The np tag (policy for names that do not exist) is read
as sp, since the policy is shown and decides nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from intake.dkim_key import tags_of
from intake.dns_lookup import MailLookUps

MAX_LABELS_WALKED: Final = 8  # RFC 9989 section 4.10: eight questions at most
MAX_RECORD_CHARS: Final = 4_096
_POLICIES: Final = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcRecord:
    """A published policy record; `domain` is where it stands."""

    domain: str
    policy: str
    subdomain_policy: str
    strict_dkim: bool = False
    strict_spf: bool = False
    is_test: bool = False  # t=y: one step milder
    psd: str = "u"  # y: a public suffix, n: an organisational domain, u: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorDomain:
    """The domain of a From header with what its owner publishes; `record` is None without a policy."""

    domain: str
    organisation: str
    record: DmarcRecord | None = None

    @property
    def policy(self) -> str:
        """Policy in force for mail of this domain: none, quarantine or reject, "" without a record."""
        if self.record is None:
            return ""
        at_record = self.record.domain == self.domain
        policy = self.record.policy if at_record else self.record.subdomain_policy
        step = _POLICIES.index(policy)
        return _POLICIES[max(0, step - 1)] if self.record.is_test else policy


def find_author(domain: str, look_up: MailLookUps) -> AuthorDomain:
    """Find policy and organisational domain of an ASCII domain; raises `NoAnswerError`."""
    found = _walk(domain, look_up)
    organisation = _organisation(domain, found)
    by_domain = {record.domain: record for record in found}
    suffix = next((record for record in found if record.psd == "y"), None)
    record = by_domain.get(domain) or by_domain.get(organisation) or suffix
    return AuthorDomain(domain=domain, organisation=organisation, record=record)


def is_aligned(identifier: str, author: AuthorDomain, look_up: MailLookUps, *, strict: bool) -> bool:
    """Tell whether an authenticated domain speaks for the author's (RFC 9989 4.4); raises `NoAnswerError`.

    Domains outside the author's organisation are never asked for, so whoever owns them
    cannot delay or disturb the check.
    """
    if identifier == author.domain:
        return True
    if strict or not may_align(identifier, author):
        return False
    return identifier == author.organisation or (
        _organisation(identifier, _walk(identifier, look_up)) == author.organisation
    )


def may_align(identifier: str, author: AuthorDomain) -> bool:
    """Tell without asking whether a domain can belong to the author's organisation."""
    return identifier in {author.domain, author.organisation} or identifier.endswith(
        f".{author.organisation}"
    )


def _walk(domain: str, look_up: MailLookUps) -> list[DmarcRecord]:
    """Collect the records from the domain upwards, as far as RFC 9989 section 4.10 goes."""
    labels = domain.split(".")
    found: list[DmarcRecord] = []
    for asked in range(MAX_LABELS_WALKED):
        record = _record_at(".".join(labels), look_up)
        if record is not None:
            found.append(record)
            if record.psd == "n" or (record.psd == "y" and asked):
                break
        # a long name is cut to seven labels after the first question
        labels = labels[max(1, len(labels) - MAX_LABELS_WALKED + 1) :]
        if not labels:
            break
    return found


def _organisation(domain: str, found: list[DmarcRecord]) -> str:
    """Choose the organisational domain among the records of a walk (RFC 9989 section 4.10.2)."""
    for record in found:
        if record.psd == "n":
            return record.domain
        if record.psd == "y" and record.domain != domain:
            below = domain.removesuffix(f".{record.domain}").rpartition(".")[2]
            return f"{below}.{record.domain}"
    return found[-1].domain if found else domain


def _record_at(domain: str, look_up: MailLookUps) -> DmarcRecord | None:
    """Return the one valid record at a domain, None without one or with several."""
    texts = [text for text in look_up(f"_dmarc.{domain}", "TXT") if _is_dmarc(text)]
    if len(texts) != 1 or len(texts[0]) > MAX_RECORD_CHARS:
        return None
    tags = {name.lower(): value for name, value in (tags_of(texts[0]) or {}).items()}
    if not tags:
        return None
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        if "p" in tags and "rua" not in tags:
            return None
        policy = "none"
    below = tags.get("sp", "").lower()
    return DmarcRecord(
        domain=domain,
        policy=policy,
        subdomain_policy=below if below in _POLICIES else policy,
        strict_dkim=tags.get("adkim", "").lower() == "s",
        strict_spf=tags.get("aspf", "").lower() == "s",
        is_test=tags.get("t", "").lower() == "y",
        psd=tags.get("psd", "u").lower() if "." in domain else "y",  # no organisation owns a top level
    )


def _is_dmarc(text: str) -> bool:
    version, _, _ = text.partition(";")
    name, equals, value = version.partition("=")
    return name.strip().lower() == "v" and bool(equals) and value.strip() == "DMARC1"
