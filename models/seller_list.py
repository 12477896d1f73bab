"""Reading the list of sellers: which address belongs to which, as CSV (rule R59).

UTF-8 (a BOM is fine; comma, semicolon or tab) with the columns `seller_id`, `addresses` (several
separated by spaces or line breaks; `@shop.example` is a whole domain), and optionally `domains`
(`shop.example`; it makes nobody an administrator, rule R6), `marketplace` (ozon, wb) and `role`
(admin, employee, agency). In goes the text, out come bindings and every line at fault.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from models.store.sellers import ROLES, Binding

MOST_BINDINGS: Final = 200_000
MARKETPLACES: Final = ("ozon", "wb", "unknown")
_ADDRESS: Final = re.compile(r"[^\s@,;<>]{0,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SELLER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_BETWEEN: Final = re.compile(r"[\s,;|]+")
MOST_FIELD_CHARS: Final = 20_000  # a list of addresses in one cell
_ALIASES: Final = {
    "address": "addresses",
    "email": "addresses",
    "e-mail": "addresses",
    "domain": "domains",
    "seller": "seller_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """Why a line cannot be read: `kind` is a code, `value` what stands there."""

    line: int
    kind: str  # seller_id, role, marketplace, address, twice, too_many, unreadable
    value: str
    other: str = ""  # the seller that the address already stands with


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerList:
    """What a list says. Nothing of it counts unless `faults` and `lacking` are empty."""

    bindings: tuple[Binding, ...]
    faults: tuple[LineFault, ...] = ()
    lacking: tuple[str, ...] = ()  # columns that the header does not have


def read_seller_list(text: str) -> SellerList:
    """Read a list of sellers."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    # Line breaks stay: without them two addresses of one cell would be read as a third one.
    lines = io.StringIO(text, newline="")
    rows = csv.DictReader(lines, delimiter=max(",;\t", key=first.count))
    plain = {name: name.strip().casefold() for name in rows.fieldnames or []}
    names = {name: _ALIASES.get(word, word) for name, word in plain.items()}
    lacking = tuple(sorted({"seller_id", "addresses"} - set(names.values())))
    if lacking:
        return SellerList(bindings=(), lacking=lacking)
    faults: list[LineFault] = []
    found: dict[str, Binding] = {}
    try:
        for row in rows:
            given = {names[name]: (value or "").strip() for name, value in row.items() if name in names}
            longest = max(map(len, given.values()), default=0)
            if longest > MOST_FIELD_CHARS:
                told = f"a field of {longest} characters"
                faults.append(LineFault(line=rows.line_num, kind="unreadable", value=told))
                continue
            _add(found, _bindings(given, rows.line_num, faults), rows.line_num, faults)
            if len(found) > MOST_BINDINGS:
                faults.append(LineFault(line=rows.line_num, kind="too_many", value=str(MOST_BINDINGS)))
                break
    except csv.Error as error:  # a field longer than the process lets its CSV files have
        faults.append(LineFault(line=rows.line_num, kind="unreadable", value=str(error)[:80]))
    return SellerList(bindings=tuple(found.values()), faults=tuple(faults))


def read_binding(seller_id: str, address: str, marketplace: str, role: str) -> SellerList:
    """Read one binding as a person types it; the same rules as for a line of a list."""
    faults: list[LineFault] = []
    given = {"seller_id": seller_id, "addresses": address, "marketplace": marketplace, "role": role}
    bindings = tuple(_bindings({name: value.strip() for name, value in given.items()}, 1, faults))
    return SellerList(bindings=bindings, faults=tuple(faults))


def _add(found: dict[str, Binding], bindings: Iterator[Binding], line: int, faults: list[LineFault]) -> None:
    for binding in bindings:
        earlier = found.setdefault(binding.address, binding)
        if earlier != binding:  # of two roles none may be chosen in silence (rule R6)
            told = earlier.seller_id
            if told == binding.seller_id:
                told += f" ({earlier.marketplace}, {earlier.role})"
            faults.append(LineFault(line=line, kind="twice", value=binding.address, other=told))


def _bindings(given: dict[str, str], line: int, faults: list[LineFault]) -> Iterator[Binding]:
    role = given.get("role", "").casefold() or "unknown"
    marketplace = given.get("marketplace", "").casefold() or "unknown"
    checks = (
        ("seller_id", given["seller_id"], bool(_SELLER.fullmatch(given["seller_id"]))),
        ("role", role, role in ROLES),
        ("marketplace", marketplace, marketplace in MARKETPLACES),
    )
    wrong = [
        LineFault(line=line, kind=kind, value=value[:80]) for kind, value, is_good in checks if not is_good
    ]
    if wrong:
        faults.extend(wrong)
        return
    addresses = _BETWEEN.split(given["addresses"].casefold())
    domains = filter(None, _BETWEEN.split(given.get("domains", "").casefold()))
    for address in filter(None, [*addresses, *("@" + domain.removeprefix("@") for domain in domains)]):
        if not _ADDRESS.fullmatch(address):
            faults.append(LineFault(line=line, kind="address", value=address[:80]))
            continue
        yield Binding(address=address, seller_id=given["seller_id"], marketplace=marketplace, role=role)
