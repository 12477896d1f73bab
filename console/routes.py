"""How routes come into the console's applications: each with its gate, and worked out once.

FastAPI's `include_router` works out every route anew for the application that includes it (parameters,
forms, validators), at the first request: a second of processor time at each start of the console, and
again for each application that a test makes. The gate therefore stands in the routers themselves,
and their routes are taken as they are; one without a gate is refused.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from console.api_guard import GuardedRoute
from console.guard import guard


def page_router() -> APIRouter:
    """Make a router whose routes stand behind the gate of the pages."""
    return APIRouter(dependencies=[Depends(guard)])


def api_router() -> APIRouter:
    """Make a router whose routes stand behind the gate of the JSON API."""
    return APIRouter(route_class=GuardedRoute, generate_unique_id_function=lambda route: route.name)


def take_routes(app: FastAPI, *routers: APIRouter) -> None:
    """Take the routes of routers into an application. Raises TypeError for a route without a gate."""
    for router in routers:
        for route in router.routes:
            if not _is_guarded(route):
                msg = f"{route} has no gate: make its router with page_router or api_router"
                raise TypeError(msg)
        app.router.routes.extend(router.routes)


def _is_guarded(route: BaseRoute) -> bool:
    if isinstance(route, GuardedRoute):
        return True
    return isinstance(route, APIRoute) and any(needed.dependency is guard for needed in route.dependencies)
