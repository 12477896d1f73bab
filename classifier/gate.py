"""The gate between a candidate and service: both versions on the same labelled mails, pair by pair.

In go the answers of champion and candidate to mails that neither had learnt when it answered
(cross-fitted, or labelled after the champion was made), out come the verdict and its reason.

Two sets are judged. *Frozen*: the mails of the bundled corpus, whose labels no operator can
change. *Recent*: what operators labelled. Falls are judged by an exact one-sided sign test over the
mails on which the versions differ (McNemar, 1947): a candidate may not be likely worse (UNLIKELY)
on the frozen set as a whole, nor fall there by more than MOST_FALLEN whatever chance says, nor
be significantly worse (RARE) on the recent set, on a topic or on a language. And nobody's labels
may contradict confident held-out answers far more often than everybody else's: such labels are for
a second look before a model learns them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

UNLIKELY: Final = 0.05  # probability under which a fall of the frozen set is no chance between two fits
MOST_FALLEN: Final = 0.015  # of accuracy on the frozen set, so that many small falls cannot add up
RARE: Final = 0.01  # probability under which a fall of a topic or language is no chance
SURE_ANSWER: Final = 0.8  # confidence of an answer that a label contradicts
LEAST_CONTRADICTIONS: Final = 8
USUAL_CONTRADICTIONS: Final = 0.02  # share that is never held against anybody
SUSPICIOUS: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Answer:
    """What a version said of a mail that it had not learnt."""

    topic: str
    confidence: float
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GateMail:
    """A labelled mail that judges both versions."""

    id: str
    topic: str
    language: str
    is_frozen: bool
    author: str = ""  # of the label; "" for the corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Right answers of both versions on one group of mails, and on how many only one was right."""

    group: str
    mails: int
    champion_right: int
    candidate_right: int
    only_champion: int
    only_candidate: int

    @property
    def probability(self) -> float:
        """Probability of a fall at least as deep if the versions were equally good."""
        return sign_test(self.only_champion, self.only_champion + self.only_candidate)

    @property
    def fallen(self) -> float:
        """Share of the mails by which the candidate has fewer right answers; below 0 it has more."""
        return (self.champion_right - self.candidate_right) / self.mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the candidate may serve, why, and the figures behind it."""

    passes: bool
    reason: str
    comparisons: tuple[Comparison, ...]
    suspicious_authors: tuple[str, ...] = ()


def judge(
    mails: Sequence[GateMail], champion: Mapping[str, Answer], candidate: Mapping[str, Answer]
) -> Verdict:
    """Compare both versions on the mails that both have an answer for."""
    both = [mail for mail in mails if mail.id in champion and mail.id in candidate]
    groups: defaultdict[str, list[GateMail]] = defaultdict(list)
    for mail in both:
        groups["frozen set" if mail.is_frozen else "recent labels"].append(mail)
        groups[f"topic {mail.topic}"].append(mail)
        groups[f"language {mail.language}"].append(mail)
    compared = {name: _compare(name, part, champion, candidate) for name, part in sorted(groups.items())}
    falls = [_fall(one) for one in compared.values() if one.probability < RARE]
    frozen = compared.get("frozen set")
    if frozen is not None and (frozen.probability < UNLIKELY or frozen.fallen > MOST_FALLEN):
        falls.insert(0, _fall(frozen))
    authors = suspicious_authors(both, champion)
    reasons = [*dict.fromkeys(falls), *authors.values()]
    return Verdict(
        passes=not reasons,
        reason="; ".join(reasons) or _summary(compared),
        comparisons=tuple(compared.values()),
        suspicious_authors=tuple(authors),
    )


def sign_test(worse: int, differing: int) -> float:
    """Return the probability of at least `worse` of `differing` when both directions are as likely."""
    from scipy.stats import binom

    return float(binom.sf(worse - 1, differing, 0.5)) if differing else 1.0


def suspicious_authors(mails: Sequence[GateMail], answers: Mapping[str, Answer]) -> dict[str, str]:
    """Return whose labels contradict confident answers far more often than all others' do, and why."""
    from scipy.stats import binom

    asked: defaultdict[str, int] = defaultdict(int)
    contradicted: defaultdict[str, int] = defaultdict(int)
    for mail in mails:
        answer = answers[mail.id]
        if answer.confidence >= SURE_ANSWER:
            asked[mail.author] += 1
            contradicted[mail.author] += answer.topic != mail.topic
    found = {}
    for author in sorted(asked):
        others = sum(asked.values()) - asked[author]
        usual = (sum(contradicted.values()) - contradicted[author]) / others if others else 0.0
        chance = binom.sf(contradicted[author] - 1, asked[author], max(usual, USUAL_CONTRADICTIONS))
        if author and contradicted[author] >= LEAST_CONTRADICTIONS and chance < SUSPICIOUS:
            found[author] = (
                f"labels of {author} contradict {contradicted[author]} of {asked[author]} confident answers "
                f"(others {usual:.1%}): look at them before the model learns them"
            )
    return found


def _compare(
    name: str, mails: Sequence[GateMail], champion: Mapping[str, Answer], candidate: Mapping[str, Answer]
) -> Comparison:
    old = [champion[mail.id].topic == mail.topic for mail in mails]
    new = [candidate[mail.id].topic == mail.topic for mail in mails]
    return Comparison(
        group=name,
        mails=len(mails),
        champion_right=sum(old),
        candidate_right=sum(new),
        only_champion=sum(a and not b for a, b in zip(old, new, strict=True)),
        only_candidate=sum(b and not a for a, b in zip(old, new, strict=True)),
    )


def _fall(one: Comparison) -> str:
    before, after = one.champion_right / one.mails, one.candidate_right / one.mails
    return f"{one.group} fell from {before:.1%} to {after:.1%} of {one.mails} mails"


def _summary(compared: Mapping[str, Comparison]) -> str:
    parts = [
        f"{name} {one.candidate_right / one.mails:.1%}, was {one.champion_right / one.mails:.1%}"
        for name, one in compared.items()
        if name in {"frozen set", "recent labels"}
    ]
    return "no topic or language is significantly worse; " + "; ".join(parts)
