"""Masks: pictures that say where a photo gets the style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.images import NamedFile, long_side_at_most, resize
from ppgan_lite.inference.arrays import LUMA
from ppgan_lite.runtime.opencv import opencv

MASK_PX = 1024  # long side of a mask, at most: its edge is soft
_FEATHER = 1 / 50  # of the photo's shorter side, where nothing else is asked for


@dataclass(frozen=True, eq=False)
class Mask:
    """The strength of a style by place.

    Attributes:
        pixels: uint8 h x w, see `mask_of`.
        file: The picture, as settings name it.
        inside: Strength where it is white.
        outside: Strength where it is black.
        feather: Width of its edge in pixels of the photo; None follows the picture.
    """

    pixels: np.ndarray
    file: NamedFile
    inside: float = 1.0
    outside: float = 0.0
    feather: float | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The options that are stored with a result, beside the file."""
        return {"strength_outside": self.outside, "feather": self.feather}

    def strength(self, height: int, width: int) -> np.ndarray:
        """Return the map of strength for a photo of a size; see `strength_map`."""
        size = height, width
        return strength_map(self.pixels, size, inside=self.inside, outside=self.outside, feather_px=self.feather)


def mask_of(image: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """Make a mask of any picture: white places get the style, black and transparent ones do not.

    Args:
        image: uint8 H x W x 3 RGB.
        alpha: Opacity, uint8 H x W; None where all is opaque.

    Returns:
        uint8 h x w, the picture shrunk to at most `MASK_PX`.
    """
    small = long_side_at_most(image, MASK_PX)
    mask = np.rint(small @ LUMA).astype(np.uint8)
    if alpha is None:
        return mask
    opacity = resize(alpha, mask.shape[1], mask.shape[0])
    return np.rint(mask * (opacity / np.float32(255))).astype(np.uint8)


def strength_map(
    mask: np.ndarray,
    size: tuple[int, int],
    *,
    inside: float = 1.0,
    outside: float = 0.0,
    feather_px: float | None = None,
) -> np.ndarray:
    """Return the map of strength with which a `Stylizer` paints the masked part of a photo.

    Args:
        mask: uint8 h x w of any size, which is stretched over the photo: 255 is `inside`, 0 is `outside`.
        size: Height and width of the photo.
        inside: Strength, 0 .. 1.
        outside: The same.
        feather_px: How wide the edge of the mask fades, in pixels of the photo: 0 keeps it as it is, None follows the
            photo's size.

    Returns:
        float32 of the photo's shape, at most `MASK_PX` long.

    Raises:
        UsageError: A strength is out of its range, or the feather is negative.
    """
    for name, strength in (("strength", inside), ("strength outside", outside)):
        if not 0 <= strength <= 1:
            raise UsageError(name, f"{strength}", "a number from 0 to 1")
    feather_px = _FEATHER * min(size) if feather_px is None else feather_px
    if not 0 <= feather_px < np.inf:
        raise UsageError("feather", f"{feather_px}", "a number of pixels, 0 or more")
    scale = min(1.0, MASK_PX / max(size))
    height, width = (max(1, round(side * scale)) for side in size)
    shares = resize(mask, width, height).astype(np.float32) / 255
    sigma = feather_px * scale / 4  # four standard deviations hold most of a transition
    if sigma > 0.1:
        shares = opencv().GaussianBlur(shares, (0, 0), sigma, borderType=1).clip(0, 1)  # BORDER_REPLICATE
    return (np.float32(inside) * shares + np.float32(outside) * (1 - shares)).clip(0, 1)  # rounding may leave the range
