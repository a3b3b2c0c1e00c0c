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
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ppgan_lite.errors import ImageError, UsageError
from ppgan_lite.runtime.files import identity_of

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata, ResultSettings

Picture = TypeVar("Picture")
Result = TypeVar("Result")
ProgressCallback = Callable[[float], None]

STANDARD_INPUT = STANDARD_OUTPUT = Path("-")
_CHECK_EVERY_S = 0.5  # while a picture is waited for


def read_photo(path: Path, *, keeps_16_bits: bool = False) -> tuple[np.ndarray, ImageMetadata]:
    """Read a picture file as `images.read_image` does; "-" is standard input."""
    from ppgan_lite.images import read_image, read_stream

    if path != STANDARD_INPUT:
        return read_image(path, keeps_16_bits=keeps_16_bits)
    if sys.stdin is None:
        raise ImageError("standard input", "is closed", "a picture")
    return read_stream(sys.stdin.buffer, "standard input", keeps_16_bits=keeps_16_bits)


def write_stream(
    stream: IO[bytes], suffix: str, image: np.ndarray, metadata: ImageMetadata, settings: ResultSettings | None
) -> None:
    """Write a result to standard output, whole or not at all as far as that can be.

    Args:
        stream: Of bytes.
        suffix: Of the format; "" for that of the photo, or PNG where that cannot be written.
        image: As of `images.write_image`.
        metadata: Of the photo.
        settings: That made it.

    Raises:
        ImageError: The format cannot hold it.
        OSError: It cannot be written; a BrokenPipeError where whoever read it is gone.
    """
    from ppgan_lite.images import HOLDS_16_BITS, encode_image, suffix_of

    suffix = suffix or suffix_of(metadata.format)
    if image.dtype.itemsize > 1 and suffix not in HOLDS_16_BITS:
        expected = "--format png or tif, or --depth 8"
        raise ImageError("standard output", f"{suffix[1:]} holds 8 bits per channel, not 16", expected)
    stream.write(encode_image(Path(f"standard output{suffix}"), image, metadata, settings=settings))
    stream.flush()


@dataclass(frozen=True)
class Item:
    """A picture of a batch: the file to read and the file to write.

    Attributes:
        source: "-" is standard input.
        target: "-" is standard output.
        suffix: Of the format on standard output; "" for that of the photo.
    """

    source: Path
    target: Path
    suffix: str = ""

    def __str__(self) -> str:
        return str(self.source)

    @property
    def can_be_deep(self) -> bool:
        """Whether the result's format can hold 16 bits per channel, as far as it is known."""
        from ppgan_lite.images import HOLDS_16_BITS

        suffix = self.suffix or self.target.suffix
        return not suffix or suffix.lower() in HOLDS_16_BITS


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
    suffix: str | None = None,
    name: Callable[[Path], str] | None = None,
    taken: Collection[Path] = (),
    may_be_empty: bool = False,
) -> Plan:
    """Find the pictures of a batch and a target for the result of each.

    Args:
        sources: Files and folders; "-" is standard input.
        output: A file for a single source, "-" for standard output, or a folder, in which the tree of the sources is
            mirrored; None puts each result next to its source.
        label: Part of the name of a result next to its source.
        overwrite: Whether results may replace files; never those that are read.
        skip_existing: Whether to skip pictures whose results are there.
        shard: Which share of the pictures, and of how many, counted from 1: each picture is in one. Shards of one
            command may be made at the same time, by several machines too.
        inputs: Option -> another file that is read, if it is one.
        depth: Bits per channel that each result must hold, 8 or 16; None for as many as it can.
        suffix: Of the results, such as ".png"; None keeps that of each picture, where it can be written.
        name: Gives the name of a picture's result; None keeps the picture's, with the label next to it.
        taken: Targets of other batches.
        may_be_empty: Whether folders may hold no pictures.

    Raises:
        UsageError: The output does not fit the sources.
    """
    from ppgan_lite.images import HOLDS_16_BITS, check_readable, check_writable

    plan = Plan()
    paths = [Path(source) for source in sources]
    items = list(_targets(paths, output, label, suffix, name, plan, may_be_empty=may_be_empty))
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
            if item.target == STANDARD_OUTPUT:
                plan.items.append(item)
                continue
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


@dataclass
class _Read(Generic[Picture]):
    """What became of reading an item: a picture in a list, from which it is taken, or an error."""

    item: Item
    picture: list[Picture]
    error: Exception | None = None

    def take(self) -> Picture:
        """Return the picture, to which nothing else refers then; raise the error."""
        if self.error is not None:
            raise self.error
        return self.picture.pop()


def run_batch(
    items: Iterable[Item],
    read: Callable[[Item], Picture],
    prepare: Callable[[Item], Callable[[Picture, ProgressCallback], Result]],
    write: Callable[[Item, Result], dict[str, Any]],
    observer: Observer,
) -> None:
    """Make a result of each picture.

    While one picture is being processed, the next one is read and the previous one is written; no more than these
    three are in memory.

    Args:
        items: With the file of each; an iterator is asked for a picture when the one before is begun, on another
            thread. It may wait for pictures to come.
        read: Reads the source of an item.
        prepare: Returns the function to apply; called once with the first picture's item, while that is read, and not
            if there is none.
        write: Writes the result of an item; returns values to report about it.
        observer: Is told what happens.
    """
    from ppgan_lite.images import reading_threads

    ahead = iter(items)
    first = next(ahead, None)
    if first is None:
        return

    def read_item(item: Item | None) -> _Read[Picture] | None:
        try:
            return None if item is None else _Read(item, [read(item)])
        except Exception as error:  # noqa: BLE001 - told when it is the item's turn
            assert item is not None
            return _Read(item, [], error)

    written: set[tuple[int, int] | None] = set()
    finish_previous: Callable[[], None] | None = None
    with contextlib.ExitStack() as stack:
        # After an interruption the last result is written and counted; a file that is being read is not waited for.
        stack.callback(lambda: finish_previous and finish_previous())
        writer = stack.enter_context(ThreadPoolExecutor(1))
        reader = stack.enter_context(reading_threads(1))
        upcoming = reader.submit(read_item, first)
        process = prepare(first)
        while True:
            if finish_previous is not None and not upcoming.done():  # the next picture may be long in coming
                finish_previous()
                finish_previous = None
            observer.check()
            while not wait((upcoming,), _CHECK_EVERY_S).done:
                observer.check()
            current = upcoming.result()
            if current is None:
                return
            item, started = current.item, time.perf_counter()
            upcoming = reader.submit(lambda: read_item(next(ahead, None)))
            observer.started(item)
            with _collecting_errors(item, observer):
                # Nothing else refers to the photo: its memory is free before its result is encoded.
                result = process(current.take(), functools.partial(observer.progressed, item))
                if finish_previous is not None:
                    finish_previous()
                    finish_previous = None
                writing = writer.submit(_write_once, write, item, result, written)
                finish_previous = functools.partial(_finish, item, started, writing, observer)
            observer.progressed(item, 1.0)


def _write_once(
    write: Callable[[Item, Result], dict[str, Any]],
    item: Item,
    result: Result,
    written: set[tuple[int, int] | None],
) -> dict[str, Any]:
    """Write a result, but not over another one: names that differ may be the same to a file system."""
    identity = identity_of(item.target, of_link=True)
    if identity is not None and identity in written:
        raise ImageError(item.source, f"its result {item.target} is that of another picture too")
    values = write(item, result)
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
    sources: list[Path],
    output: str | None,
    label: str,
    suffix: str | None,
    name: Callable[[Path], str] | None,
    plan: Plan,
    *,
    may_be_empty: bool,
) -> Iterable[Item]:
    """Yield all pictures with their targets; note what cannot be listed in a plan."""
    from ppgan_lite.images import WRITABLE, find_images, result_name

    def named(source: Path, *labels: str) -> str:
        path = Path(result_name(source, *labels) if name is None else name(source))
        return str(path.with_suffix(suffix or path.suffix))

    if output == str(STANDARD_OUTPUT):
        if len(sources) > 1 or (sources[0] != STANDARD_INPUT and os.path.isdir(sources[0])):
            raise UsageError("--output", "- is for one picture", "a folder, for more than one")
        yield Item(sources[0], STANDARD_OUTPUT, suffix or "")
        return
    if output is None and STANDARD_INPUT in sources:
        raise UsageError("--output", "is missing", "a place for the result of the photo from standard input")
    to_folder = output is not None and (os.path.isdir(output) or output.endswith(("/", os.sep)))
    if output is not None and not to_folder:
        own = Path(output).suffix
        if len(sources) == 1 and own and (sources[0] == STANDARD_INPUT or not os.path.isdir(sources[0])):
            if suffix is not None and WRITABLE[suffix] != WRITABLE.get(own.lower()):
                raise UsageError("--format", f"{suffix[1:]} is not that of {output}", "one of them")
            yield Item(sources[0], Path(output))
            return
        if own.lower() in WRITABLE:
            raise UsageError("--output", f"{output} is one file", "a folder, for more than one picture")
    for source in sources:
        if source == STANDARD_INPUT and output is not None:
            yield Item(source, Path(output) / f"stdin{suffix or '.png'}")
            continue
        if not os.path.isdir(source):
            if output is None:
                yield Item(source, source.parent / named(source, label))
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
            if not (found or refused or may_be_empty):
                raise ImageError(source, "holds no pictures")
        except ImageError as error:
            plan.failures.append((source, error))
            continue
        for path in found:
            yield Item(path, folder / path.relative_to(source).parent / named(path))


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
