"""Who vouches for a mail that came straight to us: SPF, DKIM and DMARC together.

A read mail, its octets, its envelope and look-ups go in, the results and warnings for the
operator come out. No clock and no network of its own. The order of the questions is chosen
against a forger: first the policy of the domain that From names, then signatures and SPF that
could speak for that domain, last everything else, so that slow servers of his use up only
time that no longer matters. An answer that could not be had in time is "temperror", which
blames nobody; a forger cannot cause one for the domain that he borrows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from intake.dkim_check import MAX_SIGNATURES, DkimResult, DkimVerifier, cut_for_verifying, signatures_of
from intake.dkim_signature import Signature
from intake.dmarc import AuthorDomain, find_author, is_aligned, may_align
from intake.dns_lookup import MailLookUps, NoAnswerError, ascii_domain
from intake.header_block import split_header
from intake.octets import tidy_octets
from intake.spf_check import SpfResult, check_spf, is_public
from models.records import Authentication

if TYPE_CHECKING:
    from models.records import Envelope

# Which of several signatures' words speaks for the mail, the best first.
_DKIM_ORDER: Final = ("pass", "policy", "temperror", "fail", "neutral", "permerror")


@dataclass(frozen=True, slots=True)
class SenderCheck:
    """What the checks of one mail found."""

    authentication: Authentication
    warnings: tuple[str, ...] = ()


def check_sender(raw: bytes, envelope: Envelope, from_address: str, look_up: MailLookUps) -> SenderCheck:
    """Check the sender of `raw`; `from_address` is the author that `read_mail` shows."""
    domain = ascii_domain(from_address.rpartition("@")[2])
    author, policy_failed = _author(domain, look_up)
    authors = len(split_header(tidy_octets(raw)).every("from"))
    signatures = _Signatures(raw, envelope, author, look_up)
    results = signatures.of_author()
    spf = check_spf(envelope.peer, envelope.helo, envelope.mail_from, look_up)
    results += signatures.others()
    warnings = signatures.warnings + _warnings(envelope, results)
    dkim_word = min((result.word for result in results), key=_DKIM_ORDER.index, default="none")
    aligned, unsure = _vouched(author, results, spf, look_up)
    dmarc = "none"
    if authors > 1:
        dmarc = "fail"
        warnings.append("authentication: several From fields, so nobody can vouch for one of them")
    elif policy_failed:
        dmarc = "temperror"
        warnings.append("authentication: the sender's DMARC policy could not be fetched")
    elif author.record is not None:
        dmarc = "pass" if aligned else _without_voucher(spf_is_known=is_public(envelope.peer), unsure=unsure)
    found = Authentication(
        spf=spf.word,
        dkim=dkim_word,
        dmarc=dmarc,
        source="own",
        policy=author.policy,
        denied=dmarc == "none" and not aligned and not unsure and _is_denied(author, spf),
    )
    return SenderCheck(found, tuple(warnings))


def _author(domain: str, look_up: MailLookUps) -> tuple[AuthorDomain, bool]:
    """Find the policy; True when it could not be fetched."""
    unknown = AuthorDomain(domain=domain, organisation=domain)
    if not domain:
        return unknown, False
    try:
        return find_author(domain, look_up), False
    except NoAnswerError:
        return unknown, True


class _Signatures:
    """The signatures of a mail, a handful: those that could speak for the author apart from the others."""

    def __init__(self, raw: bytes, envelope: Envelope, author: AuthorDomain, look_up: MailLookUps) -> None:
        mail = cut_for_verifying(raw)
        self.warnings: list[str] = []
        if mail.reason:
            self.warnings.append(f"authentication: no signature was verified, {mail.reason}")
        found = signatures_of(mail, envelope.received_at_utc.timestamp())
        found.sort(key=lambda item: not may_align(item[1].domain, author))
        if len(found) > MAX_SIGNATURES:
            self.warnings.append(
                f"authentication: {len(found)} DKIM signatures, {MAX_SIGNATURES} were looked at"
            )
        self._author = author
        self._found = found[:MAX_SIGNATURES]
        self._verifier = DkimVerifier(mail, look_up)

    def of_author(self) -> list[DkimResult]:
        """Verify those that could speak for the author."""
        return self._verified(of_author=True)

    def others(self) -> list[DkimResult]:
        """Verify the rest."""
        return self._verified(of_author=False)

    def _verified(self, *, of_author: bool) -> list[DkimResult]:
        chosen: list[tuple[int, Signature]] = [
            item for item in self._found if may_align(item[1].domain, self._author) is of_author
        ]
        return [self._verifier.verify(at, signature) for at, signature in chosen]


def _warnings(envelope: Envelope, results: list[DkimResult]) -> list[str]:
    warnings = [
        f"authentication: the DKIM signature{f' of {result.domain}' if result.domain else ''} "
        f"does not count: {result.reason}"
        for result in results
        if result.reason
    ]
    if not is_public(envelope.peer):
        warnings.append("authentication: no SPF, the client's address is private (a relay of ours?)")
    return warnings


def _vouched(
    author: AuthorDomain, results: list[DkimResult], spf: SpfResult, look_up: MailLookUps
) -> tuple[bool, bool]:
    """Tell whether something aligned passed, and whether something that might have is unknown."""
    record = author.record
    unsure = False
    claims = [(result.domain, result.word, record is not None and record.strict_dkim) for result in results]
    claims.append((spf.domain, spf.word, record is not None and record.strict_spf))
    for domain, word, strict in claims:
        if word not in {"pass", "temperror"} or not domain or not author.domain:
            continue
        try:
            aligned = is_aligned(domain, author, look_up, strict=strict)
        except NoAnswerError:
            unsure = True
            continue
        if aligned and word == "pass":
            return True, False
        unsure = unsure or aligned
    return False, unsure


def _without_voucher(*, spf_is_known: bool, unsure: bool) -> str:
    """Choose the DMARC word when nothing aligned passed: blame only where both checks were possible."""
    if unsure:
        return "temperror"
    return "fail" if spf_is_known else "none"


def _is_denied(author: AuthorDomain, spf: SpfResult) -> bool:
    """Tell whether the From domain itself, having no DMARC record, refuses this client by SPF."""
    return spf.word == "fail" and bool(author.domain) and may_align(spf.domain, author)
