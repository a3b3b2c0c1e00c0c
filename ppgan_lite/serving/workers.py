"""Threads that make the photos, the slots for those that wait for them, and deadlines."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ppgan_lite.errors import CancelledError, PpganError
from ppgan_lite.inference.steps import Cancelled

Result = TypeVar("Result")

_LONGEST_RETRY_S = 60
_NEW_SHARE = 0.2  # of the last photo in the moving average of how long one takes


class BusyError(PpganError):
    """All slots are taken.

    Attributes:
        retry_after_s: When one may be free, about.
    """

    code = "busy"

    def __init__(self, retry_after_s: int) -> None:
        values = {"seconds": retry_after_s}
        super().__init__("service", "is busy", remedy=f"Try again in {retry_after_s} s", values=values)
        self.retry_after_s = retry_after_s


class TimedOutError(PpganError):
    """A photo took longer than photos may."""

    code = "timed_out"

    def __init__(self, timeout_s: float) -> None:
        values = {"seconds": f"{timeout_s:g}"}
        remedy = "Try again later, or with a smaller photo"
        super().__init__("photo", f"was not done within {timeout_s:g} s", remedy=remedy, values=values)


class Workers:
    """Makes photos on threads, a bounded number of them at a time.

    All but `run`'s work happens on the thread of the event loop.

    Args:
        threads: How many photos are worked on at a time.
        waiting: How many more may wait.
        timeout_s: How long a photo may wait and be worked on.

    Attributes:
        taken: Photos that are uploaded, wait or are worked on.
    """

    def __init__(self, threads: int, waiting: int, timeout_s: float) -> None:
        self.taken = 0
        self._threads = threads
        self._slots = threads + waiting
        self._timeout_s = timeout_s
        self._seconds = 1.0  # that a photo takes, on average
        self._pool = ThreadPoolExecutor(threads, "photos")

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot during a block.

        Raises:
            BusyError: All are taken.
        """
        if self.taken >= self._slots:
            seconds = math.ceil(self._seconds * self.taken / self._threads)
            raise BusyError(min(max(seconds, 1), _LONGEST_RETRY_S))
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    async def run(self, work: Callable[[Cancelled], Result], leaves: Coroutine[None, None, None]) -> Result:
        """Do some work on a thread.

        Args:
            work: Asks now and then whether to stop.
            leaves: Ends when nobody waits for the result any more.

        Raises:
            TimedOutError: It took too long.
            CancelledError: Nobody waits for it.
        """
        stop = threading.Event()
        working = asyncio.wrap_future(self._pool.submit(self._timed, work, stop.is_set))
        leaving = asyncio.ensure_future(leaves)
        try:
            first = asyncio.FIRST_COMPLETED
            both: set[asyncio.Future[Any]] = {working, leaving}
            done, _ = await asyncio.wait(both, timeout=self._timeout_s, return_when=first)
            if working in done:
                return working.result()
            raise CancelledError("photo") if leaving in done else TimedOutError(self._timeout_s)
        finally:
            stop.set()
            working.cancel()  # does not begin if it has not yet
            leaving.cancel()

    def _timed(self, work: Callable[[Cancelled], Result], cancelled: Cancelled) -> Result:
        began = time.perf_counter()
        try:
            return work(cancelled)
        finally:
            self._seconds += _NEW_SHARE * (time.perf_counter() - began - self._seconds)

    def close(self) -> None:
        """Wait for the threads; what has not begun does not."""
        self._pool.shutdown(cancel_futures=True)
