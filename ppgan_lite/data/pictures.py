"""Picture files for datasets: found by content, read upright, gray or RGB, 8 or 16 bits, kept in memory."""

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

# The share of the memory that stays free for the training itself.
_SHARE_LEFT_FREE = 0.25


@dataclass(frozen=True)
class Source:
    """The files of one kind of picture in a dataset, for the doctor.

    Attributes:
        name: Their name in a sample ("a", "b", "photo", "style").
        files: In the order of their indices.
        crop_px: Side of the crop; a smaller picture is enlarged.
        channels: The number of channels in a sample, 1 or 3.
        halves: Whether each file holds two pictures side by side.
    """

    name: str
    files: tuple[Path, ...]
    crop_px: int
    channels: int = 3
    halves: bool = False


def pictures_in(entries: Iterable[str], use: str, *, exclude: Sequence[str] = ()) -> list[Path]:
    """Return the pictures of folders, searched recursively and by content, and of single files.

    A file with the suffix of a picture is returned whatever it contains, so that damaged ones are reported.

    Args:
        entries: Folders or files.
        use: The use of the pictures, for messages.
        exclude: File names (without folder) to leave out.

    Raises:
        DataError: An entry does not exist or has no picture.
    """
    left_out, found = set(exclude), []
    for entry in entries:
        path = Path(entry)
        if not path.exists():
            raise DataError(path, "there is no such file or folder", f"pictures to use as {use}")
        try:
            files = find_images(path, by_content=True) if path.is_dir() else [path]
        except ImageError as error:
            raise DataError(error.where, error.found, error.expected, error.remedy) from error
        files = [file for file in files if file.name not in left_out]
        if not files:
            raise DataError(path, "holds no picture", f"at least one to use as {use}")
        found += files
    if not found:
        raise DataError(use, "no folder is given", f"at least one folder or file of pictures to use as {use}")
    return found


class Pictures:
    """Picture files of a dataset, kept in memory as long as a quarter of it stays free.

    Args:
        channels: 1 for grayscale, 3 for RGB, whatever the files contain.
        largest: (height, width) of a file -> the largest (height, width) that crops need; larger pictures are shrunk to
            that before they are kept.
        halves: Whether each file holds two pictures side by side, which are shrunk separately.
    """

    def __init__(
        self, channels: Channels, largest: Callable[[int, int], tuple[int, int]], *, halves: bool = False
    ) -> None:
        self.channels = channels
        self.largest = largest
        self.halves = halves
        self._kept: dict[Path, np.ndarray] = {}

    def __getitem__(self, path: Path) -> np.ndarray:
        """Return a picture: uint8 or uint16, upright, (height, width, 3) RGB or (height, width) grayscale.

        The array is shared and read-only.

        Raises:
            DataError: The file cannot be read.
        """
        image = self._kept.get(path)
        if image is None:
            image = read_pixels(path, self.channels)
            if self.halves:
                image = np.hstack([self._resized(half) for half in halves_of(image, path)])
            else:
                image = self._resized(image)
            image.flags.writeable = False
            if share_of_memory_free() > _SHARE_LEFT_FREE:
                self._kept[path] = image
        return image

    def _resized(self, image: np.ndarray) -> np.ndarray:
        height, width = self.largest(*image.shape[:2])
        return resize(image, width, height)


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
    """Read a picture without changing its depth: uint8 or uint16, upright, (height, width, 3) or (height, width) gray.

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


def to_array(image: np.ndarray, channels: Channels) -> np.ndarray:
    """Convert a uint8 or uint16 picture to a float32 array (channels, height, width) in [0, 1]."""
    if image.ndim == 3 and channels == 1:
        image = luma(image)
    scaled = np.divide(image, np.iinfo(image.dtype).max, dtype=np.float32)
    if scaled.ndim == 2:
        return np.ascontiguousarray(np.broadcast_to(scaled, (channels, *scaled.shape)))
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))
