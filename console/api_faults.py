"""Errors of the JSON API as problem details (RFC 9457, application/problem+json).

`type` is a reference to `GET /api/v1/problems`, where this table can be read. No answer repeats what
was sent: it may hold a seller's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from console.desk import DeskRefusalError
from models.store import DATABASE_ERRORS

MEDIA_TYPE: Final = "application/problem+json"
PROBLEMS_PATH: Final = "/api/v1/problems"
MOST_ERRORS: Final = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status and what it means."""

    status: int
    title: str


KINDS: Final[dict[str, Kind]] = {
    "bad-request": Kind(400, "The request cannot be read"),
    "no-token": Kind(401, "A token in force is needed"),
    "no-scope": Kind(403, "The token may not do this"),
    "not-found": Kind(404, "There is no such thing, or the token does not see it"),
    "no-method": Kind(405, "The method is not one of this resource"),
    "refused": Kind(409, "The rules of the desk do not allow this"),
    "same-key-at-work": Kind(409, "A request with this Idempotency-Key was begun, its answer is not known"),
    "changed-meanwhile": Kind(412, "The resource is no longer what If-Match says"),
    "too-large": Kind(413, "The body is too large"),
    "invalid": Kind(422, "A parameter or a field is not right"),
    "key-of-another": Kind(422, "The Idempotency-Key was used for another request"),
    "if-match-needed": Kind(428, "If-Match is needed for this change"),
    "too-many": Kind(429, "The token asks too often"),
    "fault": Kind(500, "Something went wrong here"),
    "unavailable": Kind(503, "The database cannot be used now"),
}
_BY_STATUS: Final = {
    400: "bad-request",
    404: "not-found",
    405: "no-method",
    413: "too-large",
}


class ApiError(Exception):
    """A problem of one of `KINDS`; `detail` tells what to do."""

    def __init__(self, kind: str, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers = kind, detail, dict(headers or {})


def problem(
    kind: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Make the answer of a problem."""
    known = KINDS[kind]
    body = {"type": f"{PROBLEMS_PATH}#{kind}", "title": known.title, "status": known.status}
    if detail:
        body["detail"] = detail
    return JSONResponse(
        body | more, status_code=known.status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def add_handlers(app: FastAPI) -> None:
    """Answer every error of an application with a problem."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(DeskRefusalError, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _database_error)
    app.add_exception_handler(Exception, _fault)


def _api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class
    return problem(error.kind, error.detail, headers=error.headers)


def _refusal(_request: Request, error: Exception) -> Response:
    return problem("refused", str(error))


def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    errors = [
        {"where": "/".join(str(part) for part in item["loc"])[:200], "message": str(item["msg"])[:200]}
        for item in error.errors()[:MOST_ERRORS]
    ]
    return problem("invalid", "; ".join(f"{e['where']}: {e['message']}" for e in errors[:3]), errors=errors)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    return problem(_BY_STATUS.get(error.status_code, "bad-request"), headers=error.headers)


def _database_error(_request: Request, error: Exception) -> Response:
    log.error("database", cause=type(error).__name__)
    return problem("unavailable", "try again in a moment", headers={"Retry-After": "5"})


def _fault(_request: Request, _error: Exception) -> Response:
    return problem("fault", "the log of the console tells what it was")
