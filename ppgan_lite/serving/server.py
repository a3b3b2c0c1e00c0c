"""Serve an application until a signal comes, and finish what has begun."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from ppgan_lite.errors import UsageError
from ppgan_lite.serving.connections import WatchedConnection
from ppgan_lite.serving.service import Limits

_SPARE_S = 5
_CONNECTIONS = 512  # beyond these, clients are told to come again


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 takes one that is free.

    Raises:
        UsageError: The system refuses it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        remedy = "Choose another one with --port; 0 takes one that is free"
        raise UsageError(f"{host}:{port}", f"cannot be listened on ({why})", remedy=remedy) from error


def make_server(app: FastAPI, limits: Limits, started: Callable[[], None]) -> uvicorn.Server:
    """Return a server; its `run` takes a socket from `listen`, and closes that at the end.

    It runs until SIGINT or SIGTERM: photos that are there by then are finished, a second SIGINT ends at once.

    Args:
        app: The application.
        limits: Of the application.
        started: Called when the first request can come.
    """
    config = uvicorn.Config(
        app,
        http=WatchedConnection,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=math.ceil(2 * limits.timeout_s) + _SPARE_S,
    )
    return _Server(config, started)


class _Server(uvicorn.Server):
    """Ends without raising the signal again that ended it, which would be told as an interruption."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self.force_exit:
            logging.getLogger("uvicorn.error").disabled = True  # it tells all that it gives up with a trace each

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        on_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if on_main else ()
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
