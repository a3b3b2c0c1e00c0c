"""How far a predictor has come, and whether it should go on."""

from __future__ import annotations

from collections.abc import Callable

from ppgan_lite.errors import CancelledError

Progress = Callable[[float], None]


class Steps:
    """Counts what is done, reports it, and asks whether to go on.

    Args:
        job: What is told in the error that ends a cancelled job.
        progress: Called with the share that is done, 0 to 1.
        cancelled: Asked after each step; True ends the job.
    """

    def __init__(self, job: str, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._job = job
        self._progress = progress
        self._cancelled = cancelled
        self._total = 1
        self._count = 0

    def expect(self, total: int) -> None:
        """Say how many steps there will be, before the first.

        Raises:
            CancelledError: `cancelled` said so.
        """
        self._total = total
        self.done(0)

    def done(self, count: int = 1) -> None:
        """Count what has been done.

        Raises:
            CancelledError: `cancelled` said so.
        """
        self._count += count
        if self._cancelled is not None and self._cancelled():
            raise CancelledError(self._job)
        if self._progress is not None:
            self._progress(min(self._count / self._total, 1.0))
