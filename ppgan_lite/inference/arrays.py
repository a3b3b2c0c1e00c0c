"""Images (uint8 or uint16, H x W x 3) to the arrays that nets take (float 1 x C x H x W), and back."""

from __future__ import annotations

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.nets import luma
from ppgan_lite.runtime.opencv import opencv

LUMA = np.array(luma.LUMA, np.float32)


def check_image(name: str, image: np.ndarray) -> None:
    """Refuse anything but a uint8 or uint16 H x W x 3 array of at least one pixel.

    Raises:
        UsageError: It is something else; the message calls it `name`.
    """
    is_image = isinstance(image, np.ndarray) and image.dtype in (np.uint8, np.uint16) and image.ndim == 3
    if not (is_image and image.shape[2] == 3):
        found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
        raise UsageError(name, found, "a uint8 or uint16 array, height x width x 3 (RGB)")
    if 0 in image.shape:
        raise UsageError(name, f"is empty ({image.shape[1]}x{image.shape[0]})", "at least one pixel")


def resized(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a map or a picture that is only looked at, (h, w) or (h, w, C): by area to shrink, linearly to enlarge.

    `images.resize` is for pictures that are seen: bicubic, but for uint8 alone and slower.
    """
    if array.shape[:2] == (height, width):
        return array
    shrinks = height * width < array.shape[0] * array.shape[1]
    return opencv().resize(array, (width, height), interpolation=3 if shrinks else 1)  # INTER_AREA, INTER_LINEAR


def white_of(dtype: np.dtype | type) -> int:
    """Return the largest value of an image's type: 255 or 65,535."""
    return int(np.iinfo(dtype).max)


def to_values(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8 or uint16 H x W x C -> float32 1 x C x H x W in [low, high]."""
    values = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)
    values /= white_of(pixels.dtype)  # in place: memory that is new is paged in, which takes longer than a division
    values *= np.float32(high - low)
    values += np.float32(low)
    return values


def to_pixels(values: np.ndarray, low: float, high: float, dtype: np.dtype | type = np.uint8) -> np.ndarray:
    """Float 1 x C x H x W about [low, high] -> uint8 or uint16 H x W x C."""
    white = white_of(dtype)
    scaled = (values[0] - np.float32(low)) * np.float32(white / (high - low))
    return np.ascontiguousarray(np.rint(scaled.clip(0, white)).astype(dtype).transpose(1, 2, 0))
