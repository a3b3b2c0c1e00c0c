"""The gate before photos are read: it bounds how many come at a time, how large they are and how slow."""

from __future__ import annotations

import asyncio
import time

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ppgan_lite.errors import ImageError, PpganError
from ppgan_lite.serving.answers import CLIENT_GONE, error_answer, language_of
from ppgan_lite.serving.metrics import Metrics
from ppgan_lite.serving.workers import Workers

# A client that still sends when its connection is closed may not see the answer: so much is read and thrown away first.
_DRAINED_BYTES = 64_000_000
_DRAINED_S = 10.0


class Gate:
    """Wraps the application: a photo that cannot be taken is refused before it is uploaded.

    Args:
        app: The application.
        workers: Have the slots.
        metrics: Are told about each request.
        most_bytes: Of an upload.
        upload_timeout_s: How long one may take.
    """

    def __init__(
        self, app: ASGIApp, workers: Workers, metrics: Metrics, *, most_bytes: int, upload_timeout_s: float
    ) -> None:
        self._app = app
        self._workers = workers
        self._metrics = metrics
        self._most_bytes = most_bytes
        self._upload_timeout_s = upload_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = _Upload(receive, self._most_bytes, self._upload_timeout_s)
        status = CLIENT_GONE

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = CLIENT_GONE if upload.is_abandoned else message["status"]
                if scope["method"] == "POST" and not (upload.expects_permission(scope) or upload.is_complete):
                    await upload.drain()
            await send(message)

        try:
            if scope["method"] == "POST":
                await self._admit(scope, upload, answer)
            else:
                await self._app(scope, receive, answer)
        except Exception:
            status = 500  # answered further out
            raise
        finally:
            self._metrics.count(scope["path"], status)

    async def _admit(self, scope: Scope, upload: _Upload, answer: Send) -> None:
        request = Request(scope)
        try:
            upload.check(int(request.headers.get("content-length") or 0))
            with self._workers.slot():
                await self._app(scope, upload.receive, answer)
        except PpganError as error:
            await error_answer(error, language_of(request))(scope, upload.receive, answer)


class _Upload:
    """The body of a request while it comes in.

    Attributes:
        is_complete: Whether all of it was received.
        is_abandoned: Whether the client went away before.
    """

    def __init__(self, receive: Receive, most_bytes: int, timeout_s: float) -> None:
        self.is_complete = False
        self.is_abandoned = False
        self._receive = receive
        self._most_bytes = most_bytes
        self._timeout_s = timeout_s
        self._ends = time.monotonic() + timeout_s
        self._bytes = 0

    async def receive(self) -> Message:
        """Return the next part; the errors that it raises are those that the application passes on."""
        if self.is_complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(self._ends - time.monotonic(), 0.001))
        except asyncio.TimeoutError:
            found = f"was not complete after {self._timeout_s:g} s"
            error = PpganError("upload", found, code="upload_too_slow", values={"seconds": f"{self._timeout_s:g}"})
            raise HTTPException(408, error) from None
        try:
            self._note(message)
        except ImageError as error:
            raise HTTPException(413, error) from None
        return message

    def check(self, size: int) -> None:
        """Refuse an upload of a size.

        Raises:
            ImageError: It is too large.
        """
        if size > self._most_bytes:
            most = f"{self._most_bytes / 1e6:g}"
            found, values = f"has more than {most} MB", {"most": most}
            remedy = "Scale it down, or save it as JPEG"
            raise ImageError("upload", found, remedy=remedy, code="upload_too_large", values=values)

    def expects_permission(self, scope: Scope) -> bool:
        """Return whether the client waits for "100 Continue", which it has not got, and so sends nothing."""
        return not self._bytes and (b"expect", b"100-continue") in scope["headers"]

    async def drain(self) -> None:
        """Throw the rest away, as far as it comes soon."""
        ends, most = time.monotonic() + min(_DRAINED_S, self._timeout_s), self._bytes + _DRAINED_BYTES
        while not self.is_complete and not self.is_abandoned and self._bytes < most:
            try:
                message = await asyncio.wait_for(self._receive(), max(ends - time.monotonic(), 0.001))
            except asyncio.TimeoutError:
                return
            self._note(message, is_wanted=False)

    def _note(self, message: Message, *, is_wanted: bool = True) -> None:
        self.is_abandoned = message["type"] == "http.disconnect"
        self.is_complete = not self.is_abandoned and not message.get("more_body", False)
        self._bytes += len(message.get("body", b""))
        if is_wanted:
            self.check(self._bytes)
