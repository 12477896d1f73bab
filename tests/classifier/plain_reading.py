"""What a document counts, token by token and without arrays: the definition that the reader is held to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from classifier.concepts import Phrase, fits, lexicon
from classifier.documents import Document
from classifier.features import HAN_GRAMS, HAN_NEGATION_REACH, NEGATION_REACH, context_tokens
from classifier.masking import fold
from classifier.tokens import kind_of, number_kind, pieces, stem

Mention = tuple[str, bool]


def counted(document: Document) -> dict[str, float]:
    """Return the tokens of a document with their counts."""
    counts: Counter[str] = Counter(context_tokens(document))
    subject, text, quoted = (fold(part) for part in (document.subject, document.text, document.quoted))
    counts.update(_subject(subject))
    heading, body, history = (list(_clauses(part)) for part in (subject, text, quoted))
    if document.leans_on_quote:
        body, history = body + history, []
    shares: list[tuple[list[list[str]], float]] = [(heading + body, 1.0), (history, 0.5)]
    halves: Counter[str] = Counter()
    for clauses, share in shares:
        for clause in clauses:
            for token in _of_clause(clause):
                halves[token] += round(2 * share)
    for signs, share in ((subject, 1.0), (text, 1.0), (quoted, 1.0 if document.leans_on_quote else 0.5)):
        for piece in pieces(signs):
            if piece in {"!", "?"}:
                halves[f"={piece}"] += round(2 * share)
    for sign, clauses, weight in (("+", heading + body, 2), ("^", body[:2], 2), ("?", history, 1)):
        for concept, is_denied in (mention for clause in clauses for mention in _mentions(clause)):
            halves[f"{sign}{'!' if is_denied and sign != '?' else ''}{concept}"] += weight
    return {token: float(count) for token, count in counts.items()} | {
        token: counts[token] + count / 2 for token, count in halves.items()
    }


def _clauses(folded: str) -> Iterator[list[str]]:
    clause: list[str] = []
    for piece in pieces(folded):
        if kind_of(piece) != "stop":
            clause.append(piece)
        elif clause:
            yield clause
            clause = []
    if clause:
        yield clause


def _root(piece: str) -> str:
    kind = kind_of(piece)
    return {"word": stem, "number": number_kind}.get(kind, lambda _: kind)(piece)


def _of_clause(clause: list[str]) -> Iterator[str]:
    before = ""
    for piece in clause:
        if kind_of(piece) == "han":
            for size in range(1, HAN_GRAMS + 1):
                yield from (piece[at : at + size] for at in range(len(piece) - size + 1))
            before = ""
            continue
        yield f"={_root(piece)}"
        if kind_of(piece) == "word":
            padded = f" {piece} "
            for size in range(2, min(5, len(padded)) + 1):
                yield from (f"~{padded[at : at + size]}" for at in range(len(padded) - size + 1))
        if before:
            yield f"{before} {_root(piece)}"
        before = _root(piece)


def _subject(folded: str) -> Iterator[str]:
    for piece in pieces(folded):
        kind = kind_of(piece)
        if kind == "han":
            yield from (f"#{piece[at : at + size]}" for size in (2, 3) for at in range(len(piece) - size + 1))
        elif kind not in {"stop", "number"}:
            yield f"#{_root(piece)}"


def _mentions(clause: list[str]) -> Iterator[Mention]:
    table = lexicon()
    denied_until = -1
    for place, piece in enumerate(clause):
        if kind_of(piece) == "han":
            yield from _in_run(piece)
            continue
        is_word = kind_of(piece) == "word"
        is_short = kind_of(piece) == "number" and len(piece) <= 3
        text = piece if is_word or is_short else _root(piece)
        concepts, phrases = table.of_word(text, stem(text) if is_word else text)
        found = [*concepts, *(phrase[1] for phrase in phrases if _stands(phrase, clause[place + 1 :]))]
        yield from ((table.names[concept], place <= denied_until) for concept in found)
        if text in table.negations:
            denied_until = place + NEGATION_REACH


def _stands(phrase: Phrase, following: list[str]) -> bool:
    patterns = phrase[0]
    return len(following) >= len(patterns) and all(map(fits, patterns, following))


def _in_run(run: str) -> Iterator[Mention]:
    table = lexicon()
    for at in range(len(run)):
        before = run[max(0, at - HAN_NEGATION_REACH) : at]
        is_denied = any(word in before for word in table.han_negations)
        for size in range(1, table.longest_han + 1):
            if at + size <= len(run):
                for concept in table.han.get(run[at : at + size], ()):
                    yield table.names[concept], is_denied
