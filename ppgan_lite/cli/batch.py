"""Batches of pictures in the terminal: a bar, and a report at the end.

With several workers each of them runs the same command (`batch_workers`); the first process plans, shows and reports.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from ppgan_lite.cli.batch_options import BatchOptions
from ppgan_lite.cli.interrupts import deferring_interrupts, raise_if_interrupted
from ppgan_lite.cli.terminal import (
    ProgressCallback,
    describe,
    print_json,
    print_json_line,
    say,
    say_above_bar,
    say_error,
)
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.batch import run_batch, write_stream
from ppgan_lite.inference.batch_planning import STANDARD_INPUT, STANDARD_OUTPUT, Item, plan_batch
from ppgan_lite.runtime.streams import binary_output
from ppgan_lite.runtime.threads import threads

if TYPE_CHECKING:
    import numpy as np
    from tqdm import tqdm

    from ppgan_lite.cli.batch_workers import Outcome
    from ppgan_lite.images import ImageMetadata, ResultSettings
    from ppgan_lite.workers.pool import WorkerPool

_LONG_S = 2.0  # for a single picture without a bar

Picture = TypeVar("Picture")
Result = TypeVar("Result")


class Batch:
    """A batch that is planned, made and reported; a bad picture does not end it.

    Args:
        sources: As of `plan_batch`, like all others.
        output: A file or a folder; "-" is standard output.
        label: Part of the name of a result.
        overwrite: Whether results may replace files.
        inputs: Other files that are read.
        depth: Bits per channel.
        many: Options of batches.

    Attributes:
        items: The pictures to be made.
        results: What is told of each that is done.
        failures: Pictures with what is wrong with them.
        about: What is told of all of them; whoever runs the batch adds to it.
    """

    def __init__(
        self,
        sources: Sequence[str],
        output: str | None,
        *,
        label: str = "",
        overwrite: bool,
        inputs: Mapping[str, str | None] | None = None,
        depth: int | None = None,
        many: BatchOptions | None = None,
    ) -> None:
        self._many = many or BatchOptions()
        self.overwrite = overwrite
        self._stream: IO[bytes] | None = None
        self._skipped: list[Item] = []
        self.items: list[Item] = []
        self.failures: list[tuple[Path, BaseException]] = []
        self.results: list[dict[str, Any]] = []
        self.about: dict[str, Any] = {}
        self._left_out: Counter[str] = Counter()
        self._begun = 0
        self._ended = 0
        self._running: dict[Item, float] = {}  # the finished share of each
        self._show: Callable[[float, str | None], None] = lambda done, label: None
        if self._many.task_queue is not None:
            return  # they are planned already
        self._plan = functools.partial(
            plan_batch,
            sources,
            output,
            label=label,
            overwrite=overwrite,
            skip_existing=self._many.skip_existing or (self._many.watches and not overwrite),
            shard=self._many.shard,
            inputs=inputs,
            depth=depth,
            suffix=self._many.suffix,
            may_be_empty=self._many.watches,
        )
        if self._many.watches and (len(sources) > 1 or not os.path.isdir(sources[0])):
            raise UsageError("--watch", f"{sources[0]} is not a folder", "one folder")
        plan = self._plan()
        self.items, self._skipped = plan.items, plan.skipped
        self.failures, self._left_out = ([] if self._many.watches else plan.failures), plan.left_out

    def run(
        self,
        read: Callable[[Item], Picture],
        prepare: Callable[[Item], Callable[[Picture, ProgressCallback], Result]],
        write: Callable[[Item, Result], dict[str, Any]],
        *,
        as_json: bool,
        at_once: int = 1,
    ) -> None:
        """Make a result of each picture by `run_batch`, with a progress bar for more than one, and report.

        A worker, and a process that waits for photos to come, makes one at a time.

        Raises:
            click.exceptions.Exit: There are failures.
        """
        if self._many.task_queue is not None:
            from ppgan_lite.cli.batch_workers import run_worker

            run_worker(self._many.task_queue, read, prepare, write, overwrite=self.overwrite, about=self.about)
            return
        try:
            self._run(read, prepare, write, at_once)
        except BaseException as error:
            if self._many.watches and isinstance(error, KeyboardInterrupt):  # that is how it ends
                self.report(as_json=as_json)
                return
            if as_json and (self.results or isinstance(error, KeyboardInterrupt)):
                self.print_json()  # of what was done before
            raise
        self.report(as_json=as_json)

    def _run(
        self,
        read: Callable[[Item], Picture],
        prepare: Callable[[Item], Callable[[Picture, ProgressCallback], Result]],
        write: Callable[[Item, Result], dict[str, Any]],
        at_once: int,
    ) -> None:
        for source, error in self.failures:
            self._print_line({"photo": str(source), "error": describe(error)})
        workers = min(self._many.workers or 1, len(self.items))
        with contextlib.ExitStack() as stack:
            if any(item.target == STANDARD_OUTPUT for item in self.items):
                self._stream = stack.enter_context(binary_output())
            if workers > 1 or (self._many.cluster is not None and self.items):
                pool = self._worker_pool(workers)
                self._show = stack.enter_context(_bar(len(self.items)))
                self._run_in_workers(pool)
                return

            if self._many.watches:
                run_batch(stack.enter_context(self._watching()), read, prepare, write, self)
                return

            def prepare_and_show(first: Item) -> Callable[[Picture, ProgressCallback], Result]:
                process = prepare(first)
                self._show = stack.enter_context(_bar(len(self.items)))
                return process

            run_batch(self.items, read, prepare_and_show, write, self, at_once=min(at_once, len(self.items)) or 1)

    @contextlib.contextmanager
    def _watching(self) -> Iterator[Iterator[Item]]:
        """Yield the photos of the folder as they come, until the block is left."""
        from ppgan_lite.inference.watching import watched_items

        def refuse(source: Path, error: BaseException) -> None:
            self.failures.append((source, error))
            self._print_line({"photo": str(source), "error": describe(error)})
            say_error(error)

        stopped = threading.Event()
        say("watching; Ctrl-C ends it")
        try:
            yield watched_items(self._plan, refuse, stopped)
        finally:
            stopped.set()

    def _worker_pool(self, workers: int) -> WorkerPool:
        """Return the workers that run the command."""
        option = "--workers" if self._many.cluster is None else "--cluster"
        if any(item.source == STANDARD_INPUT for item in self.items):
            raise UsageError(option, "cannot read standard input", "files and folders")
        from ppgan_lite.cli.batch_workers import Command

        command = Command.current()
        if self._many.cluster is None:
            from ppgan_lite.workers.processes import Processes

            return Processes(command, workers, threads=max(threads() // workers, 1))
        from ppgan_lite.workers.cluster import Cluster

        return Cluster(command, self._many.cluster, size=self._many.workers)

    def _run_in_workers(self, pool: WorkerPool) -> None:
        """Have workers make the results."""
        from ppgan_lite.workers.pool import run_tasks

        results: dict[int, dict[str, Any]] = {}
        failures: dict[int, Exception] = {}

        def on_outcome(number: int, outcome: Outcome) -> None:
            self.about |= outcome.about
            if outcome.error is not None:
                on_failure(number, outcome.error)
                return
            self.written(self.items[number], outcome.result or {}, outcome.seconds)
            results[number] = self.results[-1]
            shown(number)

        def on_failure(number: int, error: Exception) -> None:
            self.failed(self.items[number], error)
            failures[number] = error
            shown(number)

        def shown(number: int) -> None:
            done = len(results) + len(failures)
            self._show(done, f"{done}/{len(self.items)} {self.items[number].source.name}")

        planned = list(self.failures)
        try:
            with deferring_interrupts():
                run_tasks(
                    pool,
                    self.items,
                    on_outcome,
                    on_failure=on_failure,
                    on_line=say_above_bar,  # workers speak English
                    check=raise_if_interrupted,
                )
        finally:
            self.results = [results[number] for number in sorted(results)]
            self.failures = planned + [(self.items[number].source, failures[number]) for number in sorted(failures)]

    def write(
        self, item: Item, image: np.ndarray, metadata: ImageMetadata, settings: ResultSettings | None = None
    ) -> None:
        """Write the result of a photo to its file or to standard output, as `images.write_image` does."""
        from ppgan_lite.images import write_image

        if self._stream is not None:
            write_stream(self._stream, item.suffix, image, metadata, settings)
        else:
            write_image(item.target, image, metadata, overwrite=self.overwrite, settings=settings)

    # of a batch's observer ------------------------------------------------------------------------------------------

    def check(self, error: BaseException | None = None) -> None:
        """End the batch after Ctrl-C, and with an error that concerns all pictures."""
        if isinstance(error, (UsageError, BrokenPipeError)):
            raise error
        raise_if_interrupted(error)

    def started(self, item: Item) -> None:
        """Show which picture is next."""
        self._begun += 1
        self._running[item] = 0.0
        self._show_done(f"{self._begun}/{len(self.items)} {item.source.name}")

    def progressed(self, item: Item, fraction: float) -> None:
        """Show how far all of them are."""
        raise_if_interrupted()
        self._running[item] = fraction
        self._show_done()

    def written(self, item: Item, about: Mapping[str, Any], seconds: float) -> None:
        """Record a result."""
        self._end(item)
        result = {"photo": str(item.source), "output": str(item.target), **about}
        self.results.append({**result, "seconds": round(seconds, 3)})
        if self._many.watches:
            say(str(item.target))
        self._print_line(self.results[-1])

    def failed(self, item: Item, error: Exception) -> None:
        """Record a failure, which is reported at the end."""
        self._end(item)
        self.failures.append((item.source, error))
        self._print_line({"photo": str(item.source), "error": describe(error)})
        if self._many.watches:
            say_error(error)

    def _end(self, item: Item) -> None:
        self._running.pop(item, None)
        self._ended += 1
        self._show_done()

    def _show_done(self, label: str | None = None) -> None:
        self._show(self._ended + sum(self._running.values()), label)

    def _print_line(self, values: dict[str, Any]) -> None:
        if self._many.as_jsonl:
            print_json_line(values)

    # report ---------------------------------------------------------------------------------------------------------

    def print_json(self) -> None:
        """Print results and failures as JSON on stdout."""
        errors = [{"photo": str(source), "error": describe(error)} for source, error in self.failures]
        left_out = {"left_out": dict(self._left_out)} if self._left_out else {}
        skipped = {"skipped": [str(item.source) for item in self._skipped]} if self._skipped else {}
        print_json({**self.about, "results": self.results, "errors": errors, **skipped, **left_out})

    def report(self, *, as_json: bool) -> None:
        """Print results and failures; exit with 1 if there are failures."""
        from ppgan_lite.images import told_left_out

        if as_json:
            self.print_json()
        if len(self.results) == 1 and self._stream is None:
            say(self.results[0]["output"])
        elif len(self.results) > 1:
            folder = os.path.commonpath([os.path.dirname(result["output"]) or "." for result in self.results])
            say(f"{len(self.results)} pictures written to {folder}")
        if self._skipped:
            say(f"{len(self._skipped)} skipped: their results are there")
        for _, error in () if self._many.watches else self.failures:  # told already
            say_error(error)
        if self._left_out:
            say(f"left out: {told_left_out(self._left_out)}")
        if self.failures:
            if len(self.failures) + len(self.results) > 1:
                say(f"{len(self.failures)} of {len(self.failures) + len(self.results)} pictures failed")
            raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[float, str | None], None]]:
    """Show a bar; yields a function of the number done and a new label or None.

    A single picture has one in a terminal, if it takes long.
    """
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        bar: tqdm[Any] | None = None
        shown_label = ""

        def show(done: float, label: str | None) -> None:
            nonlocal bar, shown_label
            shown_label = label or shown_label
            waited = time.monotonic() - began if total < 2 else 0.0
            if bar is None:
                if total < 2 and (waited < _LONG_S or not sys.stderr.isatty()):
                    return
                from tqdm import tqdm  # takes a tenth of the start-up time

                form = "{percentage:3.0f}%|{bar}| {desc}  {elapsed}<{remaining}"
                bar = stack.enter_context(tqdm(total=total, bar_format=form))
                bar.start_t -= waited
                label = shown_label
            if label is not None:
                bar.set_description_str(label)
            bar.update(done - bar.n)

        if total > 1:
            show(0, None)
        yield show
