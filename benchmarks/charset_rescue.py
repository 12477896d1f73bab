"""How often a text is read exactly when its charset is not declared, or declared wrongly.

Texts of the training part of the bundled (synthetic) corpus are cut to 20, 60, 200 and 1,000
characters, written in each charset that sellers' clients produce, and read back without a
label and under foreign ones. A text counts when every character is right. Deterministic:
`python -m benchmarks.charset_rescue`; `--sample N` sets the texts per cell.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Final

from intake.charset import decode_text

CORPUS: Final = Path(__file__).parent.parent / "classifier" / "corpus" / "train.jsonl"
LENGTHS: Final = (20, 60, 200, 1000)
CODECS: Final = {
    "ru": ("utf-8", "cp1251", "koi8_r", "cp866", "iso8859-5", "mac_cyrillic", "utf-16-le"),
    "zh": ("utf-8", "gb18030", "big5", "utf-16-le"),
    "en": ("utf-8", "cp1252"),
}
# What stands in the label where it is wrong: defaults of clients and gateways, and the neighbours.
WRONG: Final = ("utf-8", "us-ascii", "iso-8859-1", "windows-1251", "koi8-r", "gb2312")
_SAME: Final = {"cp1251": "windows-1251", "koi8_r": "koi8-r", "gb18030": "gb2312", "cp1252": "iso-8859-1"}


def texts(language: str, length: int, codec: str, count: int) -> list[str]:
    """Texts of a language cut to a length, with letters of their own and all writable in the codec."""
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    source = random.Random(f"{language}{length}{codec}")
    bodies = [row["body"] for row in rows if row["lang"] == language]
    source.shuffle(bodies)
    found: list[str] = []
    for body in bodies:
        at = source.randrange(max(1, len(body) - length))
        text = body[at : at + length].encode(codec, "ignore").decode(codec)
        text = " ".join(text.split())
        if not text.isascii() and len(text) >= length * 0.7:
            found.append(text)
        if len(found) == count:
            break
    return found


def right(samples: list[str], codec: str, label: str) -> int:
    """How many of the samples come back whole."""
    return sum(decode_text(text.encode(codec), label).text == text for text in samples)


def main() -> None:
    """Print one row per charset and condition."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=40, help="texts per cell")
    options = parser.parse_args()
    print("| language | charset | label | " + " | ".join(map(str, LENGTHS)) + " |")
    print("|---|---|---|" + "---|" * len(LENGTHS))
    for language, codecs in CODECS.items():
        for codec in codecs:
            for name, labels in (("none", ("",)), ("wrong", WRONG)):
                foreign = [label for label in labels if label not in {codec, _SAME.get(codec)}]
                cells = []
                for length in LENGTHS:
                    samples = texts(language, length, codec, options.sample)
                    total = len(samples) * len(foreign)
                    hits = sum(right(samples, codec, label) for label in foreign)
                    cells.append(f"{100 * hits / total:.1f}" if total else "-")
                print(f"| {language} | {codec} | {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
