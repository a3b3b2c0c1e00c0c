"""Resize pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from ppgan_lite.images.reading import ImageMetadata


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize a uint8 picture, (h, w, 3) or (h, w): by area to shrink, bicubic to enlarge."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    resampling = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize((width, height), resampling))


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
    """Return the metadata of a picture with alpha resized to another picture, which was made from it."""
    height, width = image.shape[:2]
    if metadata.alpha is None or metadata.alpha.shape == (height, width):
        return metadata
    return replace(metadata, alpha=resize(metadata.alpha, width, height))
