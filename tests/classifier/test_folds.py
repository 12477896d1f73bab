"""Near-duplicates and siblings are never judged by a model that saw the other."""

from __future__ import annotations

from collections import Counter

from classifier.dataset import Example
from classifier.documents import Document
from classifier.folds import fold_numbers, group_names

LONG = (
    "Здравствуйте! Мы отправили поставку на склад в Казань, водитель простоял шесть часов, короб так и "
    "не приняли, акт не выдали. Просим найти короб и прислать акт о расхождении, номер поставки ниже."
)


def example(name: str, text: str, group: str = "", topic: str = "a") -> Example:
    return Example(id=name, document=Document(text=text, language="ru"), topic=topic, group=group or name)


def test_twins_are_one_group_and_strangers_are_not() -> None:
    names = group_names(
        [
            example("1", LONG + " 2000012345678"),
            example("2", "Добрый день. " + LONG + " 2000087654321 Спасибо"),
            example("3", "Не пришла выплата за октябрь, прошу прислать акт сверки и закрывающие документы"),
            example("4", "спасибо"),
            example("5", "спасибо"),
        ]
    )
    assert names[0] == names[1]
    assert len({names[0], names[2], names[3]}) == 3


def test_mails_of_one_ticket_stay_together_through_a_twin() -> None:
    names = group_names(
        [
            example("1", LONG, "ticket-7"),
            example("2", "да", "ticket-7"),
            example("3", LONG + " !", "ticket-9"),
        ]
    )
    assert len(set(names)) == 1


def test_folds_are_even_and_keep_groups(train_examples: list[Example]) -> None:
    some = train_examples[:600]
    numbers = fold_numbers(some, 5)
    assert max(Counter(numbers).values()) - min(Counter(numbers).values()) <= 40
    fold_of: dict[str, int] = {}
    for name, number in zip(group_names(some), numbers, strict=True):
        assert fold_of.setdefault(name, number) == number
    for topic in {one.topic for one in some}:
        per_fold = Counter(n for one, n in zip(some, numbers, strict=True) if one.topic == topic)
        assert len(per_fold) == 5
        assert max(per_fold.values()) - min(per_fold.values()) <= 6


def test_a_topic_with_two_mails_still_has_folds() -> None:
    examples = [example(str(i), f"текст номер {'а' * i}", topic="a") for i in range(20)]
    examples += [example("x", "другое письмо", topic="b"), example("y", "ещё другое", topic="b")]
    assert len(set(fold_numbers(examples, 5)[-2:])) == 2
