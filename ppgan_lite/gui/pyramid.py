"""A picture at its own size and at halves of it, so that any part can be drawn quickly at any scale; without Qt."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ppgan_lite.images import resize

_SMALLEST_PX = 128  # long side
_BAND = 1024  # rows that are halved at a time, so that little memory is used; an even number


@dataclass(frozen=True, eq=False)
class Pyramid:
    """A picture for the screen.

    Attributes:
        image: uint8 or uint16 (height, width, 3) RGB, at its own size; not copied.
        alpha: Opacity, (height, width) of the same type; None where all is opaque.
        halves: The picture at 1/2, 1/4 ... of its size, each side rounded up: uint8 (height, width, 3) RGB; with alpha
            (height, width, 4) RGB, multiplied by it, and alpha.
    """

    image: np.ndarray
    alpha: np.ndarray | None
    halves: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, image: np.ndarray, alpha: np.ndarray | None = None) -> Pyramid:
        """Make the pyramid of a picture; takes a moment where it is large, so not on the window's thread."""
        halves = []
        if max(image.shape[:2]) > _SMALLEST_PX:
            bands = [_halved(band) for band in _bands(image, alpha)]
            halves.append(bands[0] if len(bands) == 1 else np.concatenate(bands))
            while max(halves[-1].shape[:2]) > _SMALLEST_PX:
                halves.append(_halved(halves[-1]))
        return cls(image, alpha, tuple(halves))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    @property
    def halves_bytes(self) -> int:
        """Memory taken in addition to that of the picture."""
        return sum(half.nbytes for half in self.halves)

    def level_for(self, scale: float) -> int:
        """Return how often the picture may be halved to be drawn at a scale (1: as it is) without a loss."""
        return min(max(math.floor(math.log2(1 / scale) + 1e-9), 0), len(self.halves))

    def part(self, level: int, left: int, top: int, right: int, bottom: int) -> np.ndarray:
        """Return some of the pixels of a level as uint8, in the form of `halves`."""
        if level:
            return self.halves[level - 1][top:bottom, left:right]
        image = to_uint8(self.image[top:bottom, left:right])
        return image if self.alpha is None else _with_alpha(image, to_uint8(self.alpha[top:bottom, left:right]))

    def thumbnail(self, size_px: int) -> np.ndarray:
        """Return the picture, without its alpha, as uint8 with a longer side of `size_px` at most."""
        scale = min(1.0, size_px / max(self.size))
        level = self.level_for(scale)
        whole = to_uint8(self.image) if level == 0 else self.halves[level - 1][..., :3]
        width, height = (max(1, round(side * scale)) for side in self.size)
        return resize(np.ascontiguousarray(whole), width, height)


def to_uint8(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 or uint16 pixels as uint8, correctly rounded."""
    return pixels if pixels.dtype == np.uint8 else _uint8_of_uint16()[pixels]


@functools.cache
def _uint8_of_uint16() -> np.ndarray:
    values = np.arange(65536, dtype=np.uint32)
    return ((values * 255 + 32767) // 65535).astype(np.uint8)


def _bands(image: np.ndarray, alpha: np.ndarray | None) -> Iterator[np.ndarray]:
    for top in range(0, image.shape[0], _BAND):
        band = to_uint8(image[top : top + _BAND])
        yield band if alpha is None else _with_alpha(band, to_uint8(alpha[top : top + _BAND]))


def _with_alpha(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return RGB multiplied by alpha, and alpha."""
    product = image * alpha[..., None].astype(np.uint16) + np.uint16(128)
    return np.concatenate([((product + (product >> 8)) >> 8).astype(np.uint8), alpha[..., None]], axis=-1)


def _halved(pixels: np.ndarray) -> np.ndarray:
    # Pillow averages the channels of a mode with alpha as they are, which is right for products with it.
    mode = "RGB" if pixels.shape[-1] == 3 else "RGBa"
    height, width, channels = pixels.shape
    picture = Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1).reduce(2)
    return np.frombuffer(picture.tobytes(), np.uint8).reshape(picture.height, picture.width, channels)
