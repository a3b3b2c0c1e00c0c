"""Photos that wait to be painted, and what became of them; without Qt."""

from __future__ import annotations

import string
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ppgan_lite import images
from ppgan_lite.errors import CancelledError, UsageError
from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.mask_files import naming_mask
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.state import Picture, Request, Result, StyleSettings

if TYPE_CHECKING:
    from ppgan_lite.inference.batch_planning import Item, Plan

NAME_FIELDS = ("name", "style")
DEFAULT_PATTERN = "{name}_{style}"


class Status(Enum):
    """The state of a photo in the queue."""

    WAITING = "waiting"
    RUNNING = "running"  # it is being painted
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # its result was there
    CANCELLED = "cancelled"


ENDED = (Status.DONE, Status.FAILED, Status.SKIPPED, Status.CANCELLED)


@dataclass(frozen=True)
class Output:
    """The folder, names and format of results.

    Attributes:
        folder: None puts each result next to its photo.
        pattern: Of the names, with {name} of the photo and {style}.
        suffix: Of the format, such as ".png"; "" takes the photo's.
        quality: Of JPEG and WebP, 1 to 100.
        replaces: Whether files that are there are replaced; otherwise their photos are skipped.
    """

    folder: Path | None = None
    pattern: str = DEFAULT_PATTERN
    suffix: str = ""
    quality: int = 95
    replaces: bool = False

    def check(self) -> None:
        """Check the pattern.

        Raises:
            UsageError: It has an unknown field, or none for the photo's name.
        """
        try:
            fields = [name for _, name, _, _ in string.Formatter().parse(self.pattern) if name is not None]
        except ValueError:
            fields = [""]
        if "name" not in fields or not set(fields) <= set(NAME_FIELDS) or {"/", "\\"} & set(self.pattern):
            expected = "{name} for the photo's name, and {style} if wanted"
            raise UsageError("name", repr(self.pattern), expected, code="name_pattern")

    def name_of(self, photo: Path, style: str) -> str:
        """Return the name of a photo's result."""
        stem = self.pattern.format(name=photo.stem, style=style)
        return stem + (self.suffix or Path(images.result_name(photo)).suffix)


@dataclass(eq=False)
class QueuedPhoto:
    """A photo or a clip of the queue.

    Attributes:
        item: Its file, and the file of its result.
        choice: Paints it.
        settings: Of the style.
        painting: The painting, where the choice needs one.
        mask: Where it gets the style; None is everywhere.
        output: How its result is written.
        is_clip: Whether it is a clip.
        status: What became of it.
        progress: The painted share, 0 to 1.
        error: Why it failed.
        stop: Set to have it stopped.
    """

    item: Item
    choice: Choice
    settings: StyleSettings
    painting: Picture | None
    mask: Mask | None
    output: Output
    is_clip: bool = False
    status: Status = Status.WAITING
    progress: float = 0.0
    error: BaseException | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class Paint(Protocol):
    """Makes a requested picture, as `PredictorCache.make` does."""

    def __call__(
        self, request: Request, *, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Result: ...


@dataclass
class BatchQueue:
    """Photos in the order in which they were added.

    Attributes:
        photos: All of them, those that ended too.
    """

    photos: list[QueuedPhoto] = field(default_factory=list)
    _seconds: float = 0.0
    _done: int = 0
    _began: float | None = None

    @property
    def waiting(self) -> list[QueuedPhoto]:
        return [photo for photo in self.photos if photo.status is Status.WAITING]

    @property
    def active(self) -> bool:
        """Whether any of them has not ended."""
        return any(not photo.ended for photo in self.photos)

    @property
    def targets(self) -> list[Path]:
        """The files of results that are still to be written."""
        return [photo.item.target for photo in self.photos if not photo.ended]

    def count(self, *statuses: Status) -> int:
        """Return the number of photos in one of these states."""
        return sum(photo.status in statuses for photo in self.photos)

    @property
    def share(self) -> float:
        """The part of the work that is over, 0 to 1."""
        if not self.photos:
            return 0.0
        over = sum(1.0 if photo.ended else photo.progress for photo in self.photos)
        return over / len(self.photos)

    def seconds_left(self, now: float | None = None) -> float | None:
        """Return the expected time to the end; None before the first photo is done."""
        if not self._done:
            return None
        seconds = self._seconds + (0.0 if self._began is None else (now or time.monotonic()) - self._began)
        left = sum(1 - photo.progress for photo in self.photos if not photo.ended)
        begun = sum(photo.progress for photo in self.photos if not photo.ended)
        return left * seconds / (self._done + begun)

    def add(
        self,
        plan: Plan,
        choice: Choice,
        settings: StyleSettings,
        output: Output,
        *,
        painting: Picture | None = None,
        mask: Mask | None = None,
        clips: Collection[Path] = (),
    ) -> list[QueuedPhoto]:
        """Add the photos of a plan, some of which are clips, and those too that need not or cannot be painted."""
        from ppgan_lite.inference.batch_planning import Item

        def queued(item: Item, status: Status = Status.WAITING, error: BaseException | None = None) -> QueuedPhoto:
            is_clip = item.source in clips
            return QueuedPhoto(item, choice, settings, painting, mask, output, is_clip, status, error=error)

        added = [queued(item) for item in plan.items]
        added += [queued(item, Status.SKIPPED) for item in plan.skipped]
        added += [queued(Item(source, source), Status.FAILED, error) for source, error in plan.failures]
        self.photos += added
        return added

    def cancel(self, photo: QueuedPhoto) -> None:
        """Stop a photo, or let it not begin; nothing for one that ended."""
        if photo.ended:
            return
        photo.stop.set()
        if photo.status is Status.WAITING:
            photo.status = Status.CANCELLED

    def retry(self, photo: QueuedPhoto) -> None:
        """Let one that failed, was skipped or stopped wait again."""
        has_target = photo.item.source != photo.item.target  # others could not even be planned
        if photo.ended and photo.status is not Status.DONE and has_target:
            photo.stop = threading.Event()
            photo.status, photo.progress, photo.error = Status.WAITING, 0.0, None

    def forget_ended(self) -> None:
        """Remove those that ended."""
        self.photos = [photo for photo in self.photos if not photo.ended]

    def hear(self, photo: QueuedPhoto, status: Status, value: Any = None) -> None:
        """Take note of what an execution told: a status, with the progress or the error."""
        if status is Status.RUNNING:
            photo.progress = float(value or 0.0)
            self._began = self._began or time.monotonic()
        elif status is Status.FAILED and isinstance(value, CancelledError):
            status = Status.CANCELLED if photo.stop.is_set() else Status.WAITING
        elif status is Status.FAILED:
            photo.error = value
        elif status is Status.DONE:
            self._done += 1
        photo.status = status
        if status is Status.WAITING:
            photo.progress = 0.0

    def pause(self) -> None:
        """Note that an execution has ended: what it had begun waits again."""
        if self._began is not None:
            self._seconds += time.monotonic() - self._began
            self._began = None
        for photo in self.photos:
            if photo.status is Status.RUNNING:
                self.hear(photo, Status.CANCELLED if photo.stop.is_set() else Status.WAITING)


def execute(
    photos: Sequence[QueuedPhoto],
    paint: Paint,
    tell: Callable[[QueuedPhoto, Status, Any], None],
    cancelled: Callable[[], bool],
) -> None:
    """Paint photos one after the other; on a worker thread.

    Args:
        photos: Those that wait.
        paint: Makes a picture.
        tell: Called with a photo, what became of it, and its progress or error.
        cancelled: Asked whether to stop; what is being painted then is given up, what is being written is completed.

    Raises:
        CancelledError: `cancelled` said so.
    """
    from ppgan_lite.inference.batch import run_batch

    queued = {id(photo.item): photo for photo in photos}

    def read(item: Item) -> tuple[QueuedPhoto, Picture]:
        image, metadata = images.read_image(item.source, keeps_16_bits=item.can_be_deep)
        return queued[id(item)], Picture(image, Pyramid(image, None, ()), metadata, item.source)

    def process(read: tuple[QueuedPhoto, Picture], progress: Callable[[float], None]) -> tuple[QueuedPhoto, Result]:
        photo, picture = read
        request = Request(picture, photo.choice, photo.settings, photo.painting, photo.mask)
        result = paint(request, progress=progress, cancelled=lambda: cancelled() or photo.stop.is_set())
        tell(photo, Status.WRITING, None)
        return photo, result

    def write(item: Item, made: tuple[QueuedPhoto, Result]) -> dict[str, Any]:
        photo, result = made
        output, settings = photo.output, naming_mask(result.settings, photo.mask)
        images.write_image(
            item.target,
            result.image,
            result.metadata,
            overwrite=output.replaces,
            settings=settings,
            quality=output.quality,
        )
        return {}

    class Observer:
        def check(self, error: BaseException | None = None) -> None:
            if cancelled():
                raise CancelledError from error

        def started(self, item: Item) -> None:
            tell(queued[id(item)], Status.RUNNING, 0.0)

        def progressed(self, item: Item, fraction: float) -> None:
            if fraction < 1:
                tell(queued[id(item)], Status.RUNNING, fraction)

        def written(self, item: Item, _about: Mapping[str, Any], _seconds: float) -> None:
            tell(queued[id(item)], Status.DONE, None)

        def failed(self, item: Item, error: Exception) -> None:
            tell(queued[id(item)], Status.FAILED, error)

    items = (photo.item for photo in photos if not photo.stop.is_set())
    run_batch(items, read, lambda first: process, write, Observer())
