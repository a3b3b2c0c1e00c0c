"""Interruption of a training by Ctrl-C or SIGTERM."""

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
    """A training was asked to stop; it is saved and can be resumed.

    Attributes:
        command: The shell command that resumes it.
    """

    def __init__(self, run_dir: Path, iteration: int) -> None:
        self.command = shlex.join(["paddlegan", "train", "--resume", str(run_dir)])
        PpganError.__init__(
            self, run_dir, f"stopped and saved at iteration {iteration}", "", f"Continue: {self.command}"
        )


@contextlib.contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event, so that no step is interrupted; a second Ctrl-C ends at once.

    The second one is a KeyboardInterrupt: progress since the last checkpoint is lost, but no file is damaged, since
    checkpoints are written whole or not at all.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # Only the main thread may handle signals.
        return

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Logging is not safe here: the signal may have interrupted a line of the log.
        with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr may be closed, or None
            os.write(sys.stderr.fileno(), b"\nstopping after this iteration; Ctrl-C again ends at once, unsaved\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
