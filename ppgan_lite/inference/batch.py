"""Batches of pictures, each with a target for its result; a bad picture does not end the batch.

The command line and the window plan them by `batch_planning`, and execute them by these functions.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from ppgan_lite.errors import ImageError
from ppgan_lite.inference.batch_planning import STANDARD_INPUT, Item
from ppgan_lite.runtime.files import identity_of

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata, ResultSettings

Picture = TypeVar("Picture")
Result = TypeVar("Result")
ProgressCallback = Callable[[float], None]

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
    """The outcome of reading an item: a picture in a list, from which it is taken, or an error."""

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
    *,
    at_once: int = 1,
) -> None:
    """Make a result of each picture.

    While one picture is being processed, the next one is read and the previous one is written; no more than these
    three are in memory. With several at once, each has a thread that processes and writes it.

    Args:
        items: With the file of each; an iterator is asked for a picture when the one before is begun, on another
            thread. It may wait for pictures to come.
        read: Reads the source of an item.
        prepare: Returns the function to apply; called once with the first picture's item, while that is read, and not
            if there is none.
        write: Writes the result of an item; returns values to report about it. One is written at a time.
        observer: Is told what happens, one thing at a time; started and ended pictures in the order of the items.
        at_once: How many pictures are processed at a time; a single one by the calling thread.
    """
    from ppgan_lite.images import reading_threads

    ahead = iter(items)
    first = next(ahead, None)
    if first is None:
        return

    def read_item(item: Item | None) -> _Read[Picture] | None:
        if item is None:
            return None
        try:
            return _Read(item, [read(item)])
        except Exception as error:  # noqa: BLE001 - told when it is the item's turn
            return _Read(item, [], error)

    with reading_threads(1) as reader:
        upcoming: Future[_Read[Picture] | None] | None = reader.submit(read_item, first)
        with _Making(prepare(first), write, observer, at_once) as making:
            while upcoming or making.begun:
                observer.check()
                if making.tell_first():
                    continue
                if upcoming is None or not making.has_room:
                    making.wait()
                elif not upcoming.done():  # the next picture may be long in coming
                    making.wait(upcoming)
                elif (current := upcoming.result()) is None:
                    upcoming = None
                else:
                    upcoming = reader.submit(lambda: read_item(next(ahead, None)))
                    making.begin(current)


class _Making(Generic[Picture, Result]):
    """The pictures of a batch that are being made. As a context, it ends with those results that are written.

    Args:
        process: The function to apply to each picture.
        write: As of `run_batch`, like all others.
        observer: See there.
        at_once: See there.

    Attributes:
        begun: Those whose outcome is not told yet, in the order of the items.
    """

    def __init__(
        self,
        process: Callable[[Picture, ProgressCallback], Result],
        write: Callable[[Item, Result], dict[str, Any]],
        observer: Observer,
        at_once: int,
    ) -> None:
        self._process, self._write, self._observer, self._at_once = process, write, observer, at_once
        self._threads = ThreadPoolExecutor(at_once)
        self._written: set[tuple[int, int] | None] = set()
        self._telling, self._writing, self._stopped = threading.Lock(), threading.Lock(), threading.Event()
        self.begun: deque[_Begun] = deque()

    def __enter__(self) -> _Making[Picture, Result]:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        for one in self.begun:  # after an error or Ctrl-C
            if one.outcome.exception() is None:
                self._tell_written(one)
        self._threads.shutdown()

    @property
    def has_room(self) -> bool:
        """Whether one more can be begun; with one at a time the one before may still be written."""
        return len(self._unfinished) < max(self._at_once, 2)

    def begin(self, read: _Read[Picture]) -> None:
        """Begin to make a picture; with one at a time this returns when it is processed."""
        item, started = read.item, time.perf_counter()
        with self._collecting_errors(item):
            with self._telling:
                self._observer.started(item)
            if self._at_once == 1:
                outcome = self._threads.submit(self._write_once, item, self._processed(read))
            else:
                make = functools.partial(copy_context().run, lambda: self._write_once(item, self._processed(read)))
                outcome = self._threads.submit(make)
            self.begun.append(_Begun(item, started, outcome))

    def tell_first(self) -> bool:
        """Tell the outcome of the first one that is begun, if it has come; return whether it has."""
        if not self.begun or not self.begun[0].outcome.done():
            return False
        one = self.begun.popleft()
        with self._collecting_errors(one.item):
            one.outcome.result()
            self._tell_written(one)
        return True

    def wait(self, *others: Future[Any]) -> None:
        """Wait a while for an outcome, or for one of other futures."""
        wait({*self._unfinished, *others}, _CHECK_EVERY_S, FIRST_COMPLETED)

    @property
    def _unfinished(self) -> list[Future[dict[str, Any]]]:
        return [one.outcome for one in self.begun if not one.outcome.done()]

    def _processed(self, read: _Read[Picture]) -> Result:
        # Nothing else refers to the photo: its memory is free before its result is encoded.
        return self._process(read.take(), functools.partial(self._progressed, read.item))

    def _progressed(self, item: Item, fraction: float) -> None:
        if self._stopped.is_set():
            raise _Stopped
        with self._telling:
            self._observer.progressed(item, fraction)

    def _write_once(self, item: Item, result: Result) -> dict[str, Any]:
        """Write a result, but not over another one: names that differ may be the same to a file system."""
        with self._writing:
            identity = identity_of(item.target, of_link=True)
            if identity is not None and identity in self._written:
                raise ImageError(item.source, f"its result {item.target} is that of another picture too")
            about = self._write(item, result)
            self._written.add(identity_of(item.target, of_link=True))
            return about

    def _tell_written(self, one: _Begun) -> None:
        with self._telling:
            self._observer.written(one.item, one.outcome.result(), time.perf_counter() - one.started)

    @contextlib.contextmanager
    def _collecting_errors(self, item: Item) -> Iterator[None]:
        """Tell an error about one picture; raise one that ends the batch."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - told, whatever it is
            self._observer.check(error)
            with self._telling:
                self._observer.failed(item, error)


class _Begun(NamedTuple):
    """A picture that is being made.

    Attributes:
        item: The picture.
        started: When, by `time.perf_counter`.
        outcome: The values to report about it, when it is written.
    """

    item: Item
    started: float
    outcome: Future[dict[str, Any]]


class _Stopped(Exception):
    """Raised where a picture is being processed when the batch has ended."""
