"""Tasks assigned to workers as they ask for them; those of a worker that died are retried.

A `WorkerPool` starts workers and exchanges messages with them: on this machine (`processes`) or in a cluster
(`cluster`). All else is the same for both.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from ppgan_lite.errors import WorkerError
from ppgan_lite.workers.task_queue import LogLine, Message, Task, TaskRequest, TaskResult, WorkerExit

_MOST_TRIES = 2  # of a task whose worker died
_MOST_DEATHS = 3  # beside one of each worker, without an outcome in between
_GROUPS_PER_WORKER = 16  # at least: few enough to keep all workers busy to the end
_WAIT_S = 0.5


class WorkerPool(Protocol):
    """Some workers.

    Attributes:
        size: How many.
        largest_group: The most tasks that are assigned at a time.
    """

    size: int
    largest_group: int

    def start(self, worker: int) -> None:
        """Start a worker, 0 to `size` - 1, or another one in place of one that died."""

    def assign(self, worker: int, group: Sequence[Task]) -> None:
        """Assign tasks to a worker."""

    def messages(self, timeout_s: float) -> list[tuple[int, Message | None]]:
        """Return what workers sent, each with the worker; None for one that died. Waits a while if there is nothing."""

    def close(self, *, at_once: bool) -> Generator[tuple[int, Message | None]]:
        """End all workers, those that work too if `at_once`; yield what they still send, as it comes.

        Workers end by themselves between two steps of their tasks. Left early, the iterator kills them.
        """


def run_tasks(
    pool: WorkerPool,
    tasks: Sequence[Any],
    on_outcome: Callable[[int, Any], None],
    *,
    on_failure: Callable[[int, WorkerError], None],
    on_line: Callable[[str], None] = lambda text: None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Have tasks done by workers.

    The tasks of a worker that died are done again, each alone, by another one; a task that two workers died of has
    on_failure.

    Args:
        pool: The workers; none has been started.
        tasks: They can be pickled.
        on_outcome: Called with the number of a task and its outcome, as they come.
        on_failure: Called with the number of a task whose workers died.
        on_line: Called with each line that workers print, once.
        check: Called now and then; may raise an error, which ends all.

    Raises:
        WorkerError: Workers die before they do anything.
        BaseException: The error of a worker, or of `check`; what workers had done by then has been reported.
    """
    run = _TaskRun(pool, tasks, on_outcome, on_failure, on_line)
    at_once = True
    try:
        run.run(check)
        at_once = False
    finally:
        with contextlib.closing(pool.close(at_once=at_once)) as messages:
            for _, message in messages:
                if isinstance(message, TaskResult):
                    run.take(message)


class _TaskRun:
    """The state of `run_tasks`, whose arguments these are."""

    def __init__(
        self,
        pool: WorkerPool,
        tasks: Sequence[Any],
        on_outcome: Callable[[int, Any], None],
        on_failure: Callable[[int, WorkerError], None],
        on_line: Callable[[str], None],
    ) -> None:
        self._pool, self._tasks = pool, tasks
        self._on_outcome, self._on_failure, self._on_line = on_outcome, on_failure, on_line
        self._lines: set[str] = set()
        self._waiting = deque(range(len(tasks)))
        self._retries: deque[int] = deque()  # tasks of workers that died; given out last, and one at a time
        self._left = set(self._waiting)
        self._deaths: Counter[int] = Counter()  # of each task's workers
        self._deaths_in_a_row = 0
        self._held: list[set[int]] = [set() for _ in range(pool.size)]
        self._asking: list[int] = []  # workers, as often as they asked
        per_worker = math.ceil(len(tasks) / (pool.size * _GROUPS_PER_WORKER))
        self._group = min(pool.largest_group, per_worker)

    def run(self, check: Callable[[], None]) -> None:
        for worker in range(self._pool.size):
            self._pool.start(worker)
        while self._left:
            check()
            messages = self._pool.messages(_WAIT_S)
            for worker, message in sorted(
                messages, key=lambda sent: not isinstance(sent[1], TaskResult)
            ):  # before errors
                match message:
                    case TaskRequest():
                        self._asking.append(worker)
                    case TaskResult():
                        self.take(message)
                    case LogLine(text):
                        if text not in self._lines:
                            self._lines.add(text)
                            self._on_line(text)
                    case WorkerExit(error) if error is not None:
                        raise error
                    case None:
                        self._died(worker)
            self._assign()

    def take(self, message: TaskResult) -> None:
        """Take an outcome: report it once."""
        for held in self._held:
            held.discard(message.number)
        if message.number in self._left:
            self._left.remove(message.number)
            self._deaths_in_a_row = 0
            self._on_outcome(message.number, message.outcome)

    def _assign(self) -> None:
        """Assign tasks to the workers that ask."""
        asking, self._asking = self._asking, []
        for worker in asking:
            held = self._held[worker]
            has_retries = any(self._deaths[number] for number in held)
            if self._waiting and not has_retries:
                numbers = [self._waiting.popleft() for _ in range(min(self._group, len(self._waiting)))]
            elif self._retries and not held:
                numbers = [self._retries.popleft()]
            else:
                self._asking.append(worker)
                continue
            held.update(numbers)
            group = [Task(number, self._tasks[number], bool(self._deaths[number])) for number in numbers]
            self._pool.assign(worker, group)

    def _died(self, worker: int) -> None:
        """Put what a worker had aside, to be retried or reported as failed; start another worker."""
        self._asking = [other for other in self._asking if other != worker]
        held, self._held[worker] = sorted(self._held[worker]), set()
        for number in held:
            self._deaths[number] += 1
            if self._deaths[number] < _MOST_TRIES:
                self._retries.append(number)
            else:
                self._left.discard(number)
                remedy = "Is there enough memory? Try it alone, without --workers"
                self._on_failure(
                    number, WorkerError(self._tasks[number], "two worker processes died of it", remedy=remedy)
                )
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > self._pool.size + _MOST_DEATHS and self._left:
            found = f"{self._deaths_in_a_row} died one after the other"
            raise WorkerError("worker processes", found, remedy="Use fewer --workers if memory is short")
        if self._left:
            self._pool.start(worker)
