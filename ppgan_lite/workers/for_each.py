"""Apply a function to many items on all cores."""

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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ppgan_lite.errors import WorkerError
from ppgan_lite.runtime.memory import keep_freed_memory
from ppgan_lite.runtime.opencv import opencv

if TYPE_CHECKING:
    from ppgan_lite.workers.task_queue import TaskQueue

Item = TypeVar("Item")
Result = TypeVar("Result")

# One message per small picture would take a tenth of the time. Groups are small enough to finish soon after Ctrl-C, and
# many enough to keep all processes busy until the end.
_MAX_GROUP_SIZE = 8
_MIN_GROUPS_PER_WORKER = 16
_MAX_WORKERS = 60  # Windows cannot wait for more processes.


def for_each(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    report: Callable[[Item, Result], None],
    *,
    workers: int,
) -> None:
    """Apply a function to each item, in processes of one thread each, and report every result when it is ready.

    A script that calls this with several workers needs the usual `if __name__ == "__main__":`.

    Args:
        work: A module-level function, which returns errors instead of raising them.
        items: The items; they and their results are pickled.
        report: Called in this process with an item and its result, in order of completion.
        workers: The number of processes; 1 runs in this process.

    Raises:
        WorkerError: A process died. All results before that have been reported.
        MissingDependencyError: OpenCV is not installed.
        KeyboardInterrupt: On Ctrl-C, after running work has been completed and reported.
    """
    workers = min(workers, len(items), _MAX_WORKERS)
    if workers <= 1:
        keep_freed_memory()
        with _opencv_in_one_thread():
            for item in items:
                report(item, work(item))
        return
    opencv()  # raises here if it is missing, instead of in each process
    with concurrent.futures.ProcessPoolExecutor(workers, _context(work.__module__), _begin_worker) as pool:
        size = min(_MAX_GROUP_SIZE, math.ceil(len(items) / (workers * _MIN_GROUPS_PER_WORKER)))
        groups = [items[start : start + size] for start in range(0, len(items), size)]
        pending = {pool.submit(_work_on_each, work, group): group for group in groups}
        try:
            for future in concurrent.futures.as_completed(list(pending)):
                results = future.result()
                with delaying_ctrl_c():  # a result is reported, or still pending
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


def for_each_in_cluster(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    report: Callable[[Item, Result], None],
    *,
    address: str,
    workers: int | None,
    failed: Callable[[WorkerError], Result],
) -> None:
    """Apply a function to each item in a cluster of Ray's, and report every result when it is ready.

    Args:
        work: As of `for_each`.
        items: The same.
        report: The same.
        address: Of the cluster; see `workers.cluster.Cluster`.
        workers: How many; None for one per processor.
        failed: Gives the result of an item whose workers died.

    Raises:
        WorkerError: There is no cluster, or it goes away. All results before that have been reported.
        MissingDependencyError: Ray is not installed.
        KeyboardInterrupt: On Ctrl-C.
    """
    from ppgan_lite.workers.cluster import Cluster
    from ppgan_lite.workers.pool import run_tasks

    run_tasks(
        Cluster(_Each(work), address, size=workers),
        items,
        lambda number, result: report(items[number], result),
        on_failure=lambda number, error: report(items[number], failed(error)),
    )


@contextmanager
def delaying_ctrl_c() -> Iterator[None]:
    """Delay Ctrl-C until the end of a short block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Ctrl-C interrupts the main thread only
        return
    waiting = []
    handler = signal.signal(signal.SIGINT, lambda *details: waiting.append(details))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if waiting and callable(handler):
        handler(*waiting[0])


@dataclass(frozen=True)
class _Each:
    """The work of a worker in a cluster: a function of each item of its queue."""

    work: Callable[[Any], Any]

    def __call__(self, queue: TaskQueue) -> None:
        opencv().setNumThreads(0)
        keep_freed_memory()
        for task in queue.tasks():
            queue.raise_if_stopped()
            queue.report(task.number, self.work(task.payload))


def _work_on_each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]


def _context(module: str) -> multiprocessing.context.BaseContext:
    """Return the context for starting processes: fork, which takes no time, where that is safe.

    A forked copy lacks all threads but one, and may deadlock waiting for others, such as Paddle's; system libraries of
    macOS do not support it. Otherwise use a fork server that has loaded the module, or spawn.
    """
    if sys.platform == "linux" and threading.active_count() == 1 and "paddle" not in sys.modules:
        return multiprocessing.get_context("fork")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module, "cv2"])
    return context


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; a worker finishes its item
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a forked one has the command's handler
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
