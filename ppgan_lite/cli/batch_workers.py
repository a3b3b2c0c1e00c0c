"""A worker's side of a batch: it runs the same command, in a process of its own, for the photos that it is given.

The first process plans, shows and reports.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ppgan_lite.cli.batch_options import TASK_QUEUE
from ppgan_lite.cli.terminal import ProgressCallback
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.batch import run_batch
from ppgan_lite.runtime.files import remove_parts_of

if TYPE_CHECKING:
    from ppgan_lite.inference.batch_planning import Item
    from ppgan_lite.workers.task_queue import TaskQueue

Picture = TypeVar("Picture")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Command:
    """A command with the values of its options, for workers.

    Attributes:
        module: That has it.
        name: Of the function in that.
        values: Of arguments and options.
    """

    module: str
    name: str
    values: Mapping[str, Any] = field(repr=False)

    @classmethod
    def current(cls) -> Command:
        """Return the command that is running."""
        context = click.get_current_context()
        callback = context.command.callback
        assert callback is not None
        return cls(callback.__module__, callback.__name__, context.params)

    def __call__(self, queue: TaskQueue) -> None:
        """Run the command with the photos of a queue."""
        command = getattr(importlib.import_module(self.module), self.name)
        with click.Context(command, info_name=self.name) as context:
            context.meta[TASK_QUEUE] = queue
            context.invoke(command.callback, **self.values)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a photo, as a worker reports it.

    Attributes:
        result: The values to report about it; None if there is none.
        error: Why there is none.
        seconds: The time that it took.
        about: What it tells of all of them; see `Batch`.
    """

    result: dict[str, Any] | None
    error: Exception | None
    seconds: float
    about: dict[str, Any]


class _Reporter:
    """A worker's observer of its batch: reports to the first process."""

    def __init__(self, queue: TaskQueue, about: dict[str, Any]) -> None:
        self._queue, self._about = queue, about
        self.numbers: dict[Item, int] = {}

    def check(self, error: BaseException | None = None) -> None:
        if isinstance(error, UsageError):
            raise error
        self._queue.raise_if_stopped()

    def started(self, item: Item) -> None:
        pass

    def progressed(self, _item: Item, _fraction: float) -> None:
        self._queue.raise_if_stopped()

    def written(self, item: Item, about: Mapping[str, Any], seconds: float) -> None:
        self._report(item, Outcome(dict(about), None, seconds, self._about))

    def failed(self, item: Item, error: Exception) -> None:
        from ppgan_lite.workers.task_queue import portable

        told = portable(error)
        assert isinstance(told, Exception)
        self._report(item, Outcome(None, told, 0.0, self._about))

    def _report(self, item: Item, outcome: Outcome) -> None:
        self._queue.report(self.numbers.pop(item), outcome)


def run_worker(
    queue: TaskQueue,
    read: Callable[[Item], Picture],
    prepare: Callable[[Item], Callable[[Picture, ProgressCallback], Result]],
    write: Callable[[Item, Result], dict[str, Any]],
    *,
    overwrite: bool,
    about: dict[str, Any],
) -> None:
    """Make the results of the pictures of a worker's queue, by `run_batch`.

    Args:
        queue: The worker's.
        read: As of `run_batch`, like the next two.
        prepare: See there.
        write: See there.
        overwrite: Whether results may replace files.
        about: What is told of all pictures; may change while they are made.
    """
    reporter = _Reporter(queue, about)

    def items() -> Iterator[Item]:
        for task in queue.tasks():
            item: Item = task.payload
            if task.is_retry:  # the worker that died may have begun to write it, or have written it
                remove_parts_of(item.target)
                if not overwrite:
                    item.target.unlink(missing_ok=True)  # it was not there when this was planned
            reporter.numbers[item] = task.number
            yield item

    run_batch(items(), read, prepare, write, reporter)
