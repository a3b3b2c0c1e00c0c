"""A mask that is painted by hand: where a photo gets the style; without Qt."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from ppgan_lite.images import NamedFile, resize

PAINTED_MASK = "a mask painted in the window"  # its name in the settings of a result, where no file holds it
MASK_PX = 1024  # long side, at most, as in `inference.masking`
_KEPT = 50  # states for undo
_SOFTER = 1 / 150  # of the mask's shorter side, each time its edge is softened

Point = tuple[float, float]
Rect = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, eq=False)
class Mask:
    """A finished mask.

    Attributes:
        pixels: uint8 (h, w), which is stretched over the photo: 255 gets the style, 0 does not.
        outside: Strength of the style where the mask is 0.
        feather: How wide its edge fades, in pixels of the photo; 0 as it is, None follows the photo's size.
        path: The file that holds these pixels; None where none does.
        file: The same, as the settings of a result name it.
    """

    pixels: np.ndarray
    outside: float = 0.0
    feather: float | None = 0.0
    path: Path | None = None
    file: NamedFile | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the mask as JSON values, its pixels too."""
        return {
            "size": [self.pixels.shape[1], self.pixels.shape[0]],
            "pixels": base64.b64encode(zlib.compress(np.ascontiguousarray(self.pixels).tobytes())).decode(),
            "outside": self.outside,
            "feather": self.feather,
            "path": None if self.path is None else str(self.path),
            "sha256": None if self.file is None else self.file.sha256,
        }

    @classmethod
    def from_json(cls, values: object) -> Mask | None:
        """Return a stored mask; None for anything else."""
        if not isinstance(values, Mapping):
            return None
        try:
            width, height = (int(side) for side in values["size"])
            outside, feather = float(values["outside"]), values["feather"]
            feather = None if feather is None else float(feather)
            size = width * height
            if not (0 < width <= MASK_PX and 0 < height <= MASK_PX and 0 <= outside <= 1):
                return None
            data = zlib.decompressobj().decompress(base64.b64decode(values["pixels"], validate=True), size + 1)
            pixels = np.frombuffer(data, np.uint8).reshape(height, width)
            path = None if values["path"] is None else Path(str(values["path"]))
            file = None if path is None else NamedFile(path.name, values["sha256"])
        except (KeyError, TypeError, ValueError, binascii.Error, zlib.error):
            return None
        is_width = feather is None or (math.isfinite(feather) and feather >= 0)
        return cls(pixels, outside, feather, path, file) if is_width else None


class MaskCanvas:
    """A mask in the making; a stroke of the brush or the eraser, and all else, can be undone.

    Attributes:
        pixels: As in `Mask`; None where there is no mask, which gives the style to all of the photo.

    Args:
        photo_size: Width and height of the photo.
        pixels: To begin with, of any size.
    """

    def __init__(self, photo_size: tuple[int, int], pixels: np.ndarray | None = None) -> None:
        scale = min(1.0, MASK_PX / max(photo_size))
        self.size = max(1, round(photo_size[0] * scale)), max(1, round(photo_size[1] * scale))
        self.pixels = None if pixels is None else resize(pixels, *self.size).copy()
        self._before: np.ndarray | None = None
        self._stroke: np.ndarray | None = None
        self._target = 255
        self._undo: list[bytes | None] = []
        self._redo: list[bytes | None] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return bool(self._redo)

    def begin(self, *, erases: bool) -> None:
        """Begin a stroke: without a mask the brush paints on an empty one, the eraser takes away from a full one."""
        self._remember()
        self._target = 0 if erases else 255
        if self.pixels is None:
            self.pixels = np.full(self.size[::-1], 255 - self._target, np.uint8)
        self._before = self.pixels.copy()
        self._stroke = np.zeros(self.size[::-1], np.float32)

    def stroke(self, start: Point, end: Point, radius: float, softness: float) -> Rect:
        """Paint from one point to another.

        Args:
            start: x and y in pixels of the mask.
            end: The same.
            radius: Of the brush in pixels of the mask.
            softness: 0 .. 1, the part of the radius over which the brush fades.

        Returns:
            The part of the mask that may have changed; it may be empty.
        """
        assert self._before is not None and self._stroke is not None and self.pixels is not None
        radius = max(radius, 0.5)
        width, height = self.size
        left, right = (
            math.floor(min(start[0], end[0]) - radius),
            math.ceil(max(start[0], end[0]) + radius),
        )
        top, bottom = math.floor(min(start[1], end[1]) - radius), math.ceil(max(start[1], end[1]) + radius)
        left, right = min(max(left, 0), width), min(max(right, 0), width)
        top, bottom = min(max(top, 0), height), min(max(bottom, 0), height)
        part = np.s_[top:bottom, left:right]
        x, y = np.arange(left, right, dtype=np.float32) + 0.5, np.arange(top, bottom, dtype=np.float32)[:, None] + 0.5
        distance = _distance(x, y, start, end)
        fade = max(softness * radius, 1.0)  # never less than a pixel, or the edge would be jagged
        share = np.clip((radius + 0.5 - distance) / fade, 0, 1)
        share = share * share * (3 - 2 * share)
        np.maximum(self._stroke[part], share, out=self._stroke[part])
        before = self._before[part].astype(np.float32)
        self.pixels[part] = np.rint(before + (self._target - before) * self._stroke[part])
        return left, top, right, bottom

    def end(self) -> None:
        """End the stroke."""
        self._before = self._stroke = None

    def invert(self) -> None:
        """Exchange what gets the style and what does not."""
        self._remember()
        self.pixels = np.zeros(self.size[::-1], np.uint8) if self.pixels is None else 255 - self.pixels

    def soften(self) -> None:
        """Make the edge of the mask fade more."""
        self._remember()
        if self.pixels is not None:
            radius = max(min(self.size) * _SOFTER, 1.0)
            softer = Image.fromarray(self.pixels).filter(ImageFilter.GaussianBlur(radius))
            self.pixels = np.asarray(softer).copy()

    def clear(self) -> None:
        """Take the mask away."""
        self._remember()
        self.pixels = None

    def replace(self, pixels: np.ndarray) -> None:
        """Replace the mask by a uint8 picture of any size."""
        self._remember()
        self.pixels = resize(pixels, *self.size).copy()

    def undo(self) -> None:
        """Take back what was done last, if there is anything."""
        self._step(self._undo, self._redo)

    def redo(self) -> None:
        """Do again what was taken back last, if there is anything."""
        self._step(self._redo, self._undo)

    def _remember(self) -> None:
        self._undo = [*self._undo[1 - _KEPT :], self._packed()]
        self._redo.clear()

    def _step(self, source: list[bytes | None], target: list[bytes | None]) -> None:
        if not source or self._stroke is not None:
            return
        target.append(self._packed())
        packed = source.pop()
        self.pixels = None
        if packed is not None:
            self.pixels = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(self.size[::-1]).copy()

    def _packed(self) -> bytes | None:
        return None if self.pixels is None else zlib.compress(self.pixels.tobytes(), 1)


def _distance(x: np.ndarray, y: np.ndarray, start: Point, end: Point) -> np.ndarray:
    """Return the distance of points from a line between two points."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = along_x**2 + along_y**2
    share: np.ndarray | float = 0.0
    if length:
        share = np.clip(((x - start[0]) * along_x + (y - start[1]) * along_y) / length, 0, 1)
    return np.hypot(x - start[0] - share * along_x, y - start[1] - share * along_y)
