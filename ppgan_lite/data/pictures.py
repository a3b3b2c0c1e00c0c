"""Picture files as datasets see them: found by content, upright, grey or RGB, 8 or 16 bits, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ppgan_lite.degradations.reduction import luma
from ppgan_lite.errors import DataError, ImageError
from ppgan_lite.images import decode_stored, find_images, resize
from ppgan_lite.runtime.memory import share_of_memory_free

Channels = Literal[1, 3]

# So much of the memory stays free for the training itself.
_SHARE_LEFT_FREE = 0.25


@dataclass(frozen=True)
class Source:
    """The files that a dataset takes one kind of picture from, for the doctor to look at.

    Attributes:
        name: What they become in a sample ("a", "b", "photo", "style").
        files: In the order of their indices.
        crop_px: Side of the square that is cut out of them; a smaller picture is enlarged.
        channels: 1 or 3: what the dataset makes of them.
        halves: Whether each file holds two pictures side by side.
    """

    name: str
    files: tuple[Path, ...]
    crop_px: int
    channels: int = 3
    halves: bool = False


def pictures_in(entries: Iterable[str], what: str, *, exclude: Sequence[str] = ()) -> list[Path]:
    """Return the pictures of folders, searched recursively and by content, and of single files.

    A file with the suffix of a picture is returned whatever it holds, so that a damaged one is told, not passed over.

    Args:
        entries: Folders or files.
        what: What the pictures are for, in messages.
        exclude: File names (without folder) that are left out.

    Raises:
        DataError: An entry does not exist or has no picture.
    """
    left_out, found = set(exclude), []
    for entry in entries:
        path = Path(entry)
        if not path.exists():
            raise DataError(path, "there is no such file or folder", f"pictures to use as {what}")
        try:
            files = find_images(path, by_content=True) if path.is_dir() else [path]
        except ImageError as error:
            raise DataError(error.where, error.found, error.expected, error.remedy) from error
        files = [file for file in files if file.name not in left_out]
        if not files:
            raise DataError(path, "holds no picture", f"at least one to use as {what}")
        found += files
    if not found:
        raise DataError(what, "no folder is given", f"at least one folder or file of pictures to use as {what}")
    return found


class Pictures:
    """Reads picture files for a dataset and keeps them in memory as long as a quarter of it stays free.

    Args:
        channels: 1 for greyscale, 3 for RGB, whatever the files hold.
        largest: (height, width) of a file -> the largest (height, width) that a crop can need; larger pictures are
            shrunk to that before they are kept.
        halves: Whether each file holds two pictures side by side; they are shrunk each for itself.
    """

    def __init__(
        self, channels: Channels, largest: Callable[[int, int], tuple[int, int]], *, halves: bool = False
    ) -> None:
        self.channels = channels
        self.largest = largest
        self.halves = halves
        self._kept: dict[Path, np.ndarray] = {}

    def __getitem__(self, path: Path) -> np.ndarray:
        """Return a picture: uint8 or uint16, upright, (height, width, 3) RGB or (height, width) greyscale.

        Not to be changed: the next caller gets the same array.

        Raises:
            DataError: The file cannot be read.
        """
        image = self._kept.get(path)
        if image is None:
            image = read_pixels(path, self.channels)
            if self.halves:
                image = np.hstack([self._shrunk(half) for half in halves_of(image, path)])
            else:
                image = self._shrunk(image)
            image.flags.writeable = False
            if share_of_memory_free() > _SHARE_LEFT_FREE:
                self._kept[path] = image
        return image

    def _shrunk(self, image: np.ndarray) -> np.ndarray:
        height, width = self.largest(*image.shape[:2])
        return resized(image, width, height)


def halves_of(image: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the left and the right half of a picture.

    Raises:
        DataError: Its width is odd.
    """
    width = image.shape[1]
    if width % 2:
        raise DataError(path, f"is {width} px wide", "an even width: A and B side by side", "Crop it, or take it out")
    return image[:, : width // 2], image[:, width // 2 :]


def read_pixels(path: Path, channels: Channels) -> np.ndarray:
    """Read a picture at its own depth: uint8 or uint16, upright, (height, width, 3) RGB or (height, width) greyscale.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        image, _ = decode_stored(path.read_bytes(), str(path))
    except (ImageError, OSError) as error:
        found = error.found if isinstance(error, ImageError) else f"cannot be read ({error.strerror})"
        remedy = "Replace it or take it out of the folder; `paddlegan doctor` finds all such files"
        raise DataError(path, found, "a picture to train on", remedy) from error
    if channels == 1:
        return luma(image)
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize a uint8 or uint16 picture as `images.resize` does, without a detour through 8 bits."""
    if image.dtype == np.uint8 or image.shape[:2] == (height, width):
        return resize(image, width, height)
    planes = image[..., None] if image.ndim == 2 else image
    planes = np.stack([resize(plane, width, height) for plane in planes.transpose(2, 0, 1).astype(np.float32)], -1)
    result = np.clip(np.rint(planes), 0, np.iinfo(image.dtype).max).astype(image.dtype)
    return result[..., 0] if image.ndim == 2 else result


def to_array(image: np.ndarray, channels: Channels) -> np.ndarray:
    """Turn a uint8 or uint16 picture into a float32 array (channels, height, width) in [0, 1]."""
    if image.ndim == 3 and channels == 1:
        image = luma(image)
    scaled = np.divide(image, np.iinfo(image.dtype).max, dtype=np.float32)
    if scaled.ndim == 2:
        return np.ascontiguousarray(np.broadcast_to(scaled, (channels, *scaled.shape)))
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))
