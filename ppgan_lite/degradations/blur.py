"""Blurs: each value becomes a combination of its neighbors; the border is mirrored."""

from __future__ import annotations

import itertools
import math
from typing import Annotated

import numpy as np

from ppgan_lite.degradations.checks import check_arguments
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.signatures import Within

# The largest square of OpenCV's median for pictures of 16 bits.
_MEDIAN_16_BIT_LARGEST = 5
# That larger squares are copied for, in 16 bits.
_VALUES_AT_ONCE = 2**22
_POINTS_PER_PIXEL = 16


def mean_blur(image: np.ndarray, size: Annotated[int, Within(1, 999)] = 20) -> np.ndarray:
    """Replace each pixel by the mean of the square of `size` x `size` pixels around it.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        size: 1 to 999; 1 leaves the picture unchanged. A square of even size extends one pixel further up and left.

    Returns:
        A new array of the same shape and type.

    Raises:
        UsageError: The parameter is out of range.
    """
    check_arguments(mean_blur, image, size=size)
    return opencv().blur(image, (size, size))


def gaussian_blur(image: np.ndarray, sigma: Annotated[float, Within(0, 100)] = 2.0) -> np.ndarray:
    """Convolve with a Gaussian, approximately as a lens out of focus does.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        sigma: Standard deviation in pixels, 0 to 100; 0 leaves the picture unchanged.

    Returns:
        A new array of the same shape and type.

    Raises:
        UsageError: The parameter is out of range.
    """
    check_arguments(gaussian_blur, image, sigma=sigma)
    return opencv().GaussianBlur(image, (0, 0), sigma) if sigma else image.copy()


def motion_blur(
    image: np.ndarray,
    length: Annotated[float, Within(1, 999)] = 15.0,
    angle: Annotated[float, Within(-360, 360)] | None = None,
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Blur along a straight line, as uniform motion of a camera does.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        length: Length of the line in pixels, 1 to 999; 1 hardly changes the picture.
        angle: Angle of the line in degrees, counterclockwise from horizontal, -360 to 360; random if None.
        rng: Source of a random angle.

    Returns:
        A new array of the same shape and type.

    Raises:
        UsageError: A parameter is out of range.
    """
    check_arguments(motion_blur, image, length=length, angle=angle)
    if angle is None:
        angle = rng.uniform(0, 180)
    return opencv().filter2D(image, -1, _line(length, angle))


def median_blur(image: np.ndarray, size: Annotated[int, Within(1, 255, odd=True)] = 5) -> np.ndarray:
    """Replace each value by the median of the square around it, channel by channel, as cheap denoising does.

    The border is padded with its outermost pixels.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        size: Side of the square in pixels, odd, 1 to 255; 1 leaves the picture unchanged.

    Returns:
        A new array of the same shape and type.

    Raises:
        UsageError: The parameter is out of range.
    """
    check_arguments(median_blur, image, size=size)
    if size == 1:
        return image.copy()
    if image.dtype == np.uint8 or size <= _MEDIAN_16_BIT_LARGEST:
        return opencv().medianBlur(image, size)
    return _median_of_windows(image, size)


def _median_of_windows(image: np.ndarray, size: int) -> np.ndarray:
    """Return the medians of all squares of `size` x `size` pixels, where OpenCV's median does not apply."""
    around = [(size // 2, size // 2)] * 2 + [(0, 0)] * (image.ndim - 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, around, mode="edge"), (size, size), axis=(0, 1))
    result = np.empty_like(image)
    pixels = result[0].size
    parts = np.array_split(np.arange(image.shape[1]), math.ceil(pixels * size**2 / _VALUES_AT_ONCE))
    for row, columns in itertools.product(range(image.shape[0]), (part for part in parts if part.size)):
        part = slice(columns[0], columns[-1] + 1)
        values = windows[row, part].reshape(*result[row, part].shape, size**2)
        result[row, part] = np.partition(values, size**2 // 2, axis=-1)[..., size**2 // 2]
    return result


def _line(length: float, angle: float) -> np.ndarray:
    """Return the kernel of a line through the center, float32, with sum 1; each point is shared by four pixels."""
    half = (length - 1) / 2
    steps = np.linspace(-half, half, max(1, math.ceil(length * _POINTS_PER_PIXEL)))
    reach = math.ceil(half) + 1
    x = reach + steps * math.cos(math.radians(angle))
    y = reach - steps * math.sin(math.radians(angle))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for row, share_y in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, share_x in ((left, 1 - (x - left)), (left + 1, x - left)):
            np.add.at(kernel, (row, column), share_y * share_x)
    return (kernel / kernel.sum()).astype(np.float32)
