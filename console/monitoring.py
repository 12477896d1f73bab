"""What machines ask: `/healthz` (the process answers), `/readyz` (it can work) and `/metrics` (Prometheus).

`/healthz` and `/readyz` hold no figures and are open to everybody. `/metrics` wants the token of
RAZBOR_METRICS_TOKEN as a bearer token, or, where none is set, a client on this machine.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from console.context import Console, console_of
from console.routes import page_router
from models.store import DATABASE_ERRORS
from models.store.metrics import exposition, samples
from models.store.migrate import pending

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
router = page_router()


@router.get("/alive", name="alive")
@router.get("/healthz", name="alive")
async def alive() -> Response:
    """Say that this process answers."""
    return JSONResponse({"alive": True})


@router.get("/readyz", name="ready")
def ready(request: Request) -> Response:
    """Say whether the database answers and has this version's schema; 503 when not."""
    fault = _fault(console_of(request))
    return JSONResponse({"ready": not fault, "fault": fault}, status_code=503 if fault else 200)


def _fault(console: Console) -> str:
    try:
        behind = pending(console.store)
    except DATABASE_ERRORS:
        return "the database does not answer: run `razbor doctor`"
    return f"the schema is behind ({', '.join(behind)}): run `razbor migrate`" if behind else ""


@router.get("/metrics", name="metrics")
def metrics(request: Request) -> Response:
    """Give the figures that `docs/monitoring.md` lists, in the Prometheus text format."""
    console = console_of(request)
    if not _may_read(request, console.options.metrics_token):
        return PlainTextResponse(
            "Send the token of RAZBOR_METRICS_TOKEN as a bearer token; without that setting only this "
            "machine may read the figures.\n",
            status_code=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
    text = exposition(samples(console.store, console.desk.now(), relay=console.options.relay))
    return Response(text, media_type=CONTENT_TYPE)


def _may_read(request: Request, token: str) -> bool:
    if token:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if not {"x-forwarded-for", "forwarded"}.isdisjoint(request.headers):
        return False  # handed on by a proxy of this machine: it speaks for somebody else
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
