"""Ctrl-C that a library turns into an error of its own.

A KeyboardInterrupt inside the initialization of a C++ module becomes an ImportError ("initialization failed"), without
a trace of its cause. So the signal itself is recorded, and an error after it counts as the interrupt.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_received = threading.Event()


@contextlib.contextmanager
def recording_interrupts() -> Iterator[None]:
    """Record Ctrl-C during a block; it raises KeyboardInterrupt as ever. A program's own handler is not replaced."""
    _received.clear()
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_default or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, _record)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def raise_if_interrupted(error: BaseException) -> None:
    """Raise KeyboardInterrupt from an error that followed Ctrl-C."""
    if _received.is_set():
        raise KeyboardInterrupt from error


def _record(number: int, frame: FrameType | None) -> None:
    _received.set()
    signal.default_int_handler(number, frame)
