"""Headers that keep a browser from doing more with an answer than it is meant for."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The page loads nothing from elsewhere. Swagger's page of the API has its start within itself.
_ONLY_OURS = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_WITH_ITS_OWN_SCRIPT = "; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"


class SafeHeaders:
    """Wraps the application and adds the headers to each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = _ONLY_OURS + (_WITH_ITS_OWN_SCRIPT if scope["path"] == "/docs" else "")
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, answer)
