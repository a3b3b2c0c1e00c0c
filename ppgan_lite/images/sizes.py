"""Resize pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from ppgan_lite.images.metadata import ImageMetadata


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize a uint8 or uint16 picture, (h, w, 3) or (h, w): by area to shrink, bicubic to enlarge."""
    if image.shape[:2] == (height, width):
        return image
    if image.dtype == np.uint16:
        return _resize_16_bits(image, width, height)
    shrinks = width * height < image.shape[0] * image.shape[1]
    resampling = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize((width, height), resampling))


def _resize_16_bits(image: np.ndarray, width: int, height: int) -> np.ndarray:
    planes = image[..., None] if image.ndim == 2 else image
    result = np.empty((height, width, planes.shape[2]), np.uint16)
    for channel in range(planes.shape[2]):  # one at a time, as Pillow resizes floats of one channel only
        plane = resize(planes[..., channel].astype(np.float32), width, height)
        result[..., channel] = np.clip(np.rint(plane), 0, 65_535)
    return result[..., 0] if image.ndim == 2 else result


def to_depth(image: np.ndarray, bits: int) -> np.ndarray:
    """Return a uint8 or uint16 picture with so many bits per channel, 8 or 16, rounded."""
    if image.dtype.itemsize * 8 == bits:
        return image
    if bits == 16:
        return image.astype(np.uint16) * np.uint16(257)
    pixels = np.empty(image.shape, np.uint8)
    for row, values in enumerate(image):
        pixels[row] = (values.astype(np.uint32) + 128) // 257
    return pixels


def short_side_to(image: np.ndarray, size_px: int) -> np.ndarray:
    """Resize a uint8 picture so that its shorter side has `size_px` pixels, keeping its aspect."""
    height, width = image.shape[:2]
    scale = size_px / min(height, width)
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def long_side_at_most(image: np.ndarray, size_px: int) -> np.ndarray:
    """Shrink a uint8 picture whose longer side has more than `size_px` pixels, keeping its aspect."""
    height, width = image.shape[:2]
    scale = min(1.0, size_px / max(height, width))
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def fitting_metadata(metadata: ImageMetadata, image: np.ndarray) -> ImageMetadata:
    """Return the metadata of a picture with alpha as another picture needs it, which was made from it.

    Args:
        metadata: Of the first.
        image: The other: its size and its depth.
    """
    if metadata.alpha is None:
        return metadata
    height, width = image.shape[:2]
    return replace(metadata, alpha=to_depth(resize(metadata.alpha, width, height), 8 * image.dtype.itemsize))
