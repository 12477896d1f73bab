"""What a trained model answers: equal to the pipeline, explained exactly, whatever the text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.dataset import Example
from classifier.documents import Document
from classifier.explain import contributions
from classifier.material import prepare
from classifier.members import scores_of
from classifier.model import Model
from classifier.network import LINEAR_SHARPNESS, log_softmax
from classifier.train import TrainedModel
from models.topics import OTHER, SLUGS, SPAM
from tests.example_counts import examples


@pytest.fixture(scope="session")
def model(trained: TrainedModel) -> Model:
    return trained.model


def test_the_served_scores_are_the_pipelines(
    few_examples: list[Example],
    small_material: Callable[[pytest.MonkeyPatch], None],
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fit is done again by scikit-learn alone; serving must agree as far as single precision goes."""
    from classifier.pipeline import make_pipeline  # loads scikit-learn: not in every process that collects

    small_material(monkeypatch)
    material = prepare(few_examples, lambda _share, _stage: None)
    pipeline = make_pipeline(material.tokens)
    pipeline.fit(material.counts, material.labels, machine__sample_weight=material.sample_weights)
    expected = scores_of(pipeline, material.counts[:200], len(model.topics))
    served = model.score([example.document for example in material.mails[:200]]).linear
    assert np.abs(served - expected[: len(served)]).max() < 1e-5


def test_reasons_add_up_to_the_score(few_examples: list[Example], model: Model) -> None:
    """Characters, tokens without a place and constants together are the differences between the topics."""
    assert model.network is not None
    share, tokens = model.network_share, list(model.space.vocabulary)
    for example in few_examples[::40]:
        scored = model.score([example.document], with_places=True)
        weights = model.pulls(scored, 0, list(range(len(model.topics))))
        reading = model.reader.reading(scored.readings, 0, example.document)
        by_character = contributions(reading, scored.values, weights).sum(axis=1)
        beside = [place for place, column in enumerate(reading.columns) if tokens[column][0] == "@"]
        unplaced = scored.values[beside] @ weights[beside]
        on = model.network.outer * (scored.hidden[0] > 0)[:, None]
        constant = (1 - share) * LINEAR_SHARPNESS * model.intercepts + share * (
            model.network.inner_bias @ on + model.network.outer_bias
        )
        gathered = by_character + unplaced + constant
        assert gathered - gathered.max() == pytest.approx(scored.scores[0] - scored.scores.max(), abs=2e-3)


def test_the_served_network_is_the_trained_one(few_examples: list[Example], model: Model) -> None:
    """The hidden layer computed for all mails at once in single precision gives the served answers."""
    network = model.network
    assert network is not None
    for example in few_examples[::50]:
        scored = model.score([example.document])
        row = np.zeros(model.space.width)
        row[scored.readings.columns] = scored.values
        hidden = np.maximum(row @ network.inner.astype(np.float64) + network.inner_bias, 0)
        expected = log_softmax(hidden @ network.outer + network.outer_bias)
        mean = (1 - model.network_share) * log_softmax(LINEAR_SHARPNESS * scored.linear[0])
        assert scored.scores[0] == pytest.approx(mean + model.network_share * expected, abs=1e-3)


def test_reasons_name_words_of_the_mail_and_no_identifiers(model: Model) -> None:
    document = Document(
        subject="Штраф",
        text="Отмените штраф 5000 ₽ по заказу 0132960105-0001-1, пароль qwe123qwe@x.example, см. https://a.example/t",
        language="ru",
    )
    prediction = model.predict([document])[0]
    assert prediction.topic == "fines_appeals"
    reasons = [reason for reason in prediction.reasons if reason.topic == "fines_appeals"]
    assert reasons[0].text.startswith("штраф")
    assert [reason.weight for reason in reasons] == sorted((r.weight for r in reasons), reverse=True)
    for reason in prediction.reasons:
        assert reason.text in document.subject.lower() + "\n" + document.text.lower()
        assert not any(char.isdigit() for char in reason.text)
        assert "example" not in reason.text
    assert len({reason.topic for reason in prediction.reasons}) == 3


def test_chinese_reasons_are_phrases(model: Model) -> None:
    prediction = model.predict(
        [Document(subject="", text="司机在仓库门口进不去，系统里没有通行证", language="zh")]
    )[0]
    assert prediction.topic == "logistics_acceptance"
    assert any("通行证" in reason.text for reason in prediction.reasons)
    assert all(2 <= len(reason.text) <= 6 for reason in prediction.reasons)


def test_the_mailbox_is_a_hint_not_a_verdict(model: Model) -> None:
    def pull(mailbox: str, text: str) -> tuple[str, float]:
        prediction = model.predict([Document(text=text, mailbox=mailbox, language="ru")])[0]
        return prediction.topic, prediction.probabilities["pickup_points"]

    vague = "Здравствуйте, нужна помощь, ответьте пожалуйста"
    assert pull("sales-pvz@market.example", vague)[1] > pull("help@market.example", vague)[1]
    money = "Не пришла выплата за период 1-15 ноября, нужен акт сверки и закрывающие документы"
    assert pull("sales-pvz@market.example", money)[0] == "finance_documents"


@given(st.text(max_size=400), st.text(max_size=60), st.sampled_from(["ru", "zh", "en", "unknown", ""]))
@settings(max_examples=examples(50), deadline=None)
def test_any_text_gets_a_whole_answer(model: Model, text: str, subject: str, language: str) -> None:
    prediction = model.predict([Document(subject=subject, text=text, language=language)])[0]
    assert set(prediction.probabilities) == set(SLUGS)
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0)
    assert max(prediction.probabilities, key=lambda slug: prediction.probabilities[slug]) == prediction.topic
    assert prediction.probabilities[prediction.topic] == pytest.approx(prediction.confidence, abs=1e-6)
    assert 0 <= prediction.spam_probability <= 1
    assert 0 < prediction.threshold <= 1


def test_nothing_at_all_is_never_sure(model: Model) -> None:
    prediction = model.predict([Document()])[0]
    assert not prediction.sure
    assert prediction.reasons == ()


def test_spam_has_a_bar_of_its_own(model: Model) -> None:
    text = (
        "Уважаемый продавец! Ваш магазин будет заблокирован через 24 часа. Перейдите по ссылке "
        "http://ozon-check.example/login и отправьте код из СМС. Служба безопасности."
    )
    prediction = model.predict([Document(subject="Последнее предупреждение", text=text, language="ru")])[0]
    assert prediction.topic == SPAM
    assert prediction.threshold == min(model.thresholds.spam, 1.0)
    assert prediction.sure == (prediction.spam_probability >= model.thresholds.spam)
    genuine = model.predict([Document(text="Спасибо, вопрос решён, всё хорошо", language="ru")])[0]
    assert genuine.topic == OTHER
    assert genuine.spam_probability < 0.2


def test_predictions_do_not_depend_on_their_batch(few_examples: list[Example], model: Model) -> None:
    documents = [example.document for example in few_examples[:30]]
    alone = [model.predict([document])[0] for document in documents]
    for one, many in zip(alone, model.predict(documents), strict=True):
        assert many == replace(
            one,
            confidence=pytest.approx(one.confidence, abs=1e-12),
            spam_probability=pytest.approx(one.spam_probability, abs=1e-12),
            probabilities=pytest.approx(one.probabilities, abs=1e-9),
        )
    assert model.predict([]) == []


def test_another_threshold_set_can_be_put_in_force(model: Model) -> None:
    stricter = model.with_thresholds(type(model.thresholds)(0.999, {"ru": 1.01, "zh": 1.01, "en": 1.01}))
    document = Document(text="Отмените штраф за просрочку отгрузки, подаём апелляцию", language="ru")
    assert not stricter.predict([document])[0].sure
    assert stricter.predict([document])[0].threshold_set != model.predict([document])[0].threshold_set
