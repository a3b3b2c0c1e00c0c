"""A worker's side: tasks come in, outcomes go out."""

from __future__ import annotations

import contextlib
import pickle
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ppgan_lite.errors import CancelledError, one_line


@dataclass(frozen=True)
class Given:
    """A task as a worker gets it.

    Attributes:
        number: Of the task.
        task: What is to be done.
        is_repeated: Whether a worker that died may have done it, or a part of it.
    """

    number: int
    task: Any
    is_repeated: bool = False


@dataclass(frozen=True)
class Wants:
    """A worker asks for another task."""


@dataclass(frozen=True)
class Told:
    """The outcome of a task."""

    number: int
    outcome: Any


@dataclass(frozen=True)
class Said:
    """A line for the user."""

    text: str


@dataclass(frozen=True)
class Ended:
    """A worker is done.

    Attributes:
        error: That ended it; None at the end of the work.
    """

    error: BaseException | None = None


Message = Wants | Told | Said | Ended


class Desk:
    """What the work of a worker gets: the tasks, and the way to tell what became of them.

    Args:
        send: Sends a message to whoever gave the tasks; called from several threads.
        asks: Whether to ask for a task when there is none; otherwise they come unasked.
    """

    def __init__(self, send: Callable[[Message], None], *, asks: bool) -> None:
        self._send = send
        self._asks = asks
        self._given: queue.SimpleQueue[Given | None] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def tasks(self) -> Iterator[Given]:
        """Yield the tasks as they come, to the end of the work."""
        while True:
            if self._asks and self._given.empty():
                self._send(Wants())
            given = self._given.get()
            if given is None:
                return
            yield given

    def tell(self, number: int, outcome: Any) -> None:
        """Tell the outcome of a task, which can be pickled."""
        self._send(Told(number, outcome))

    def raise_if_stopped(self) -> None:
        """Raise a CancelledError if the work is to end now."""
        if self._stopped.is_set():
            raise CancelledError

    # for whoever brings the tasks -------------------------------------------------------------------------------------

    def put(self, given: Given) -> None:
        """Put a task onto the desk."""
        self._given.put(given)

    def end(self) -> None:
        """Let the work end when the tasks on the desk are done."""
        self._given.put(None)

    def stop(self) -> None:
        """Let the work end as soon as it can."""
        self._stopped.set()
        self._given.put(None)

    def work(self, body: Callable[[Desk], None]) -> None:
        """Do the work, and send what it prints and how it ended."""
        try:
            with contextlib.redirect_stderr(_Lines(lambda text: self._send(Said(text)))):
                body(self)
        except BaseException as error:  # noqa: BLE001 - told, whatever it is
            self._send(Ended(portable(error)))
        else:
            self._send(Ended())


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
