"""Signals that a letter poses as the marketplace: look-alikes, demands for codes (rules R16, R55, R56).

In go a read `Mail`, out come the signals that fired with their points. The classifier
decides what is spam; these signals stop what must not be answered even when it is unsure.
Only the sender and the new words count: a seller who forwards a phishing letter and asks
about it quotes its words, but does not write from its domain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from workers.lookalikes import is_disguised_brand, is_lookalike, is_mixed_script, is_official
from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.records import Address, Finding, Mail

LOOKALIKE: Final = "lookalike_sender"
_POSES: Final = frozenset({LOOKALIKE, "lookalike_reply", "posing_name", "lookalike_link", "hidden_link"})
_OWN_WORDS: Final = frozenset({"subject", "body", "signature"})  # not a letter that is quoted or attached
_MAX_LINKS: Final = 50
MAILS_REMEMBERED: Final = 128  # those of a batch; text is capped when it is read
_WORD: Final = re.compile(r"[^\W_]{1,40}")
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,6})")
_HOST: Final = re.compile(
    r"(?:h(?:tt|xx)ps?://)?(?:([^@/\s]{1,200})@)?(?:www\.)?([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class PhishingSignals:
    """Which signals fired, in a fixed order."""

    names: tuple[str, ...] = ()
    points: int = 0

    @property
    def strong(self) -> bool:
        """True when the mail poses as somebody and wants something: it goes to quarantine."""
        return self.poses and self.points >= int(read_table("phishing.toml")["points"]["quarantine_at"])

    @property
    def poses(self) -> bool:
        """True when the mail takes somebody else's looks, whatever it wants."""
        return bool(_POSES & set(self.names))

    @property
    def suspicious(self) -> bool:
        """True when no automatic reply may go out (rule A15)."""
        return self.strong or bool({LOOKALIKE, "lookalike_reply", "hidden_link"} & set(self.names))


def phishing_signals(mail: Mail) -> PhishingSignals:
    """Look at the sender, the links and the new words of `mail`.

    What warns an operator is asked when the mail is read, and once more when it is decided.
    """
    return _signals(mail.from_, mail.reply_to, mail.subject, mail.text, mail.findings)


@lru_cache(maxsize=MAILS_REMEMBERED)
def _signals(
    from_: Address, reply_to: tuple[Address, ...], subject: str, text: str, findings: tuple[Finding, ...]
) -> PhishingSignals:
    table = read_table("phishing.toml")
    points: dict[str, int] = table["points"]
    words = fold(f"{subject}\n{text}")
    sender, name = _domain(from_.address), from_.name
    links = list(_links(findings))
    mismatches = list(_mismatches(findings))
    fired = {
        LOOKALIKE: is_lookalike(sender),
        "lookalike_reply": any(is_lookalike(_domain(reply.address)) for reply in reply_to),
        "mixed_script": is_mixed_script(sender) or any(is_mixed_script(host) for _, host in links),
        "lookalike_link": any(is_lookalike(host) for _, host in links),
        "hidden_link": any(_hides(shown, host) for shown, host in (*links, *mismatches)),
        "other_link": bool(mismatches),
        "posing_name": not is_official(sender) and _poses(name),
        "other_name": _names_another(name, sender),
        "asks_for_secret": _words("asks_for_secret").occurs(words),
        "threat": _words("threat").occurs(words),
        "messenger": _words("messenger").occurs(words),
    }
    names = tuple(signal for signal, yes in fired.items() if yes)
    return PhishingSignals(names, sum(points[signal] for signal in names))


def signal_warnings(mail: Mail) -> tuple[str, ...]:
    """Say in words for the operator what is odd about the sender and the links."""
    words: dict[str, str] = read_table("phishing.toml")["warnings"]
    fired = phishing_signals(mail)
    return tuple(f"sender: {words[name]}" for name in fired.names if name in words)


def _poses(name: str) -> bool:
    """Tell whether a display name says that it is the marketplace's support, security or payments."""
    folded = fold(name)
    if _words("posing_name").occurs(folded):
        return True
    words = _WORD.findall(name)[:20]
    if any(is_disguised_brand(word) and not word.isascii() for word in words):
        return True  # Cyrillic letters inside a Latin brand
    if any(is_official(host) for _, host in _addresses(name)):
        return True
    return _words("brand_name").occurs(folded) and _words("posing_role").occurs(folded)


def _names_another(name: str, sender: str) -> bool:
    """Tell whether a display name shows an address of another domain."""
    return any(not _same_house(host, sender) for _, host in _addresses(name))


def _addresses(name: str) -> Iterator[tuple[str, str]]:
    for match in _ADDRESS.finditer(name[:300]):
        yield match[0], match[1].casefold()


def _links(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield for each link of the new words what stands before an @ in it, and its host."""
    found = (finding for finding in findings if finding.type == "link" and finding.where in _OWN_WORDS)
    for _, link in zip(range(_MAX_LINKS), found, strict=False):
        if (match := _HOST.match((link.value or link.text).strip())) and "." in match[2]:
            yield (match[1] or "").casefold(), match[2].casefold()


def _mismatches(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield shown host and target of links in the new words that lead elsewhere than they say."""
    for finding in findings:
        if finding.type == "link_mismatch" and finding.where in _OWN_WORDS:
            yield finding.text.casefold(), finding.value.casefold()


def _hides(shown: str, host: str) -> bool:
    """Tell whether a link shows a marketplace and leads elsewhere."""
    return bool(shown) and not is_official(host) and (is_official(shown) or is_lookalike(shown))


def _same_house(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()


@cache
def _words(name: str) -> WordList:
    return word_list(read_table("phishing.toml")[name]["words"])
