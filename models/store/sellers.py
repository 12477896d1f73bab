"""Which address belongs to which seller: bound by import or by an operator, never by a mail's own words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.engine import Connection

from models.store.read_once import forget, read_once
from models.store.schema import MAILBOX, SELLER_ADDRESS, TICKET
from models.topics import Status

ROLES = ("admin", "employee", "agency", "unknown")
_CHUNK = 500
_BINDINGS = select(SELLER_ADDRESS).where(  # built once, as the next: they run for every mail
    SELLER_ADDRESS.c.address.in_(bindparam("addresses", expanding=True))
)
_ADDRESSES_OF = (
    select(SELLER_ADDRESS.c.address)
    .where(SELLER_ADDRESS.c.seller_id.in_(bindparam("sellers", expanding=True)))
    .limit(100)
)
_KNOWN_SELLERS = (
    select(SELLER_ADDRESS.c.seller_id)
    .distinct()
    .where(SELLER_ADDRESS.c.seller_id.in_(bindparam("sellers", expanding=True)))
)
_OF_MAILBOX = select(MAILBOX.c.marketplace).where(MAILBOX.c.address == bindparam("mailbox"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One address (`name@shop.example`) or whole domain (`@shop.example`) of a seller."""

    address: str
    seller_id: str
    marketplace: str = "unknown"
    role: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What binding did."""

    added: int = 0
    changed: int = 0
    same: int = 0
    tickets: int = 0  # open tickets that now know their seller


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who wrote a mail, and who reads the answer to it."""

    address: str
    reply_address: str = ""
    is_forged: bool = False  # its authentication failed


def known_bindings(db: Connection, addresses: Sequence[str]) -> dict[str, Binding]:
    """Return the bindings in force of some addresses."""
    found: dict[str, Binding] = {}
    for start in range(0, len(addresses), _CHUNK):
        rows = db.execute(_BINDINGS, {"addresses": addresses[start : start + _CHUNK]})
        found |= {row["address"]: Binding(**row) for row in rows.mappings()}
    return found


def bind(db: Connection, bindings: Sequence[Binding]) -> Bound:
    """Bind addresses to sellers, the newest word standing; open tickets of theirs learn their seller."""
    known = known_bindings(db, [binding.address for binding in bindings])
    added = changed = tickets = 0
    for binding in bindings:
        before = known.get(binding.address)
        if before == binding:
            continue
        values = {
            "seller_id": binding.seller_id,
            "marketplace": binding.marketplace,
            "role": binding.role,
        }
        if before is None:
            db.execute(insert(SELLER_ADDRESS).values(address=binding.address, **values))
            added += 1
        else:
            db.execute(
                update(SELLER_ADDRESS).where(SELLER_ADDRESS.c.address == binding.address).values(values)
            )
            changed += 1
        tickets += _bind_tickets(db, binding)
    forget(db)
    return Bound(added=added, changed=changed, same=len(bindings) - added - changed, tickets=tickets)


def all_bindings(db: Connection, *, seller_id: str = "") -> list[Binding]:
    """List the bindings, by seller and address."""
    query = select(SELLER_ADDRESS).order_by(SELLER_ADDRESS.c.seller_id, SELLER_ADDRESS.c.address)
    if seller_id:
        query = query.where(SELLER_ADDRESS.c.seller_id == seller_id)
    return [Binding(**row) for row in db.execute(query).mappings()]


def binding_page(db: Connection, wanted: str, *, after: str = "", limit: int = 100) -> list[Binding]:
    """Return bindings of a seller, or whose address begins with or is of the domain `wanted`, by address."""
    query = select(SELLER_ADDRESS).order_by(SELLER_ADDRESS.c.address).limit(limit)
    if wanted:
        address = SELLER_ADDRESS.c.address
        begins = address.startswith(wanted, autoescape=True)
        query = query.where(
            or_(SELLER_ADDRESS.c.seller_id == wanted, begins, address.endswith(wanted, autoescape=True))
        )
    if after:
        query = query.where(SELLER_ADDRESS.c.address > after)
    return [Binding(**row) for row in db.execute(query).mappings()]


def unbind(db: Connection, address: str) -> Binding | None:
    """Forget to whom an address belongs; return the binding that was, None without one."""
    before = known_bindings(db, [address]).get(address)
    db.execute(delete(SELLER_ADDRESS).where(SELLER_ADDRESS.c.address == address))
    forget(db)
    return before


def bindings_of(db: Connection, address: str) -> tuple[Binding, ...]:
    """Return what an address is bound to, its own binding before its domain's; read once per transaction."""
    if not address:
        return ()
    names = (address, "@" + address.rpartition("@")[2])
    found = read_once(db, ("binding", address), lambda: known_bindings(db, names))
    return tuple(found[name] for name in names if name in found)


def learn_bindings(db: Connection, addresses: Collection[str]) -> None:
    """Read the bindings of all senders of a batch at once; `bindings_of` then knows them already."""
    pairs = {address: "@" + address.rpartition("@")[2] for address in addresses if address}
    found = known_bindings(db, sorted({*pairs, *pairs.values()}))
    for address, domain in pairs.items():
        both = {name: found[name] for name in (address, domain) if name in found}
        read_once(db, ("binding", address), partial(dict, both))


def learn_sellers(db: Connection, sellers: Collection[str]) -> None:
    """Ask once which of the sellers that a batch names are bound to any address: most are not."""
    wanted = sorted(sellers)
    known: set[str] = set()
    for start in range(0, len(wanted), _CHUNK):
        known |= set(db.scalars(_KNOWN_SELLERS, {"sellers": wanted[start : start + _CHUNK]}))
    for seller in wanted:
        read_once(db, ("bound", seller), partial(bool, seller in known))


def bound_seller(db: Connection, address: str) -> str:
    """Return the seller to whom an address, or else its domain, was bound; "" if none."""
    return next((binding.seller_id for binding in bindings_of(db, address) if binding.seller_id), "")


def known_marketplace(db: Connection, address: str, mailbox: str) -> str:
    """Return the marketplace of a bound address or domain, or else of the mailbox (R13), or "unknown"."""
    found = (binding.marketplace for binding in bindings_of(db, address))
    bound = next((marketplace for marketplace in found if marketplace != "unknown"), "")
    given = {"mailbox": mailbox}
    return bound or read_once(db, ("mailbox", mailbox), lambda: db.scalar(_OF_MAILBOX, given)) or "unknown"


def role_of_sender(db: Connection, address: str, stated_sellers: Sequence[str]) -> str:
    """Return the role of a sender for the sellers that the ticket names: as bound, else "unknown".

    An administrator is a person, bound by the address and not by the domain, and one for the own account
    alone (rule R6): beside another seller the role is not known. Whoever speaks for a seller that is known
    under addresses of other domains only is an "agency" (rule R59).
    """
    domain = "@" + address.rpartition("@")[2]
    role = next((binding.role for binding in bindings_of(db, address) if binding.role), "")
    if role == "admin" and not any(binding.address == address for binding in bindings_of(db, address)):
        role = ""
    own = bound_seller(db, address)
    others = [seller for seller in stated_sellers[:20] if seller != own]
    if role not in {"", "admin"} or not others:
        return role or "unknown"
    bound = [seller for seller in others if read_once(db, ("bound", seller), partial(bool, True))]
    known = db.scalars(_ADDRESSES_OF, {"sellers": bound}).all() if bound else ()
    is_foreign = bool(known) and all("@" + name.rpartition("@")[2] != domain for name in known)
    return "agency" if is_foreign else "unknown"


def role_of_mail(db: Connection, written_by: Writer, stated_sellers: Sequence[str]) -> str:
    """Return the role of whoever reads the answer to a mail: an administrator only when that is sure (R6).

    A sender whose checks failed may be anybody (design 7), and so may the reader of an answer that goes
    to another address than the sender's, unless that one is an administrator's too.
    """
    if written_by.is_forged:
        return "unknown"
    role = role_of_sender(db, written_by.address, stated_sellers)
    if role != "admin" or written_by.reply_address in {"", written_by.address}:
        return role
    reader = role_of_sender(db, written_by.reply_address, stated_sellers)
    same = bound_seller(db, written_by.reply_address) == bound_seller(db, written_by.address)
    return "unknown" if reader == "admin" and not same else reader


def _bind_tickets(db: Connection, binding: Binding) -> int:
    """Tell open tickets of one address their seller; a whole domain counts for mails to come only."""
    if binding.address.startswith("@"):
        return 0
    result = db.execute(
        update(TICKET)
        .where(
            TICKET.c.requester == binding.address,
            TICKET.c.seller_id == "",
            TICKET.c.status != str(Status.CLOSED),
        )
        .values(seller_id=binding.seller_id)
    )
    return int(result.rowcount)
