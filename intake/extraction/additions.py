"""Marketplaces, carriers and shapes of identifiers that are added by one data file each, without code.

Every `data/added_*.toml` is read beside the files that ship, and `add` takes one from elsewhere before the
first mail is read. What it may hold stands in docs/adding-an-identifier.md: `[marketplace.NAME]`,
`[[shape]]`, `[words.TYPE]`, `[[link]]`, `[subtypes.TYPE]`. Its shapes and links are tried before the shipped
ones.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

ENTITY_TYPES: Final = frozenset(
    {
        "seller_id", "order_number", "sku", "article", "barcode", "marking_code", "supply_number",
        "tracking_number", "document_number", "claim_number", "campaign_id", "pickup_point_id",
        "feedback_id", "tax_id", "none",
    }
)  # fmt: skip
_TABLES: Final = frozenset({"marketplace", "shape", "words", "link", "subtypes"})
_outside: list[Traversable] = []


def add(path: Traversable) -> None:
    """Read the data file `path` too. To be called before the first mail is read: vocabularies are built once.

    Raises ValueError, with the remedy, when the file holds what no data file may hold.
    """
    _checked(path)
    _outside.append(path)
    added_tables.cache_clear()


@cache
def added_tables() -> tuple[dict[str, Any], ...]:
    """Return the contents of all added files, in the order of their names."""
    inside = [
        path for path in (files("intake.extraction") / "data").iterdir() if path.name.startswith("added_")
    ]
    return tuple(_checked(path) for path in (*sorted(inside, key=lambda path: path.name), *_outside))


def added_words() -> list[dict[str, Any]]:
    """Return the `words` tables of all added files, in the form of `words_<language>.toml`."""
    return [table["words"] for table in added_tables() if "words" in table]


def merged(name: str, shipped: dict[str, Any]) -> dict[str, Any]:
    """Return the data file `name` with what the added files say of it."""
    added = added_tables() if name in ("shapes.toml", "marketplaces.toml", "subtypes.toml") else ()
    for table in added:
        if name == "shapes.toml":
            shipped = shipped | {"shape": [*table.get("shape", ()), *shipped["shape"]]}
        elif name == "marketplaces.toml":
            links = [*table.get("link", ()), *shipped["link"]]
            shipped = shipped | table.get("marketplace", {}) | {"link": links}
        else:
            own = table.get("subtypes", {})
            shipped = shipped | {kind: own[kind] | shipped.get(kind, {}) for kind in own}
    return shipped


def _checked(path: Traversable) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is no TOML file in UTF-8: {error}") from error
    if unknown := table.keys() - _TABLES:
        raise ValueError(f"{path.name}: unknown tables {sorted(unknown)}; known are {sorted(_TABLES)}")
    roles = [role for row in table.get("shape", ()) for role in row["roles"]]
    types = [*roles, *table.get("words", {}), *table.get("subtypes", {})]
    types += [row["type"] for row in table.get("link", ())]
    if wrong := {kind for kind in types if kind.partition(".")[0] not in ENTITY_TYPES}:
        raise ValueError(
            f"{path.name}: {sorted(wrong)} are no entity types; known are {sorted(ENTITY_TYPES)}"
        )
    for row in (*table.get("shape", ()), *table.get("link", ())):
        pattern = row["pattern" if "pattern" in row else "path"]
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{path.name}: {pattern!r} is no regular expression: {error}") from error
    return table
