"""A typical request is kept away from the mail it may have been written after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from classifier.dataset import Example, phrase_examples
from classifier.kin import NOBODY, nearest_mails
from classifier.material import Material, prepare
from classifier.train import cross_fit


@pytest.fixture
def material(few_examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> Material:
    """Some mails, and as requests: the words of some of them, and a few others."""
    mails = few_examples[::8]
    copies = [
        replace(mail, id=f"phrase-{mail.id}", source="phrase", document=replace(mail.document, mailbox=""))
        for mail in mails[:12]
    ]
    monkeypatch.setattr("classifier.material.phrase_examples", lambda: copies + phrase_examples()[::400])
    monkeypatch.setattr("classifier.material.letter_examples", list)
    monkeypatch.setattr("classifier.network.EPOCHS", 1)
    return prepare(mails, lambda _share, _stage: None)


def test_a_request_in_the_words_of_a_mail_is_its_kin(material: Material) -> None:
    kin = nearest_mails(material)
    for phrase, row in zip(material.phrases, kin, strict=True):
        if row == NOBODY:
            continue
        assert material.mails[row].topic == phrase.topic
        if phrase.id.removeprefix("phrase-") in {mail.id for mail in material.mails}:
            assert material.mails[row].id == phrase.id.removeprefix("phrase-")


def test_of_letters_only_near_copies_are_kin(material: Material) -> None:
    """What is like a mail as a request may be is no kin as a letter; its own words are."""
    letters = replace(material, phrases=[replace(one, source="letter") for one in material.phrases])
    requests, written = nearest_mails(material), nearest_mails(letters)
    assert (written[requests == NOBODY] == NOBODY).all()
    assert 0 < (written != NOBODY).sum() < (requests != NOBODY).sum()


def test_labels_of_operators_are_no_kin(material: Material) -> None:
    labels = [replace(mail, source="label") for mail in material.mails]
    assert (nearest_mails(replace(material, mails=labels)) == NOBODY).all()


def test_no_mail_is_judged_by_a_request_in_its_own_words(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its copy at hand every mail would be known; without, some of twelve are not."""
    mails = len(material.mails)
    kept: list[np.ndarray] = []

    def remember(_material: Material, rows: np.ndarray, *, with_network: bool) -> object:
        kept.append(rows)
        raise _EnoughError(with_network)

    monkeypatch.setattr("classifier.train.fit_members", remember)
    with pytest.raises(_EnoughError):
        cross_fit(material, lambda _share, _stage: None)
    kin, taught = nearest_mails(material), set(kept[0].tolist())
    for place, row in enumerate(kin.tolist()):
        if row != NOBODY:
            assert (mails + place in taught) == (row in taught)
    assert any(row not in taught for row in kin.tolist() if row != NOBODY)


class _EnoughError(Exception):
    """The first fold has been seen."""
