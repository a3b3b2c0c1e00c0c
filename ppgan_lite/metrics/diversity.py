"""Diversity: the amount by which results differ from each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

_THUMBNAIL_PX = 16


def thumbnail(image: np.ndarray) -> np.ndarray:
    """Return a uint8 picture (height, width, 3) as float32 of 16 x 16 pixels in [0, 1]."""
    small = Image.fromarray(image).resize((_THUMBNAIL_PX, _THUMBNAIL_PX), Image.Resampling.BOX)
    return np.array(small, np.float32) / np.float32(255)


def diversity(results: Sequence[np.ndarray], sources: Sequence[np.ndarray]) -> float | None:
    """Return how much results differ from each other, as a share of how much the pictures they were made of do.

    The mean difference of two thumbnails, over all pairs. Near 0, every picture gives about the same result: the sign
    of a generator whose modes collapsed. None where it cannot be told: from one picture, from equal sources.

    Args:
        results: Thumbnails of the results.
        sources: Those of their sources, in the same order.
    """
    if len(results) < 2:
        return None
    of_sources = _mean_difference(np.stack(sources))
    return round(_mean_difference(np.stack(results)) / of_sources, 4) if of_sources > 1e-3 else None


def _mean_difference(pictures: np.ndarray) -> float:
    """Return the mean absolute difference over all pairs: in each value's sorted order, how often each gap counts."""
    count = len(pictures)
    ordered = np.sort(pictures.reshape(count, -1).astype(np.float64), axis=0)
    weights = 2 * np.arange(count) - count + 1
    return float((weights @ ordered).mean() / (count * (count - 1) / 2))
