"""Settings of sellers: which address belongs to whom; one by one, or as a list with a report."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Form, Query, Request, UploadFile
from fastapi.responses import Response

from console.context import Console, console_of, visitor_of, words_for
from console.pages import back_to, render
from console.routes import page_router
from console.wording import Words
from models.seller_list import MARKETPLACES, LineFault, SellerList, read_binding, read_seller_list
from models.store.engine import Db
from models.store.sellers import ROLES, Binding, Bound, bind, binding_page, known_bindings, unbind
from models.store.ticket_life import audit

router = page_router()
PAGE_ROWS: Final = 100
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_TOLD: Final = 50
KEY: Final = "sellers"
Text = Annotated[str, Form(max_length=320)]


class _OnlyLookedError(Exception):
    """Leaves the transaction of a look, so that nothing of it stays."""


@router.get("/settings/sellers", name="sellers")
def sellers(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show bound addresses, all or those that are looked for."""
    return _page(request, wanted=q.strip().casefold(), after=after)


@router.post("/settings/sellers", name="bind_seller_address")
def bind_one(
    request: Request, seller_id: Text, address: Text, marketplace: Text = "unknown", role: Text = "unknown"
) -> Response:
    """Bind one address or domain; what it was bound to before stands in the audit log."""
    words = words_for(request)
    found = read_binding(seller_id, address, marketplace, role)
    if found.faults or len(found.bindings) != 1:
        fault = _said(found.faults[0], words) if found.faults else words("sellers.one_address")
        return _page(request, faults=[fault], status=422)
    console, login, now = console_of(request), visitor_of(request).login, console_of(request).desk.now()
    with console.store.write({KEY}) as db:
        _audit_moves(db, found.bindings, login, console)
        done = bind(db, found.bindings)
        audit(
            db, login, "bind", f"seller:{found.bindings[0].seller_id}", now, address=found.bindings[0].address
        )
    return back_to("/settings/sellers", "bound", n=done.tickets)


@router.post("/settings/sellers/unbind", name="unbind_seller_address")
def unbind_one(request: Request, address: Text) -> Response:
    """Forget to whom an address belongs; tickets keep their seller."""
    console, login = console_of(request), visitor_of(request).login
    with console.store.write({KEY}) as db:
        before = unbind(db, address)
        if before is not None:
            subject = f"seller:{before.seller_id}"
            audit(db, login, "unbind", subject, console.desk.now(), address=address, role=before.role)
    return back_to("/settings/sellers", "unbound")


@router.post("/settings/sellers/import", name="import_sellers")
def import_sellers(
    request: Request,
    file: UploadFile,
    replaces: Annotated[bool, Form()] = False,
    only_looks: Annotated[bool, Form()] = False,
) -> Response:
    """Read a list and say what it does; it counts as a whole or not at all."""
    words = words_for(request)
    octets = file.file.read(MOST_BYTES + 1)
    if len(octets) > MOST_BYTES:
        return _page(request, faults=[words("sellers.too_large", size=MOST_BYTES // 1024**2)], status=413)
    try:
        found = read_seller_list(octets.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _page(request, faults=[words("sellers.not_utf8")], status=422)
    faults = _faults(found, words)
    if not faults and not found.bindings:
        faults = [words("sellers.nothing_in_it")]
    if faults:
        return _page(request, faults=faults, status=422)
    moved, done = _bind_list(request, found.bindings, replaces=replaces, only_looks=only_looks)
    if moved and not replaces:
        return _page(
            request, faults=[words("sellers.would_move", n=len(moved)), *moved[:MOST_TOLD]], status=409
        )
    return _page(request, done=done, looked=only_looks)


def _bind_list(
    request: Request, bindings: tuple[Binding, ...], *, replaces: bool, only_looks: bool
) -> tuple[list[str], Bound]:
    """Bind a list; return the addresses that change their seller, and what was or would be done."""
    console, login = console_of(request), visitor_of(request).login
    moved: list[str] = []
    done = Bound()
    try:
        with console.store.write({KEY}) as db:
            known = known_bindings(db, [binding.address for binding in bindings])
            moved = [
                f"{one.address}: {known[one.address].seller_id} → {one.seller_id}"
                for one in bindings
                if one.address in known and known[one.address].seller_id != one.seller_id
            ]
            if moved and not replaces:
                return moved, done
            _audit_moves(db, bindings, login, console)
            done = bind(db, bindings)
            _leave_if(only_looks)
            figures = {"added": done.added, "changed": done.changed, "tickets": done.tickets}
            audit(db, login, "import_sellers", "sellers", console.desk.now(), **figures)
    except _OnlyLookedError:
        pass
    return moved, done


def _leave_if(only_looks: bool) -> None:
    if only_looks:
        raise _OnlyLookedError


def _audit_moves(db: Db, bindings: tuple[Binding, ...], login: str, console: Console) -> None:
    known = known_bindings(db, [binding.address for binding in bindings])
    for one in bindings:
        before = known.get(one.address)
        if before is not None and before.seller_id != one.seller_id:
            subject, now = f"seller:{before.seller_id}", console.desk.now()
            audit(db, login, "unbind", subject, now, address=one.address, role=before.role)


def _faults(found: SellerList, words: Words) -> list[str]:
    if found.lacking:
        return [words("sellers.lacks", columns=", ".join(found.lacking))]
    said = [f"{words('sellers.line', line=fault.line)}: {_said(fault, words)}" for fault in found.faults]
    if len(said) > MOST_TOLD:
        return [*said[:MOST_TOLD], words("sellers.and_more", n=len(said) - MOST_TOLD)]
    return said


def _said(fault: LineFault, words: Words) -> str:
    return words(f"seller_fault.{fault.kind}", value=fault.value, other=fault.other)


def _page(
    request: Request,
    *,
    wanted: str = "",
    after: str = "",
    faults: list[str] | None = None,
    done: Bound | None = None,
    looked: bool = False,
    status: int = 200,
) -> Response:
    with console_of(request).store.read() as db:
        rows = binding_page(db, wanted, after=after, limit=PAGE_ROWS)
    more = ""
    if len(rows) == PAGE_ROWS:
        more = f"/settings/sellers?{urlencode({'q': wanted, 'after': rows[-1].address})}"
    return render(
        request,
        "sellers.html",
        page="settings",
        tab="sellers",
        status_code=status,
        rows=rows,
        wanted=wanted,
        more=more,
        faults=faults or [],
        done=done,
        looked=looked,
        roles=ROLES,
        marketplaces=MARKETPLACES,
    )
