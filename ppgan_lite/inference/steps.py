"""The steps of a predictor: between them it reports its progress and asks whether to stop."""

from __future__ import annotations

from collections.abc import Callable

from ppgan_lite.errors import CancelledError

ProgressCallback = Callable[[float], None]
Cancelled = Callable[[], bool]


class Steps:
    """Counts the steps of a job, reports its progress, and asks whether to go on.

    Args:
        job: Named in the error that ends a cancelled job.
        progress: Called with the share that is done, 0 to 1.
        cancelled: Asked after each step and wherever `ask` is called; True ends the job.

    Attributes:
        cancelled: The same.
    """

    def __init__(self, job: str, progress: ProgressCallback | None, cancelled: Cancelled | None) -> None:
        self.cancelled = cancelled
        self._job = job
        self._progress = progress
        self._total = 1
        self._count = 0

    def expect(self, total: int) -> None:
        """Set the number of steps, before the first.

        Raises:
            CancelledError: `cancelled` said so.
        """
        self._total = total
        self.done(0)

    def done(self, count: int = 1) -> None:
        """Count steps that are done.

        Raises:
            CancelledError: `cancelled` said so.
        """
        self._count += count
        self.ask()
        if self._progress is not None:
            self._progress(min(self._count / self._total, 1.0))

    def ask(self) -> None:
        """Ask whether to go on, within a step.

        Raises:
            CancelledError: `cancelled` said so.
        """
        if self.cancelled is not None and self.cancelled():
            raise CancelledError(self._job)
