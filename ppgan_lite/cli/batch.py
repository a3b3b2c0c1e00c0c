"""Batches of pictures, each with a target for its result; a bad picture does not end the batch."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ppgan_lite.cli.interrupts import raise_if_interrupted
from ppgan_lite.cli.terminal import ProgressCallback, describe, print_json, say, say_error
from ppgan_lite.errors import ImageError, UsageError
from ppgan_lite.runtime.files import identity_of

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata

Picture = TypeVar("Picture")
Result = TypeVar("Result")


STANDARD_INPUT = Path("-")


def read_photo(path: Path, *, keeps_16_bits: bool = False) -> tuple[np.ndarray, ImageMetadata]:
    """Read a picture file as `images.read_image` does; "-" is standard input."""
    from ppgan_lite.images import read_image, read_stream

    if path != STANDARD_INPUT:
        return read_image(path, keeps_16_bits=keeps_16_bits)
    if sys.stdin is None:
        raise ImageError("standard input", "is closed", "a picture")
    return read_stream(sys.stdin.buffer, "standard input", keeps_16_bits=keeps_16_bits)


@dataclass(frozen=True)
class Item:
    """A picture of a batch: the file to read and the file to write."""

    source: Path
    target: Path

    @property
    def can_be_deep(self) -> bool:
        """Whether the file to write can hold 16 bits per channel."""
        from ppgan_lite.images import HOLDS_16_BITS

        return self.target.suffix.lower() in HOLDS_16_BITS


class Batch:
    """Pictures to read, each with a target for its result; a bad picture does not end the batch.

    Args:
        sources: Files and folders; "-" is standard input.
        output: A file for a single source, or a folder, in which the tree of the sources is mirrored; None puts each
            result next to its source.
        label: Part of the name of a result next to its source.
        overwrite: Whether results may replace files; never those that are read.
        inputs: Option -> another file that is read, if it is one.
        depth: Bits per channel that each result must hold, 8 or 16; None for as many as it can.
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
    ) -> None:
        from ppgan_lite.images import HOLDS_16_BITS, check_readable, check_writable

        self.items: list[Item] = []
        self.results: list[dict[str, Any]] = []
        self.failures: list[tuple[Path, BaseException]] = []
        self._left_out: Counter[str] = Counter()
        self._written: set[tuple[int, int] | None] = set()
        taken: set[str] = set()
        items = list(self._plan([Path(source) for source in sources], output, label))
        read = {_identity_of(item.source): "is one of the photos" for item in items}
        read |= {identity_of(path): f"is the file of {option}" for option, path in (inputs or {}).items() if path}
        read.pop(None, None)
        for item in items:
            place = os.path.join(os.path.realpath(item.target.parent), item.target.name)
            try:
                if item.source != STANDARD_INPUT:
                    check_readable(item.source)
                if place in taken:
                    raise ImageError(item.source, f"its result {item.target} is that of another picture too")
                if (identity := identity_of(item.target)) in read:
                    found = "is the photo itself" if identity == _identity_of(item.source) else read[identity]
                    raise ImageError(item.target, found, "another name or folder for the result")
                check_writable(item.target, overwrite=overwrite)
                if depth == 16 and not item.can_be_deep:
                    expected = f"one of {' '.join(sorted(HOLDS_16_BITS))}, or --depth 8"
                    raise ImageError(item.target, "holds 8 bits per channel, not 16", expected)
            except ImageError as error:
                self.failures.append((item.source, error))
            else:
                taken.add(place)
                self.items.append(item)

    def run(
        self,
        read: Callable[[Item], Picture],
        prepare: Callable[[], Callable[[Picture, ProgressCallback], Result]],
        write: Callable[[Path, Result], dict[str, Any]],
    ) -> None:
        """Make a result of each picture, with a progress bar for more than one.

        While one picture is being processed, the next one is read and the previous one is written; no more than these
        three are in memory.

        Args:
            read: Reads the source of an item.
            prepare: Returns the function to apply; called once, while the first picture is read, and not if there is
                none.
            write: Writes a result to a target; returns values to report about it.
        """
        from ppgan_lite.images import reading_threads

        if not self.items:
            return
        finish_previous: Callable[[], None] | None = None
        with contextlib.ExitStack() as stack:
            # After an interruption the last result is written and counted; a file that is being read is not waited for.
            stack.callback(lambda: finish_previous and finish_previous())
            writer = stack.enter_context(ThreadPoolExecutor(1))
            reader = stack.enter_context(reading_threads(1))
            next_picture: Future[Picture] | None = reader.submit(read, self.items[0])
            process = prepare()
            show = stack.enter_context(_bar(len(self.items)))
            for done, item in enumerate(self.items):
                raise_if_interrupted()
                show(done, f"{done + 1}/{len(self.items)} {item.source.name}")
                started = time.perf_counter()

                def progress(fraction: float, done: int = done) -> None:
                    raise_if_interrupted()
                    show(done + fraction, None)

                assert next_picture is not None
                current = [next_picture]
                following = self.items[done + 1 : done + 2]
                next_picture = reader.submit(read, following[0]) if following else None
                with self._collecting_errors(item):
                    # Nothing else refers to the photo: its memory is free before its result is encoded.
                    result = process(current.pop().result(), progress)
                    if finish_previous is not None:
                        finish_previous()
                        finish_previous = None
                    finish_previous = self._finishing(
                        item, started, writer.submit(self._write_once, write, item, result)
                    )
                progress(1.0)

    def _write_once(
        self, write: Callable[[Path, Result], dict[str, Any]], item: Item, result: Result
    ) -> dict[str, Any]:
        """Write a result, but not over another one: names that differ may be the same to a file system."""
        identity = identity_of(item.target, of_link=True)
        if identity is not None and identity in self._written:
            raise ImageError(item.source, f"its result {item.target} is that of another picture too")
        values = write(item.target, result)
        self._written.add(identity_of(item.target, of_link=True))
        return values

    def _finishing(self, item: Item, started: float, written: Future[dict[str, Any]]) -> Callable[[], None]:
        """Return a function that waits until a result is written, and records the outcome."""

        def wait() -> None:
            with self._collecting_errors(item):
                result = {"photo": str(item.source), "output": str(item.target), **written.result()}
                self.results.append({**result, "seconds": round(time.perf_counter() - started, 3)})

        return wait

    @contextlib.contextmanager
    def _collecting_errors(self, item: Item) -> Iterator[None]:
        """Collect an error about one picture; raise one that concerns all of them."""
        try:
            yield
        except (UsageError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - reported at the end, whatever it is
            raise_if_interrupted(error)
            self.failures.append((item.source, error))

    def print_json(self, about: dict[str, Any]) -> None:
        """Print results and failures as JSON on stdout."""
        errors = [{"photo": str(source), "error": describe(error)} for source, error in self.failures]
        left_out = {"left_out": dict(self._left_out)} if self._left_out else {}
        print_json({**about, "results": self.results, "errors": errors, **left_out})

    def report(self, about: dict[str, Any], *, as_json: bool) -> None:
        """Print results and failures; exit with 1 if there are failures."""
        from ppgan_lite.images import told_left_out

        if as_json:
            self.print_json(about)
        if len(self.results) == 1:
            say(self.results[0]["output"])
        elif self.results:
            folder = os.path.commonpath([os.path.dirname(result["output"]) or "." for result in self.results])
            say(f"{len(self.results)} pictures written to {folder}")
        for _, error in self.failures:
            say_error(error)
        if self._left_out:
            say(f"left out: {told_left_out(self._left_out)}")
        if self.failures:
            if len(self.failures) + len(self.results) > 1:
                say(f"{len(self.failures)} of {len(self.failures) + len(self.results)} pictures failed")
            raise click.exceptions.Exit(1)

    def _plan(self, sources: list[Path], output: str | None, label: str) -> Iterable[Item]:
        from ppgan_lite.images import WRITABLE, find_images, result_name

        if output == "-":
            raise UsageError("--output", "- is standard output, where JSON goes", "a file or a folder")
        if output is None and STANDARD_INPUT in sources:
            raise UsageError("--output", "is missing", "a place for the result of the photo from standard input")
        to_folder = output is not None and (os.path.isdir(output) or output.endswith(("/", os.sep)))
        if output is not None and not to_folder:
            suffix = Path(output).suffix
            if len(sources) == 1 and suffix and (sources[0] == STANDARD_INPUT or not os.path.isdir(sources[0])):
                yield Item(sources[0], Path(output))
                return
            if suffix.lower() in WRITABLE:
                raise UsageError("--output", f"{output} is one file", "a folder, for more than one picture")
        for source in sources:
            if source == STANDARD_INPUT and output is not None:
                yield Item(source, Path(output) / "stdin.png")
                continue
            if not os.path.isdir(source):
                if output is None:
                    yield Item(source, source.parent / result_name(source, label))
                else:
                    yield Item(source, Path(output) / result_name(source))
                continue
            if output is None:
                folder = source.resolve().with_name(f"{source.resolve().name}_{label}")
            else:
                folder = Path(output) if len(sources) == 1 else Path(output) / source.resolve().name
            try:
                refused: list[ImageError] = []
                # Results of an earlier run are no photos.
                found = find_images(source, without=output, on_error=refused.append, left_out=self._left_out)
                self.failures += [(Path(error.where), error) for error in refused]
                if not found and not refused:
                    raise ImageError(source, "holds no pictures")
            except ImageError as error:
                self.failures.append((source, error))
                continue
            for path in found:
                yield Item(path, folder / path.relative_to(source).parent / result_name(path))


def _identity_of(source: Path) -> tuple[int, int] | None:
    """Return the identity of a source; standard input may be a file."""
    if source != STANDARD_INPUT:
        return identity_of(source)
    with contextlib.suppress(AttributeError, OSError, ValueError):
        status = os.fstat(sys.stdin.fileno())
        return status.st_dev, status.st_ino
    return None


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[float, str | None], None]]:
    """Show a bar for more than one picture; yields a function of the number done and a new label or None."""
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
