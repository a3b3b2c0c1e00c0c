"""How a training is asked to stop, and what it says then."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import CancelledError, PpganError


class TrainingInterrupted(CancelledError):
    """The training was asked to stop, saved itself and can be continued.

    Attributes:
        command: What continues it, for a shell.
    """

    def __init__(self, run_dir: Path, iteration: int) -> None:
        self.command = shlex.join(
            ["paddlegan", "train", "-c", str(run_dir / "config.yaml"), "--run-dir", str(run_dir), "--resume"]
        )
        PpganError.__init__(
            self, run_dir, f"stopped and saved at iteration {iteration}", "", f"Continue: {self.command}"
        )


@contextlib.contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event, so that no step is cut in two; a second Ctrl-C ends at once.

    That second one is a KeyboardInterrupt: what came after the last checkpoint is lost, but no file is damaged, since a
    checkpoint is renamed into its place when it is whole.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # Only the main thread may handle signals.
        return

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Logging from a signal's handler could meet a half-written line of its own.
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), b"\nstopping after this iteration; Ctrl-C again ends at once, unsaved\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
