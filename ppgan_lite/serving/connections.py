"""Connections whose clients neither ask nor read are closed: each is one of a bounded number."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_LOOK_S = 10.0  # between two looks at a connection
_LEAST_BYTES = 20_000  # of an answer that a client must take between two looks


class WatchedConnection(H11Protocol):
    """A connection that is looked at now and then.

    It is closed where no whole head of a request has come since the last look, or where too little of an answer was
    taken. Uploads have a time of their own; see `gate`.
    """

    _timer: asyncio.TimerHandle | None = None
    _seen: tuple[Any, int] = (None, 0)  # at the last look: the last request, and the bytes of its answer still here

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(_LOOK_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        left = self.transport.get_write_buffer_size()
        (request, before), self._seen = self._seen, (self.cycle, left)
        if request is self.cycle and (
            before - left < _LEAST_BYTES if min(before, left) else not left and self.conn.their_state is h11.IDLE
        ):
            self.transport.abort()
            return
        self._timer = self.loop.call_later(_LOOK_S, self._look)
