"""Ctrl-C and SIGTERM: both end a command with KeyboardInterrupt, also where a library turns that into its own error.

A KeyboardInterrupt inside the initialization of a C++ module becomes an ImportError ("initialization failed"), without
a trace of its cause; inside a finalizer or a callback of the import system it is printed and lost. So the signal itself
is recorded: an error after it counts as the interrupt, and a batch asks for it. Before and after, the handler of
`runtime.interrupts` ends the process.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from ppgan_lite.runtime.interrupts import end_at_once

_received = threading.Event()
_is_deferred = False


@contextlib.contextmanager
def recording_interrupts() -> Iterator[None]:
    """Record Ctrl-C and SIGTERM during a block; both raise KeyboardInterrupt. A program's own handler stays."""
    _received.clear()
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    replaced = {}
    if threading.current_thread() is threading.main_thread():
        for number, default in defaults.items():
            handler = signal.getsignal(number)
            if handler in (default, end_at_once):
                replaced[number] = handler
    for number in replaced:
        signal.signal(number, _record)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def deferring_interrupts() -> Iterator[None]:
    """Only record the first Ctrl-C or SIGTERM during a block, which asks by `raise_if_interrupted`; raise a second one.

    Raised at any moment, it may lose what another process has just told.
    """
    global _is_deferred
    _is_deferred = True
    try:
        yield
    finally:
        _is_deferred = False
    raise_if_interrupted()


def raise_if_interrupted(error: BaseException | None = None) -> None:
    """Raise KeyboardInterrupt if there was Ctrl-C or SIGTERM; from the error that followed, if one did."""
    if _received.is_set():
        raise KeyboardInterrupt from error


def _record(number: int, frame: FrameType | None) -> None:
    is_first = not _received.is_set()
    _received.set()
    if not (_is_deferred and is_first):
        raise KeyboardInterrupt
