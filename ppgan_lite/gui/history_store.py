"""Pictures in memory, and on disk where memory is short; without Qt."""

from __future__ import annotations

import contextlib
import shutil
import weakref
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import PpganError
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.state import Picture
from ppgan_lite.runtime.private_folder import PrivateFolder

# Some space is left to others.
_SPARED_BYTES = 1_000_000_000

# Does work on another thread, then calls a function with its value, or with the exception, on this one.
Background = Callable[[Callable[[], Any], Callable[[Any], None]], None]


def at_once(work: Callable[[], Any], done: Callable[[Any], None]) -> None:
    """Do work on this thread: a `Background` for scripts."""
    try:
        value = work()
    except Exception as error:  # noqa: BLE001 - handed on, whatever it is
        value = error
    done(value)


class StoredPicture:
    """A picture of a `PictureStore`.

    Attributes:
        outline: The picture without its pixels: only their shape.
        bytes: Size in memory.
        path: The file that holds it too; None without one.
    """

    def __init__(self, picture: Picture) -> None:
        self.outline = outline_of(picture)
        self.bytes = sum(array.nbytes for array in _arrays(picture).values()) + picture.pyramid.halves_bytes
        self.path: Path | None = None
        self._kept: Picture | None = picture
        self._alive = weakref.ref(picture)  # while others hold it, it need not be read from disk

    @property
    def picture(self) -> Picture | None:
        """The picture, where it is in memory."""
        return self._kept or self._alive()

    @property
    def kept(self) -> bool:
        """Whether the store keeps it in memory."""
        return self._kept is not None

    def load(self) -> Picture:
        """Return the picture, from disk where it is not in memory; on any thread.

        Raises:
            PpganError: Its file is gone or damaged.
        """
        picture = self.picture
        if picture is not None:
            return picture
        assert self.path is not None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            image = arrays["image"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise PpganError(self.path, f"cannot be read again ({error})", "the picture that was put there") from error
        metadata = replace(self.outline.metadata, alpha=arrays.get("alpha"))
        return Picture.of(image, metadata, self.outline.path, title=self.outline.title)

    def write(self, path: Path) -> None:
        """Write the picture, as it is kept, to a file; on any thread.

        Raises:
            OSError: It cannot be written; no part of it is left.
        """
        picture = self._kept
        if picture is None:
            return
        try:
            with path.open("wb") as file:
                np.savez(file, **_arrays(picture))  # type: ignore[arg-type] # NumPy's stubs take them for `allow_pickle`
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise

    def keep(self, picture: Picture) -> None:
        """Hold a picture in memory again."""
        self._kept, self._alive = picture, weakref.ref(picture)

    def drop(self) -> None:
        """Hold it on disk alone."""
        self._kept = None


class PictureStore:
    """Keeps pictures; those that were used longest ago go to disk where they exceed a size. Used by one thread.

    Args:
        memory_bytes: Asked for the size of the pictures that may be in memory.
        disk_bytes: Size of the pictures that may be on disk.
        background: Does what takes time.
        pinned: Asked for the pictures that are to stay in memory.
        full: Called where the disk takes no more, with the reason.
    """

    def __init__(
        self,
        memory_bytes: Callable[[], float],
        disk_bytes: float,
        *,
        background: Background = at_once,
        pinned: Callable[[], Iterable[StoredPicture]],
        full: Callable[[PpganError], None],
    ) -> None:
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._background = background
        self._pinned = pinned
        self._full = full
        self._stored: dict[StoredPicture, int] = {}  # with the number of users; those used longest ago come first
        self._folder: PrivateFolder | None = None
        self._written = 0  # number of files so far
        self._writing = False
        self._closed = False

    @property
    def bytes_in_memory(self) -> int:
        return sum(stored.bytes for stored in self._stored if stored.kept)

    @property
    def bytes_on_disk(self) -> int:
        return sum(stored.bytes for stored in self._stored if stored.path)

    def put(self, picture: Picture) -> StoredPicture:
        """Keep a picture until `release` was called as often as this."""
        stored = next((stored for stored in self._stored if stored.picture is picture), None) or StoredPicture(picture)
        users = self._stored.pop(stored, 0)
        self._stored[stored] = users + 1
        return stored

    def use(self, stored: StoredPicture, picture: Picture) -> None:
        """Keep a picture in memory that was loaded, as the one used last."""
        users = self._stored.pop(stored, None)
        if users is not None:
            self._stored[stored] = users
            stored.keep(picture)

    def release(self, stored: StoredPicture) -> None:
        """Forget a picture, unless it was put more than once."""
        users = self._stored.get(stored, 0) - 1
        if users > 0:
            self._stored[stored] = users
        elif self._stored.pop(stored, None) is not None:
            self._unlink(stored)

    def settle(self) -> None:
        """Move pictures to disk, but not the pinned ones, until all fit into memory."""
        pinned, limit = set(self._pinned()), self._memory_bytes()
        while not self._writing and not self._closed and self.bytes_in_memory > limit:
            candidates = [stored for stored in self._stored if stored.kept and stored not in pinned]
            on_disk = next((stored for stored in candidates if stored.path), None)
            if on_disk is not None:
                on_disk.drop()
            else:
                if candidates:
                    self._spill(candidates[0])  # and goes on when that is written
                return

    def close(self) -> None:
        """Forget all pictures, and remove their files."""
        self._closed = True
        self._stored.clear()
        if self._folder is not None:
            self._folder.close()

    def _spill(self, stored: StoredPicture) -> None:
        """Begin to write a picture to disk."""
        try:
            path = self._place(stored.bytes)
        except (OSError, PpganError) as error:
            self._full(_refusal(error))
            return

        def written(error: Exception | None) -> None:
            self._writing = False
            if error is not None:
                if not self._closed:
                    self._full(_refusal(error))
                return
            stored.path = path
            if self._closed or stored not in self._stored:
                self._unlink(stored)
            else:
                stored.drop()
                self.settle()

        self._writing = True
        self._background(lambda: stored.write(path), written)

    def _place(self, size: int) -> Path:
        """Return the path of a new file of this size."""
        if self._folder is None:
            self._folder = PrivateFolder("history")
        free = min(shutil.disk_usage(self._folder.path).free - _SPARED_BYTES, self._disk_bytes - self.bytes_on_disk)
        if size > free:
            raise PpganError(self._folder.path, f"{max(free, 0) / 1e6:,.0f} MB free", f"{size / 1e6:,.0f} MB")
        self._written += 1
        return self._folder.path / f"{self._written}.npz"

    @staticmethod
    def _unlink(stored: StoredPicture) -> None:
        if stored.path is not None:
            with contextlib.suppress(OSError):
                stored.path.unlink()


def outline_of(picture: Picture) -> Picture:
    """Return a picture of the same shape, file and metadata that takes no memory: all of its pixels are one."""
    image = np.broadcast_to(np.zeros((), picture.image.dtype), picture.image.shape)
    metadata = replace(picture.metadata, alpha=None)
    return Picture(image, Pyramid(image, None, ()), metadata, picture.path, picture.title)


def _arrays(picture: Picture) -> dict[str, np.ndarray]:
    alpha = picture.metadata.alpha
    return {"image": picture.image} | ({} if alpha is None else {"alpha": alpha})


def _refusal(error: Exception) -> PpganError:
    return error if isinstance(error, PpganError) else PpganError("history", f"{error}")
