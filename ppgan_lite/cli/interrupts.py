"""Ctrl-C and SIGTERM: both end a command with KeyboardInterrupt, also where a library turns that into its own error.

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
    """Record Ctrl-C and SIGTERM during a block; both raise KeyboardInterrupt. A program's own handler stays."""
    _received.clear()
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    replaced = {}
    if threading.current_thread() is threading.main_thread():
        replaced = {number: default for number, default in defaults.items() if signal.getsignal(number) is default}
    for number in replaced:
        signal.signal(number, _record)
    try:
        yield
    finally:
        for number, default in replaced.items():
            signal.signal(number, default)


def raise_if_interrupted(error: BaseException) -> None:
    """Raise KeyboardInterrupt from an error that followed Ctrl-C or SIGTERM."""
    if _received.is_set():
        raise KeyboardInterrupt from error


def _record(number: int, frame: FrameType | None) -> None:
    _received.set()
    raise KeyboardInterrupt
