"""Square crops of pictures of any size: resize, crop and flip, the same way for both pictures of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ppgan_lite.errors import DataError
from ppgan_lite.images import resize
from ppgan_lite.signatures import PositiveInt

Resize = Literal["short_side", "width", "square", "none"]
# A side in pixels, or the range to draw it from.
Side = PositiveInt | tuple[PositiveInt, PositiveInt]

# CycleGAN and pix2pix resize to 286 and crop 256.
_USUAL_MARGIN = 286 / 256


@dataclass(frozen=True)
class Cut:
    """A square crop of a resized picture.

    Attributes:
        height, width: The size that the whole picture is resized to, in pixels.
        top, left: The corner of the crop in the resized picture.
        size: The side of the crop.
        flip: Whether to flip the crop horizontally.
    """

    height: int
    width: int
    top: int
    left: int
    size: int
    flip: bool

    def times(self, scale: int) -> Cut:
        """Return the crop of the same part of a picture that is `scale` times as large."""
        whole, corner = (self.height * scale, self.width * scale), (self.top * scale, self.left * scale)
        return Cut(*whole, *corner, self.size * scale, self.flip)


@dataclass(frozen=True)
class Policy:
    """Policy for drawing square crops of a picture.

    Attributes:
        size: Side of the crop in pixels.
        resize: How to resize the whole picture first. "short_side" and "width" bring that side to `resize_to` and
            keep the aspect, "square" brings both sides to it, "none" leaves the picture as it is. A picture that is
            still smaller than the crop is enlarged to hold it.
        resize_to: The range of the side, in pixels.
        flip: Whether to flip half of the crops horizontally.
        augment: Whether to draw at random. If not: the middle of the range, the center of the picture, no flip, as for
            validation.
    """

    size: int
    resize: Resize
    resize_to: tuple[int, int]
    flip: bool = True
    augment: bool = True

    def choose(self, image: np.ndarray, rng: np.random.Generator) -> Cut:
        """Draw a crop of a picture (height, width, ...)."""
        low, high = self.resize_to
        side = int(rng.integers(low, high + 1)) if self.augment else (low + high) // 2
        height, width = self._whole(image.shape[0], image.shape[1], side)
        spare = height - self.size, width - self.size
        if not self.augment:
            return Cut(height, width, spare[0] // 2, spare[1] // 2, self.size, False)
        top, left = int(rng.integers(spare[0] + 1)), int(rng.integers(spare[1] + 1))
        return Cut(height, width, top, left, self.size, self.flip and bool(rng.random() < 0.5))

    def largest(self, height: int, width: int) -> tuple[int, int]:
        """Return the largest (height, width) that crops need of a picture of this size, at most its own."""
        if self.resize == "none" or min(height, width) <= self.size:
            return height, width
        needed = self._whole(height, width, self.resize_to[1])
        if self.resize == "square":
            return min(height, needed[0]), min(width, needed[1])
        return needed if needed[0] < height else (height, width)

    def _whole(self, height: int, width: int, side: int) -> tuple[int, int]:
        """Return the (height, width) to resize a picture to."""
        if self.resize == "square":
            return side, side
        if self.resize == "short_side":
            height, width = _scaled(height, width, side / min(height, width))
        elif self.resize == "width":
            height, width = _scaled(height, width, side / width)
        shorter = min(height, width)
        return (height, width) if shorter >= self.size else _scaled(height, width, self.size / shorter)


def policy(
    size: int, resize: Resize = "short_side", resize_to: Side | None = None, *, flip: bool = True, augment: bool = True
) -> Policy:
    """Check the crop settings of a config and return them as a policy.

    Args:
        size: Side of the crop in pixels.
        resize: As in `Policy`.
        resize_to: A side or a range of sides in pixels; by default `size` and an eighth, as in CycleGAN and pix2pix,
            or `size` without augmentation.
        flip: As in `Policy`.
        augment: As in `Policy`.

    Raises:
        DataError: The sizes contradict each other.
    """
    if size < 1:
        raise DataError("size", str(size), "1 pixel or more")
    if resize_to is None:
        resize_to = round(size * _USUAL_MARGIN) if augment else size
    low, high = (resize_to, resize_to) if isinstance(resize_to, int) else resize_to
    if not size <= low <= high:
        found = str(resize_to) if isinstance(resize_to, int) else str(list(resize_to))
        raise DataError("resize_to", found, f"a side, or two rising ones, of at least the crop's {size} px")
    return Policy(size, resize, (low, high), flip, augment)


def cut(image: np.ndarray, where: Cut) -> np.ndarray:
    """Resize a uint8 or uint16 picture, (height, width, 3) or (height, width), and crop it."""
    whole = resize(image, where.width, where.height)
    square = whole[where.top : where.top + where.size, where.left : where.left + where.size]
    return square[:, ::-1] if where.flip else square


def _scaled(height: int, width: int, scale: float) -> tuple[int, int]:
    """Return both sides times a factor, rounded, at least 1."""
    return max(1, round(height * scale)), max(1, round(width * scale))
