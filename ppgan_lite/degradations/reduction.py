"""Deterministic losses of information: JPEG compression, fewer pixels, no color."""

from __future__ import annotations

import io
from typing import Annotated

import numpy as np
from PIL import Image

from ppgan_lite.degradations.checks import check_arguments
from ppgan_lite.errors import UsageError
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.signatures import Within

_JPEG_LARGEST_PX = 65_500


def jpeg(image: np.ndarray, quality: Annotated[int, Within(1, 100)] = 30) -> np.ndarray:
    """Compress the picture as JPEG with chroma subsampling, and decode it.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3) RGB; not changed. JPEG keeps 8 of 16 bits.
        quality: Quality of libjpeg, 1 (worst) to 100.

    Returns:
        A new array of the same shape and type.

    Raises:
        UsageError: The parameter is out of range, or the picture is too large for the format.
    """
    check_arguments(jpeg, image, quality=quality)
    if max(image.shape[:2]) > _JPEG_LARGEST_PX:
        raise UsageError("jpeg", f"{image.shape[1]} x {image.shape[0]} pixels", f"sides up to {_JPEG_LARGEST_PX}")
    deep = image.dtype == np.uint16
    file = io.BytesIO()
    Image.fromarray(np.rint(image / 257).astype(np.uint8) if deep else image).save(file, "JPEG", quality=quality)
    worse = np.array(Image.open(file))
    return worse * np.uint16(257) if deep else worse


def downscale(image: np.ndarray, factor: Annotated[float, Within(1, 64)] = 2.0) -> np.ndarray:
    """Shrink the picture by averaging areas.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        factor: Pixels per pixel of the result along each side: 1 to 64; 1 leaves the picture unchanged.

    Returns:
        A new array of the same type; its sides are those of the picture divided by the factor, rounded, at least 1.

    Raises:
        UsageError: The parameter is out of range.
    """
    check_arguments(downscale, image, factor=factor)
    cv2 = opencv()
    height, width = (max(1, round(side / factor)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def grayscale(image: np.ndarray) -> np.ndarray:
    """Convert to grayscale: every channel becomes the luma (Rec. 601).

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3) RGB; not changed.

    Returns:
        A new array of the same shape and type.

    Raises:
        UsageError: The array is not such an image.
    """
    check_arguments(grayscale, image)
    gray = luma(image)
    return gray if image.ndim == 2 else opencv().merge([gray] * 3)


def luma(image: np.ndarray) -> np.ndarray:
    """Return the luma (Rec. 601) of a picture as a new array (height, width) of the same type."""
    if image.ndim == 2:
        return image.copy()
    cv2 = opencv()
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
