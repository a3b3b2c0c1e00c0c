"""Previews: the pictures of a recipe for one fixed batch, on one sheet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def grid(images: Mapping[str, np.ndarray]) -> np.ndarray:
    """Arrange pictures in a grid: a column for each name, a row for each sample.

    Args:
        images: Name -> float array (samples, 3 or 1, height, width) in [0, 1]; sizes may differ.

    Returns:
        uint8 RGB image with a white background.
    """
    columns = [
        np.clip(np.rint(image * 255), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1) for image in images.values()
    ]
    rows, gap = max(len(column) for column in columns), 4
    height = max(column.shape[1] for column in columns)
    sheet = np.full((rows * (height + gap) - gap, sum(c.shape[2] + gap for c in columns) - gap, 3), 255, np.uint8)
    left = 0
    for column in columns:
        for row, image in enumerate(column):
            top = row * (height + gap)
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
        left += column.shape[2] + gap
    return sheet
