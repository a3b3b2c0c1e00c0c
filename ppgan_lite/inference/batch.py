"""Batches of pictures, each with a target for its result; a bad picture does not end the batch.

The command line and the window plan and execute them by these functions.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ppgan_lite.errors import ImageError, UsageError
from ppgan_lite.runtime.files import identity_of

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata

Picture = TypeVar("Picture")
Result = TypeVar("Result")
ProgressCallback = Callable[[float], None]

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


@dataclass
class Plan:
    """What becomes of the pictures of a batch.

    Attributes:
        items: Those to be made.
        skipped: Those whose results are there already.
        failures: Files and folders that cannot be read, or whose results cannot be written.
        left_out: Kinds of files in folders that are no photos, and their numbers.
    """

    items: list[Item] = field(default_factory=list)
    skipped: list[Item] = field(default_factory=list)
    failures: list[tuple[Path, BaseException]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def plan_batch(
    sources: Sequence[str | Path],
    output: str | None,
    *,
    label: str = "",
    overwrite: bool,
    skip_existing: bool = False,
    shard: tuple[int, int] = (1, 1),
    inputs: Mapping[str, str | None] | None = None,
    depth: int | None = None,
    name: Callable[[Path], str] | None = None,
    taken: Collection[Path] = (),
) -> Plan:
    """Find the pictures of a batch and a target for the result of each.

    Args:
        sources: Files and folders; "-" is standard input.
        output: A file for a single source, or a folder, in which the tree of the sources is mirrored; None puts each
            result next to its source.
        label: Part of the name of a result next to its source.
        overwrite: Whether results may replace files; never those that are read.
        skip_existing: Whether to skip pictures whose results are there.
        shard: Which share of the pictures, and of how many, counted from 1: each picture is in one. Shards of one
            command may be made at the same time, by several machines too.
        inputs: Option -> another file that is read, if it is one.
        depth: Bits per channel that each result must hold, 8 or 16; None for as many as it can.
        name: Gives the name of a picture's result; None keeps the picture's, with the label next to it.
        taken: Targets of other batches.

    Raises:
        UsageError: The output does not fit the sources.
    """
    from ppgan_lite.images import HOLDS_16_BITS, check_readable, check_writable

    plan = Plan()
    items = list(_targets([Path(source) for source in sources], output, label, name, plan))
    read = {_identity_of(item.source): "is one of the photos" for item in items}
    read |= {identity_of(path): f"is the file of {option}" for option, path in (inputs or {}).items() if path}
    read.pop(None, None)
    places = {_place_of(target) for target in taken}
    for number, item in enumerate(items):
        place = _place_of(item.target)
        if number % shard[1] != shard[0] - 1:
            places.add(place)
            continue
        try:
            if item.source != STANDARD_INPUT:
                check_readable(item.source)
            if place in places:
                raise ImageError(item.source, f"its result {item.target} is that of another picture too")
            if (identity := identity_of(item.target)) in read:
                found = "is the photo itself" if identity == _identity_of(item.source) else read[identity]
                raise ImageError(item.target, found, "another name or folder for the result")
            if skip_existing and item.target.is_file():
                plan.skipped.append(item)
                continue
            check_writable(item.target, overwrite=overwrite)
            if depth == 16 and not item.can_be_deep:
                expected = f"one of {' '.join(sorted(HOLDS_16_BITS))}, or --depth 8"
                raise ImageError(item.target, "holds 8 bits per channel, not 16", expected)
        except ImageError as error:
            plan.failures.append((item.source, error))
        else:
            places.add(place)
            plan.items.append(item)
    return plan


class Observer(Protocol):
    """Is told what happens in a batch, and may end it."""

    def check(self, error: BaseException | None = None) -> None:
        """Raise an error where the batch is to end: between two pictures, or after an error of one."""

    def started(self, item: Item) -> None:
        """Hear that a picture is next."""

    def progressed(self, item: Item, fraction: float) -> None:
        """Hear the finished share of a picture, 0 to 1; may raise what `check` raises."""

    def written(self, item: Item, about: Mapping[str, Any], seconds: float) -> None:
        """Hear that a result is written, the values to report about it, and the time that it took."""

    def failed(self, item: Item, error: Exception) -> None:
        """Hear that a picture could not be made, and why."""


def run_batch(
    items: Iterable[Item],
    read: Callable[[Item], Picture],
    prepare: Callable[[], Callable[[Picture, ProgressCallback], Result]],
    write: Callable[[Path, Result], dict[str, Any]],
    observer: Observer,
) -> None:
    """Make a result of each picture.

    While one picture is being processed, the next one is read and the previous one is written; no more than these
    three are in memory.

    Args:
        items: With the file of each; an iterator is asked for a picture when the one before is begun.
        read: Reads the source of an item.
        prepare: Returns the function to apply; called once, while the first picture is read, and not if there is none.
        write: Writes a result to a target; returns values to report about it.
        observer: Is told what happens.
    """
    from ppgan_lite.images import reading_threads

    ahead = iter(items)
    item = next(ahead, None)
    if item is None:
        return
    written: set[tuple[int, int] | None] = set()
    finish_previous: Callable[[], None] | None = None
    with contextlib.ExitStack() as stack:
        # After an interruption the last result is written and counted; a file that is being read is not waited for.
        stack.callback(lambda: finish_previous and finish_previous())
        writer = stack.enter_context(ThreadPoolExecutor(1))
        reader = stack.enter_context(reading_threads(1))
        next_picture: Future[Picture] | None = reader.submit(read, item)
        process = prepare()
        while item is not None:
            observer.check()
            observer.started(item)
            started = time.perf_counter()
            assert next_picture is not None
            current = [next_picture]
            following = next(ahead, None)
            next_picture = None if following is None else reader.submit(read, following)
            with _collecting_errors(item, observer):
                # Nothing else refers to the photo: its memory is free before its result is encoded.
                result = process(current.pop().result(), functools.partial(observer.progressed, item))
                if finish_previous is not None:
                    finish_previous()
                    finish_previous = None
                writing = writer.submit(_write_once, write, item, result, written)
                finish_previous = functools.partial(_finish, item, started, writing, observer)
            observer.progressed(item, 1.0)
            item = following


def _write_once(
    write: Callable[[Path, Result], dict[str, Any]],
    item: Item,
    result: Result,
    written: set[tuple[int, int] | None],
) -> dict[str, Any]:
    """Write a result, but not over another one: names that differ may be the same to a file system."""
    identity = identity_of(item.target, of_link=True)
    if identity is not None and identity in written:
        raise ImageError(item.source, f"its result {item.target} is that of another picture too")
    values = write(item.target, result)
    written.add(identity_of(item.target, of_link=True))
    return values


def _finish(item: Item, started: float, writing: Future[dict[str, Any]], observer: Observer) -> None:
    """Wait until a result is written, and tell the outcome."""
    with _collecting_errors(item, observer):
        about = writing.result()
        observer.written(item, about, time.perf_counter() - started)


@contextlib.contextmanager
def _collecting_errors(item: Item, observer: Observer) -> Iterator[None]:
    """Tell an error about one picture; raise one that ends the batch."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - told, whatever it is
        observer.check(error)
        observer.failed(item, error)


def _targets(
    sources: list[Path], output: str | None, label: str, name: Callable[[Path], str] | None, plan: Plan
) -> Iterable[Item]:
    """Yield all pictures with their targets; note what cannot be listed in a plan."""
    from ppgan_lite.images import WRITABLE, find_images, result_name

    named = name or result_name
    beside = name or functools.partial(_labelled, label)
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
                yield Item(source, source.parent / beside(source))
            else:
                yield Item(source, Path(output) / named(source))
            continue
        if output is None:
            folder = source.resolve().with_name(f"{source.resolve().name}_{label}")
        else:
            folder = Path(output) if len(sources) == 1 else Path(output) / source.resolve().name
        try:
            refused: list[ImageError] = []
            # Results of an earlier run are no photos.
            found = find_images(source, without=output, on_error=refused.append, left_out=plan.left_out)
            plan.failures += [(Path(error.where), error) for error in refused]
            if not found and not refused:
                raise ImageError(source, "holds no pictures")
        except ImageError as error:
            plan.failures.append((source, error))
            continue
        for path in found:
            yield Item(path, folder / path.relative_to(source).parent / named(path))


def _labelled(label: str, source: Path) -> str:
    from ppgan_lite.images import result_name

    return result_name(source, label)


def _place_of(target: Path) -> str:
    """Return a path of a file that may not be there yet, the same by whatever links its folder is reached."""
    return os.path.join(os.path.realpath(target.parent), target.name)


def _identity_of(source: Path) -> tuple[int, int] | None:
    """Return the identity of a source; standard input may be a file."""
    if source != STANDARD_INPUT:
        return identity_of(source)
    with contextlib.suppress(AttributeError, OSError, ValueError):
        status = os.fstat(sys.stdin.fileno())
        return status.st_dev, status.st_ino
    return None
