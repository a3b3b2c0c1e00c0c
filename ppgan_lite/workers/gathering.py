"""Tasks given to workers as they ask for them, and outcomes gathered; what a worker that died had is done again.

A `Crew` says how workers are started and talked to: on this machine (`processes`) or in a cluster (`cluster`). All
else is the same for both.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ppgan_lite.errors import WorkerError
from ppgan_lite.workers.desk import Ended, Given, Message, Said, Told, Wants

_MOST_TRIES = 2  # of a task whose worker died
_MOST_DEATHS = 3  # beside one of each worker, without an outcome in between
_GROUPS_PER_WORKER = 16  # at least: few enough to keep all workers busy to the end
_WAIT_S = 0.5


class Crew(Protocol):
    """Some workers.

    Attributes:
        size: How many.
        largest_group: The most tasks that are given at a time.
    """

    size: int
    largest_group: int

    def start(self, worker: int) -> None:
        """Start a worker, 0 to `size` - 1, or another one in place of one that died."""

    def give(self, worker: int, group: Sequence[Given]) -> None:
        """Give a worker some tasks."""

    def messages(self, timeout_s: float) -> list[tuple[int, Message | None]]:
        """Return what workers sent, each with the worker; None for one that died. Waits a while if there is nothing."""

    def close(self, *, at_once: bool) -> list[tuple[int, Message | None]]:
        """End all workers, those that work too if `at_once`; return what they still sent."""


def gather(
    crew: Crew,
    tasks: Sequence[Any],
    hear: Callable[[int, Any], None],
    *,
    failed: Callable[[int, WorkerError], None],
    said: Callable[[str], None] = lambda text: None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Have tasks done by workers.

    The tasks of a worker that died are done again, each alone, by another one; a task that two workers died of has
    failed.

    Args:
        crew: The workers; none has been started.
        tasks: They can be pickled.
        hear: Called with the number of a task and its outcome, as they come.
        failed: Called with the number of a task whose workers died.
        said: Called with each line that workers print, once.
        check: Called now and then; may raise an error, which ends all.

    Raises:
        WorkerError: Workers die before they do anything.
        BaseException: The error of a worker, or of `check`; what workers had done by then has been told.
    """
    gathering = _Gathering(crew, tasks, hear, failed, said)
    at_once = True
    try:
        gathering.run(check)
        at_once = False
    finally:
        for _, message in crew.close(at_once=at_once):
            if isinstance(message, Told):
                gathering.told(message)


class _Gathering:
    """The state of `gather`, whose arguments these are."""

    def __init__(
        self,
        crew: Crew,
        tasks: Sequence[Any],
        hear: Callable[[int, Any], None],
        failed: Callable[[int, WorkerError], None],
        said: Callable[[str], None],
    ) -> None:
        self._crew, self._tasks = crew, tasks
        self._hear, self._failed, self._said = hear, failed, said
        self._lines: set[str] = set()
        self._waiting = deque(range(len(tasks)))
        self._repeated: deque[int] = deque()  # tasks of workers that died; given out last, and one at a time
        self._left = set(self._waiting)
        self._deaths: Counter[int] = Counter()  # of each task's workers
        self._deaths_in_a_row = 0
        self._held: list[set[int]] = [set() for _ in range(crew.size)]
        self._asking: list[int] = []  # workers, as often as they asked
        per_worker = math.ceil(len(tasks) / (crew.size * _GROUPS_PER_WORKER))
        self._group = min(crew.largest_group, per_worker)

    def run(self, check: Callable[[], None]) -> None:
        for worker in range(self._crew.size):
            self._crew.start(worker)
        while self._left:
            check()
            messages = self._crew.messages(_WAIT_S)
            for worker, message in sorted(messages, key=lambda sent: not isinstance(sent[1], Told)):  # before errors
                match message:
                    case Wants():
                        self._asking.append(worker)
                    case Told():
                        self.told(message)
                    case Said(text):
                        if text not in self._lines:
                            self._lines.add(text)
                            self._said(text)
                    case Ended(error) if error is not None:
                        raise error
                    case None:
                        self._died(worker)
            self._give()

    def told(self, message: Told) -> None:
        """Take note of an outcome."""
        for held in self._held:
            held.discard(message.number)
        if message.number in self._left:
            self._left.remove(message.number)
            self._deaths_in_a_row = 0
            self._hear(message.number, message.outcome)

    def _give(self) -> None:
        """Give tasks to the workers that ask."""
        asking, self._asking = self._asking, []
        for worker in asking:
            held = self._held[worker]
            has_repeated = any(self._deaths[number] for number in held)
            if self._waiting and not has_repeated:
                numbers = [self._waiting.popleft() for _ in range(min(self._group, len(self._waiting)))]
            elif self._repeated and not held:
                numbers = [self._repeated.popleft()]
            else:
                self._asking.append(worker)
                continue
            held.update(numbers)
            group = [Given(number, self._tasks[number], bool(self._deaths[number])) for number in numbers]
            self._crew.give(worker, group)

    def _died(self, worker: int) -> None:
        """Put what a worker had aside, to be done again or told; start another worker."""
        self._asking = [other for other in self._asking if other != worker]
        held, self._held[worker] = sorted(self._held[worker]), set()
        for number in held:
            self._deaths[number] += 1
            if self._deaths[number] < _MOST_TRIES:
                self._repeated.append(number)
            else:
                self._left.discard(number)
                remedy = "Is there enough memory? Try it alone, without --workers"
                self._failed(number, WorkerError(self._tasks[number], "two worker processes died of it", remedy=remedy))
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > self._crew.size + _MOST_DEATHS and self._left:
            found = f"{self._deaths_in_a_row} died one after the other"
            raise WorkerError("worker processes", found, remedy="Use fewer --workers if memory is short")
        if self._left:
            self._crew.start(worker)
