"""Many pictures, each with a place for its result; a bad one does not end the batch."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ppgan_lite.cli.terminal import Progress, describe, print_json, say, say_error
from ppgan_lite.errors import ImageError, UsageError

Picture = TypeVar("Picture")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Task:
    source: Path
    target: Path


class Batch:
    """Pictures to read, and for each where its result goes; a bad one does not end the batch.

    Args:
        sources: Files and folders.
        output: A file for a single one, or a folder, in which the tree of the sources is mirrored; None: beside each.
        label: Distinguishes results that lie beside their sources.
        overwrite: Whether results may replace files.
    """

    def __init__(self, sources: Sequence[str], output: str | None, *, label: str = "", overwrite: bool) -> None:
        from ppgan_lite.images import check_writable

        self.tasks: list[Task] = []
        self.results: list[dict[str, Any]] = []
        self.failures: list[tuple[Path, BaseException]] = []
        taken: set[Path] = set()
        for task in self._plan([Path(source) for source in sources], output, label):
            try:
                if not task.source.exists():
                    raise ImageError(task.source, "does not exist")
                if task.target in taken:
                    raise ImageError(task.source, f"its result {task.target} is that of another picture too")
                if task.target.resolve() == task.source.resolve():
                    raise ImageError(task.target, "is the photo itself", "another name or folder for the result")
                check_writable(task.target, overwrite=overwrite)
            except ImageError as error:
                self.failures.append((task.source, error))
            else:
                taken.add(task.target)
                self.tasks.append(task)

    def run(
        self,
        read: Callable[[Path], Picture],
        prepare: Callable[[], Callable[[Picture, Progress], Result]],
        write: Callable[[Path, Result], dict[str, Any]],
    ) -> None:
        """Make a result of each picture, with a bar for more than one.

        While one picture is being made, the next one is read and the one before is written; no more than these three
        are in memory.

        Args:
            read: Of a source.
            prepare: Returns the work; called once, while the first picture is read, and not if there is none.
            write: To a target; returns what is told about it.
        """
        if not self.tasks:
            return
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer, contextlib.ExitStack() as terminal:
            ahead: Future[Picture] | None = reader.submit(read, self.tasks[0].source)
            make = prepare()
            show = terminal.enter_context(_bar(len(self.tasks)))
            behind: Callable[[], None] | None = None
            for done, task in enumerate(self.tasks):
                show(done, f"{done + 1}/{len(self.tasks)} {task.source.name}")
                started = time.perf_counter()

                def progress(fraction: float, done: int = done) -> None:
                    show(done + fraction, None)

                assert ahead is not None
                coming = [ahead]
                more = self.tasks[done + 1 : done + 2]
                ahead = reader.submit(read, more[0].source) if more else None
                with self._noting(task):
                    # Nothing else holds the photo: it is forgotten before its result is encoded.
                    result = make(coming.pop().result(), progress)
                    if behind is not None:
                        behind()
                    behind = self._written(task, started, writer.submit(write, task.target, result))
                progress(1.0)
            if behind is not None:
                behind()

    def _written(self, task: Task, started: float, outcome: Future[dict[str, Any]]) -> Callable[[], None]:
        """Return what waits for a result to be written and notes what became of it."""

        def wait() -> None:
            with self._noting(task):
                found = {"photo": str(task.source), "output": str(task.target), **outcome.result()}
                self.results.append({**found, "seconds": round(time.perf_counter() - started, 3)})

        return wait

    @contextlib.contextmanager
    def _noting(self, task: Task) -> Iterator[None]:
        """Keep an error about one picture for the end; let one that is the same for every picture pass."""
        try:
            yield
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - told at the end, whatever it is
            self.failures.append((task.source, error))

    def conclude(self, about: dict[str, Any], *, as_json: bool) -> None:
        """Tell what was made and what failed; exit with 1 if anything did."""
        if as_json:
            errors = [{"photo": str(source), "error": describe(error)} for source, error in self.failures]
            print_json({**about, "results": self.results, "errors": errors})
        if len(self.results) == 1:
            say(self.results[0]["output"])
        elif self.results:
            folder = os.path.commonpath([os.path.dirname(result["output"]) or "." for result in self.results])
            say(f"{len(self.results)} pictures written to {folder}")
        for _, error in self.failures:
            say_error(error)
        if self.failures:
            if len(self.failures) + len(self.results) > 1:
                say(f"{len(self.failures)} of {len(self.failures) + len(self.results)} pictures failed")
            raise click.exceptions.Exit(1)

    def _plan(self, sources: list[Path], output: str | None, label: str) -> Iterable[Task]:
        from ppgan_lite.images import WRITABLE, find_images, result_name

        to_folder = output is not None and (os.path.isdir(output) or output.endswith(("/", os.sep)))
        if output is not None and not to_folder:
            suffix = Path(output).suffix
            if len(sources) == 1 and suffix and not sources[0].is_dir():
                yield Task(sources[0], Path(output))
                return
            if suffix.lower() in WRITABLE:
                raise UsageError("--output", f"{output} is one file", "a folder, for more than one picture")
        for source in sources:
            if not source.is_dir():
                if output is None:
                    yield Task(source, source.parent / result_name(source, f"_{label}"))
                else:
                    yield Task(source, Path(output) / result_name(source))
                continue
            if output is None:
                folder = source.resolve().with_name(f"{source.resolve().name}_{label}")
            else:
                folder = Path(output) if len(sources) == 1 else Path(output) / source.resolve().name
            # A result folder inside the source is not a source the next time.
            found = [path for path in find_images(source) if folder.resolve() not in path.resolve().parents]
            if not found:
                self.failures.append((source, ImageError(source, "holds no pictures")))
            for path in found:
                yield Task(path, folder / path.relative_to(source).parent / result_name(path))


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[float, str | None], None]]:
    """Show a bar for more than one picture; yields what moves it to so many pictures, and labels it anew."""
    if total < 2:
        yield lambda done, label: None
        return
    from tqdm import tqdm

    with tqdm(total=total, bar_format="{percentage:3.0f}%|{bar}| {desc}  {elapsed}<{remaining}") as bar:

        def show(done: float, label: str | None) -> None:
            if label is not None:
                bar.set_description_str(label)
            bar.update(done - bar.n)

        yield show
