"""A third marketplace is one data file: read in a process of its own, it finds the identifiers of its table.

The file is the example of docs/adding-an-identifier.md; the table below is what that page asks for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from intake.extraction import additions

EXAMPLE = Path(__file__).parent / "added_kupimarket.toml"
# Language, text, entities as "type=value" (all of them), marketplace.
CASES: list[tuple[str, str, list[str], str]] = [
    ("ru", "заказ KM-1234567-89 отменился", ["order_number=KM-1234567-89"], "kupimarket"),
    ("ru", "заказ КМ-1234567-89 отменился", ["order_number=KM-1234567-89"], "kupimarket"),
    ("zh", "订单KM-1234567-89被取消", ["order_number=KM-1234567-89"], "kupimarket"),
    ("en", "order KM-1234567-89 was cancelled", ["order_number=KM-1234567-89"], "kupimarket"),
    ("ru", "код Купимаркета 600012345678 скрыт", ["sku=600012345678"], "kupimarket"),
    ("zh", "库皮编号600012345678", ["sku=600012345678"], "kupimarket"),
    ("en", "kupimarket batch 7654321 is lost", ["supply_number=7654321"], "kupimarket"),
    ("ru", "трек KE1234567890 не движется", ["tracking_number=KE1234567890"], "unknown"),
    ("en", "https://kupimarket.example/goods/600012345678", ["sku=600012345678"], "kupimarket"),
    # counter-examples, and what must stay as it was
    ("ru", "модель KM-12 и KM-1234567", [], "unknown"),
    ("ru", "ИНН 600012345678", ["tax_id=600012345678"], "unknown"),
    ("ru", "отправление Озон 0124861120-0199-1", ["order_number=0124861120-0199-1"], "ozon"),
]
_READ = """
import json, sys
from datetime import date
from pathlib import Path
from intake.extraction import additions
additions.add(Path(sys.argv[1]))
from intake.extraction import MailFields, extract
for language, text in json.load(sys.stdin):
    found = extract(
        MailFields("", text, "", ""), mail_date=date(2026, 11, 15), language=language, marketplace="unknown"
    )
    entities = [f"{e.type}={e.value}" for e in found.entities if e.type != "article"]
    print(json.dumps([entities, found.marketplace]))
"""


def test_one_data_file_makes_a_marketplace_known() -> None:
    asked = json.dumps([(language, text) for language, text, _, _ in CASES])
    answer = subprocess.run(
        [sys.executable, "-c", _READ, str(EXAMPLE)],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    wanted = [[entities, marketplace] for _, _, entities, marketplace in CASES]
    assert [*zip((text for _, text, _, _ in CASES), found, strict=True)] == [
        *zip((text for _, text, _, _ in CASES), wanted, strict=True)
    ]


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ('[[shape]]\nname = "x"\npattern = "[0-9]{5}"\nroles = { ordernumber = 1.0 }', "known are"),
        ('[[shape]]\nname = "x"\npattern = "[0-9"\nroles = { sku = 1.0 }', "no regular expression"),
        ("[carrier]\nname = 1", "unknown tables"),
        ("[words", "no TOML file"),
        ('[[link]]\nhost = "a"\npath = "("\ntype = "sku"\nsubtype = ""', "no regular expression"),
    ],
)
def test_a_wrong_data_file_is_refused_with_the_remedy(tmp_path: Path, content: str, remedy: str) -> None:
    path = tmp_path / "added_wrong.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=remedy):
        additions.add(path)


def test_the_page_shows_the_example_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "adding-an-identifier.md").read_text(encoding="utf-8")
    assert EXAMPLE.read_text(encoding="utf-8") in page
