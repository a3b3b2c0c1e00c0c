"""The worker's side of a pool: a queue of tasks, and the messages that it sends."""

from __future__ import annotations

import contextlib
import pickle
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ppgan_lite.errors import CancelledError, one_line

# That a worker which is to end may be silent: it finishes the step of its picture, which may be long where the picture
# is large or the machine is busy, and then tells the result before it.
ENDING_S = 60.0


@dataclass(frozen=True)
class Task:
    """A task of a batch.

    Attributes:
        number: Its place among the tasks.
        payload: What is to be done.
        is_retry: Whether a worker that died may have done it, or a part of it.
    """

    number: int
    payload: Any
    is_retry: bool = False


@dataclass(frozen=True)
class TaskRequest:
    """A worker asks for another task."""


@dataclass(frozen=True)
class TaskResult:
    """The outcome of a task."""

    number: int
    outcome: Any


@dataclass(frozen=True)
class LogLine:
    """A line for the user."""

    text: str


@dataclass(frozen=True)
class WorkerExit:
    """A worker is done.

    Attributes:
        error: That ended it; None at the end of the work.
    """

    error: BaseException | None = None


Message = TaskRequest | TaskResult | LogLine | WorkerExit


class TaskQueue:
    """A worker's tasks, and its way to report what became of them.

    Args:
        send: Sends a message to whoever gave the tasks; called from several threads.
        asks: Whether to ask for a task when there is none; otherwise they come unasked.
    """

    def __init__(self, send: Callable[[Message], None], *, asks: bool) -> None:
        self._send = send
        self._asks = asks
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def tasks(self) -> Iterator[Task]:
        """Yield the tasks as they come, to the end of the work."""
        while True:
            if self._asks and self._tasks.empty():
                self._send(TaskRequest())
            task = self._tasks.get()
            if task is None:
                return
            yield task

    def report(self, number: int, outcome: Any) -> None:
        """Report the outcome of a task, which can be pickled."""
        self._send(TaskResult(number, outcome))

    @property
    def is_stopped(self) -> bool:
        """Whether the work is to end now."""
        return self._stopped.is_set()

    def raise_if_stopped(self) -> None:
        """Raise a CancelledError if the work is to end now."""
        if self.is_stopped:
            raise CancelledError

    # for whoever brings the tasks -------------------------------------------------------------------------------------

    def put(self, task: Task) -> None:
        """Put a task onto the queue."""
        self._tasks.put(task)

    def end(self) -> None:
        """Let the work end when the tasks on the queue are done."""
        self._tasks.put(None)

    def stop(self) -> None:
        """Let the work end as soon as it can."""
        self._stopped.set()
        self._tasks.put(None)

    def run(self, body: Callable[[TaskQueue], None]) -> None:
        """Run the work, and send what it prints and how it ended."""
        try:
            with contextlib.redirect_stderr(_Lines(lambda text: self._send(LogLine(text)))):
                body(self)
        except BaseException as error:  # noqa: BLE001 - told, whatever it is
            self._send(WorkerExit(portable(error)))
        else:
            self._send(WorkerExit())


class _Lines:
    """A text stream whose whole lines are handed on."""

    encoding = "utf-8"

    def __init__(self, hand_on: Callable[[str], None]) -> None:
        self._hand_on = hand_on
        self._begun = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._hand_on(line)
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def portable(error: BaseException) -> BaseException:
    """Return an error as it is, if it can go to another process, or else as a text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - anything may be raised by it
        return RuntimeError(one_line(error))
    return error
