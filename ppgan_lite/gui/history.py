"""The last results, each with the request that it answers: undo, redo, comparison; without Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ppgan_lite.errors import PpganError
from ppgan_lite.gui.history_store import Background, PictureStore, StoredPicture, at_once
from ppgan_lite.gui.state import Picture, Result
from ppgan_lite.images import ImageMetadata
from ppgan_lite.runtime.memory import affordable

MOST_RESULTS = 10
THUMBNAIL_PX = 256

# Pictures that are held in memory, of those that are not shown; and where the disk takes no more.
_MEMORY_BYTES = 400_000_000
_WITHOUT_DISK_BYTES = 1_500_000_000
_DISK_BYTES = 6_000_000_000  # ten results of the largest photos that the window opens


@dataclass(eq=False)
class Entry:
    """A result of the history.

    Attributes:
        outline: The result without its pixels, for captions and names: all of it but the pictures.
        thumbnail: uint8 (height, width, 3) RGB, at most `THUMBNAIL_PX` long.
        result: Its picture.
        photo: The photo that it is of.
        painting: The painting that was used, if any.
        saved: The file that holds it; None while it is unsaved.
    """

    outline: Result
    thumbnail: np.ndarray
    result: StoredPicture
    photo: StoredPicture
    painting: StoredPicture | None
    saved: Path | None = None

    @property
    def pictures(self) -> tuple[StoredPicture, ...]:
        """All pictures that belong to it."""
        return tuple(picture for picture in (self.result, self.photo, self.painting) if picture)

    def load(self) -> Result:
        """Return the result, with pictures from disk where they are not in memory; on any thread.

        Raises:
            PpganError: A picture is gone from disk.
        """
        result, photo = self.result.load(), self.photo.load()
        painting = self.painting.load() if self.painting else None
        request = replace(self.outline.request, photo=photo, painting=painting)
        return replace(self.outline, image=result.image, pyramid=result.pyramid, request=request)


class History:
    """The last results, the oldest first; used by one thread.

    Pictures that do not fit into memory go to disk, into a folder of this process alone. The result that is shown, and
    the one that it is compared with, stay in memory.

    Args:
        limit: Number of results; the oldest one makes room for a new one.
        memory_bytes: Size of the pictures in memory; None takes what the machine can spare.
        without_disk_bytes: The same where the disk takes no more: then the oldest results go, saved ones first.
        disk_bytes: Size of the pictures on disk.
        background: Does what takes time.
        changed: Called after each change.
        shown: Called with the result that becomes the current one, later where it has to be read from disk; with None
            where there is none any more.
        compared_shown: The same of the result to compare with.
        troubled: Called with an error that the user should know of.
    """

    def __init__(
        self,
        limit: int = MOST_RESULTS,
        *,
        memory_bytes: float | None = None,
        without_disk_bytes: float | None = None,
        disk_bytes: float = _DISK_BYTES,
        background: Background = at_once,
        changed: Callable[[], None] = lambda: None,
        shown: Callable[[Result | None], None] = lambda result: None,
        compared_shown: Callable[[Result | None], None] = lambda result: None,
        troubled: Callable[[Exception], None] = lambda error: None,
    ) -> None:
        self.entries: list[Entry] = []
        self.current: Entry | None = None
        self.compared: Entry | None = None
        self._limit = limit
        self._without_disk_bytes = without_disk_bytes
        self._background = background
        self._changed = changed
        self._shown = shown
        self._compared_shown = compared_shown
        self._troubled = troubled
        self._told_full = False
        self._entries_of: weakref.WeakKeyDictionary[Result, Entry] = weakref.WeakKeyDictionary()

        def memory() -> float:
            return affordable(_MEMORY_BYTES) if memory_bytes is None else memory_bytes

        self._store = PictureStore(
            memory, disk_bytes, background=background, pinned=self._pinned, full=self._disk_is_full
        )

    @property
    def bytes_in_memory(self) -> int:
        return self._store.bytes_in_memory

    @property
    def bytes_on_disk(self) -> int:
        return self._store.bytes_on_disk

    @property
    def unsaved(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.saved is None]

    def add(self, result: Result) -> Entry:
        """Add a result and make it the current one; it is shown already."""
        request = result.request
        pixels = self._store.put(_pixels_of(result))
        photo = self._store.put(request.photo)
        painting = self._store.put(request.painting) if request.painting else None
        outline = replace(
            result,
            image=pixels.outline.image,
            pyramid=pixels.outline.pyramid,
            request=replace(request, photo=photo.outline, painting=painting.outline if painting else None),
        )
        entry = Entry(outline, result.pyramid.thumbnail(THUMBNAIL_PX), pixels, photo, painting)
        self.entries.append(entry)
        self.current = self._entries_of[result] = entry
        while len(self.entries) > self._limit:
            self._forget(self.entries[0])
        self._store.settle()
        self._changed()
        return entry

    def entry_of(self, result: Result) -> Entry | None:
        """Return the place of a result that was added or shown."""
        entry = self._entries_of.get(result)
        return entry if entry in self.entries else None

    def neighbor(self, step: int) -> Entry | None:
        """Return the result `step` places after the current one, or before it with a negative number.

        Where none is current, the newest one comes before.
        """
        index = len(self.entries) if self.current is None else self.entries.index(self.current)
        index += step
        return self.entries[index] if 0 <= index < len(self.entries) else None

    def step(self, step: int) -> None:
        """Show a neighbor of the current result: -1 undoes, 1 does again."""
        entry = self.neighbor(step)
        if entry is not None:
            self.show(entry)

    def show(self, entry: Entry) -> None:
        """Make a result the current one."""
        self.current = entry
        self._changed()
        self._load(entry, lambda: self.current is entry, self._shown)

    def compare(self, entry: Entry | None) -> None:
        """Compare with a result; None ends that."""
        self.compared = entry
        self._changed()
        if entry is None:
            self._compared_shown(None)
        else:
            self._load(entry, lambda: self.compared is entry, self._compared_shown)

    def leave(self) -> None:
        """Have no current result, as after opening another photo; all are kept."""
        self.current = None
        self._store.settle()
        self._changed()

    def remove(self, entry: Entry) -> None:
        """Forget a result. If it was the current one, the next of the same photo is, or the one before."""
        if entry not in self.entries:
            return
        index, was_current = self.entries.index(entry), entry is self.current
        self._forget(entry)
        self._changed()
        if was_current:
            nearest = [*self.entries[index:], *reversed(self.entries[:index])]
            neighbor = next((other for other in nearest if other.photo is entry.photo), None)
            if neighbor is None:
                self._shown(None)
            else:
                self.show(neighbor)

    def mark_saved(self, entry: Entry, path: Path) -> None:
        """Note that a file holds a result."""
        entry.saved = path
        self._changed()

    def close(self) -> None:
        """Forget all results and remove their files."""
        self.entries.clear()
        self.current = self.compared = None
        self._store.close()

    def _load(self, entry: Entry, is_wanted: Callable[[], bool], then: Callable[[Result | None], None]) -> None:
        def loaded(value: Result | Exception) -> None:
            if isinstance(value, Exception):
                self.remove(entry)
                self._troubled(value)
            elif is_wanted():
                self._entries_of[value] = entry
                self._use(entry, value)
                then(value)

        if all(stored.picture for stored in entry.pictures):
            loaded(entry.load())
        else:
            self._background(entry.load, loaded)

    def _use(self, entry: Entry, result: Result) -> None:
        """Keep the pictures of a loaded result in memory."""
        for stored, picture in (
            (entry.result, entry.result.picture or _pixels_of(result)),
            (entry.photo, result.request.photo),
            (entry.painting, result.request.painting),
        ):
            if stored and picture:
                self._store.use(stored, picture)
        self._store.settle()

    def _pinned(self) -> list[StoredPicture]:
        shown = [entry for entry in (self.current, self.compared) if entry]
        return [stored for entry in shown for stored in entry.pictures]

    def _forget(self, entry: Entry) -> None:
        if entry not in self.entries:
            return
        self.entries.remove(entry)
        for stored in entry.pictures:
            self._store.release(stored)
        self.current = None if self.current is entry else self.current
        if self.compared is entry:
            self.compared = None
            self._compared_shown(None)

    def _disk_is_full(self, error: PpganError) -> None:
        """Tell it once; keep in memory what fits there, and forget the oldest results, saved ones first."""
        wanted = self._without_disk_bytes
        limit = affordable(_WITHOUT_DISK_BYTES) if wanted is None else wanted
        spare = [entry for entry in self.entries if entry not in (self.current, self.compared)]
        for entry in sorted(spare, key=lambda entry: entry.saved is None):
            if self.bytes_in_memory <= limit:
                break
            self._forget(entry)
            self._changed()
        if not self._told_full:
            self._told_full = True
            self._troubled(error)


def _pixels_of(result: Result) -> Picture:
    """Return the picture of a result, with the opacity that it is shown with."""
    return Picture(result.image, result.pyramid, ImageMetadata(alpha=result.pyramid.alpha))
