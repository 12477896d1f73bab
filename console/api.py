"""The JSON API under `/api/v1`: an application of its own inside the console's, with its own gate.

Its description is OpenAPI 3.1 at `/api/v1/openapi.json`; there is no page that would load scripts from
elsewhere to show it.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI, Request

from console import api_mails, api_tickets
from console.api_faults import KINDS, MEDIA_TYPE, add_handlers
from console.api_rate import TokenBuckets
from console.api_scopes import FREE, ROUTE_SCOPES
from console.context import Console
from console.routes import api_router, take_routes
from models.store.api_tokens import SCOPES

API_PATH: Final = "/api/v1"
_ANSWERS: Final = {
    "get": (400, 401, 403, 404, 422, 429, 503),
    "post": (400, 401, 403, 404, 409, 413, 422, 429, 503),
    "put": (400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 503),
}
router = api_router()


@router.get("/problems", name="list_problems", tags=["description"])
def list_problems() -> dict[str, str]:
    """List the kinds of problems that `type` of an error names, after the `#`."""
    return {name: f"{kind.status} {kind.title}" for name, kind in KINDS.items()}


@router.get("/openapi.json", name="api_description", include_in_schema=False)
def api_description(request: Request) -> dict[str, Any]:
    """Return the description of this API."""
    app: FastAPI = request.app
    return app.openapi()


def create_api(console: Console) -> FastAPI:
    """Make the API over a store and a desk, to be mounted at `API_PATH`."""
    app = ApiApplication(
        title="Razbor",
        version="1",
        description="Tickets of marketplace sellers: docs/api.md tells the contract with examples.",
        servers=[{"url": API_PATH}],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.console = console
    app.state.buckets = TokenBuckets(console.options.api_requests_per_minute)
    take_routes(app, api_tickets.router, api_mails.router, router)
    add_handlers(app)
    return app


class ApiApplication(FastAPI):
    """Describes itself with scopes and problems, as every route has them."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI description, made once."""
        if not self.openapi_schema:
            self.openapi_schema = _described(super().openapi())
        return self.openapi_schema


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    components = schema.setdefault("components", {})
    shapes = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        shapes.pop(unused, None)
    shapes["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "; ".join(_told_scopes())}
    }
    for path in schema["paths"].values():
        for method, operation in path.items():
            _describe(method, operation)
    return schema


def _describe(method: str, operation: dict[str, Any]) -> None:
    scope = ROUTE_SCOPES[operation["operationId"]]
    has_parameters = bool(operation.get("parameters")) or "requestBody" in operation
    operation["responses"].pop("422", None)
    if scope == FREE:
        operation["security"] = []
        return
    operation["security"] = [{"token": [scope]}]
    for status in _ANSWERS[method]:
        if has_parameters or status not in {404, 422}:
            operation["responses"][str(status)] = _problem_answer(status)
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "if-match":
            parameter["required"] = True  # its absence has an answer of its own (428), not the one of a field
            parameter["schema"] = {"type": "string", "maxLength": 1000}
    if operation["operationId"] == "get_ticket":
        operation["responses"]["304"] = {"description": "The ticket is what If-None-Match names"}


def _problem_answer(status: int) -> dict[str, Any]:
    titles = [kind.title for kind in KINDS.values() if kind.status == status]
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": "; ".join(titles), "content": {MEDIA_TYPE: shape}}


def _told_scopes() -> list[str]:
    return [f"{scope}: {meaning}" for scope, meaning in SCOPES.items()]


_TEXT: Final = {"type": "string"}
_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": _TEXT, "message": _TEXT},
                "required": ["where", "message"],
            },
        },
    },
    "required": ["type", "title", "status"],
}
