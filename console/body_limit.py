"""A bound on what a form may carry: it is read before anybody knows who sends it.

Forms and files are parsed before the gate looks at the session, so an endless upload by a stranger
must end early. The API has a bound of its own (`console.api_guard`).
"""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES: Final = 8 * 1024 * 1024  # twice the largest list of sellers


class BodyLimit:
    """ASGI middleware: a body that grows beyond MAX_BODY_BYTES ends with status 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; count its body as it comes, whatever its headers promise."""
        left = MAX_BODY_BYTES

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)
