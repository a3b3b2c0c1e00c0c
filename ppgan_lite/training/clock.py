"""The time that a training takes, and the share of it that is spent waiting for data."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator


class Clock:
    """Counts the seconds of training, without previews, validations and checkpoints.

    Attributes:
        seconds: In this process, including those before a resume.
        shared_seconds: The same in the process of rank 0, which all go by.
    """

    def __init__(self, seconds: float = 0.0, iterations: int = 0) -> None:
        self.seconds = self.shared_seconds = seconds
        self._iterations = iterations  # of the shared seconds
        self._busy_s = self._waiting_s = 0.0  # since the last line of metrics

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """Count the time of a block."""
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.seconds += took
        self._busy_s += took

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of a block within `training` as waiting for data."""
        began = time.monotonic()
        yield
        self._waiting_s += time.monotonic() - began

    def share(self, seconds: float, iterations: int) -> None:
        """Note the seconds of rank 0 after a number of iterations."""
        self.shared_seconds, self._iterations = seconds, iterations

    def fitting_iterations(self, minutes: float) -> int | None:
        """Return the number of iterations that fit into some minutes at the speed so far; None before the first."""
        if not self.shared_seconds:
            return None
        return math.ceil(self._iterations * 60 * minutes / self.shared_seconds)

    def take_data_share(self) -> float:
        """Return the share of time that was spent waiting for data since the last call."""
        share = self._waiting_s / self._busy_s if self._busy_s else 0.0
        self._busy_s = self._waiting_s = 0.0
        return share
