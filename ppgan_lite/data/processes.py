"""The same work on many items, on all cores."""

from __future__ import annotations

import concurrent.futures
import math
import multiprocessing
import multiprocessing.context
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from ppgan_lite.errors import WorkerError
from ppgan_lite.runtime.memory import keep_freed_memory
from ppgan_lite.runtime.opencv import opencv

Item = TypeVar("Item")
Result = TypeVar("Result")

# A message for each small picture costs a tenth of the time; yet a group should soon be done when Ctrl-C comes, and the
# last ones should keep every process busy.
_MOST_IN_A_GROUP = 8
_LEAST_GROUPS = 16
# On Windows a process cannot wait for more of them.
_MOST_WORKERS = 60


def for_each(
    work: Callable[[Item], Result], items: Sequence[Item], report: Callable[[Item, Result], None], *, workers: int
) -> None:
    """Do some work on each item, in processes of one thread each, and report every result as it comes.

    A script that calls this with several workers needs the usual `if __name__ == "__main__":`.

    Args:
        work: A function of a module; it returns errors and does not raise them.
        items: What to work on; they and the results travel between processes.
        report: Called in this process, with an item and its result, in the order in which they are done.
        workers: How many processes; with 1 the work is done in this one.

    Raises:
        WorkerError: A process died. What was done before has been reported.
        MissingDependencyError: OpenCV is not installed.
        KeyboardInterrupt: On Ctrl-C, after what was being done is done and reported.
    """
    workers = min(workers, len(items), _MOST_WORKERS)
    if workers <= 1:
        keep_freed_memory()
        with _opencv_in_one_thread():
            for item in items:
                report(item, work(item))
        return
    opencv()  # told here where it is missing, and not by each process
    with concurrent.futures.ProcessPoolExecutor(workers, _context(work.__module__), _begin_worker) as pool:
        size = min(_MOST_IN_A_GROUP, math.ceil(len(items) / (workers * _LEAST_GROUPS)))
        groups = [items[start : start + size] for start in range(0, len(items), size)]
        pending = {pool.submit(_work_on_each, work, group): group for group in groups}
        try:
            for future in concurrent.futures.as_completed(list(pending)):
                results = future.result()
                for item, result in zip(pending.pop(future), results):
                    report(item, result)
        except BaseException as error:
            pool.shutdown(wait=True, cancel_futures=True)
            unreported = dict(pending)
            for future, group in unreported.items():
                if not future.cancelled() and future.exception() is None:
                    for item, result in zip(group, future.result()):
                        report(item, result)
                    del pending[future]
            if isinstance(error, BrokenProcessPool):
                found = f"one was killed or crashed, near {next(iter(pending.values()))[0]}"
                remedy = "What is done is kept: run the same again, with fewer --workers if memory is short"
                raise WorkerError(f"{workers} worker processes", found, remedy=remedy) from error
            raise


def _work_on_each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]


def _context(module: str) -> multiprocessing.context.BaseContext:
    """Return how to start processes: by forking this one where that is safe, which takes no time.

    Of a process with other threads, Paddle's for one, a copy lacks them and may wait for them for ever; and macOS's own
    libraries do not bear it. There, processes come from one that has loaded a module already, where the system has it.
    """
    if sys.platform == "linux" and threading.active_count() == 1 and "paddle" not in sys.modules:
        return multiprocessing.get_context("fork")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module, "cv2"])
    return context


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; this one finishes what it does
    opencv().setNumThreads(0)
    keep_freed_memory()


@contextmanager
def _opencv_in_one_thread() -> Iterator[None]:
    cv2 = opencv()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
