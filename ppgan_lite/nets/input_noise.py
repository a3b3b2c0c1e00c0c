"""Input noise: soft noise that is added to a photo before it is drafted, on NumPy arrays.

Without it a net answers a clear sky with a clear sky, whatever the style loss says. Not in the LapStyle paper.
"""

from __future__ import annotations

import numpy as np

FINE_PX = 3  # width of the fine blobs, each of which becomes a stroke of about twice that width
COARSER = 3  # how many times wider the coarse blobs are, which become patches


def soft_noise(noise: np.ndarray) -> np.ndarray:
    """Turn white noise into the sum of two blurred copies, a fine and a coarse one.

    The noise is blurred, not enlarged, so that it has no grid; the coarse copy is blurred while it is small and then
    enlarged smoothly, which takes a tenth of the time.

    Args:
        noise: float32 (..., height, width), of unit variance; both at least 1.

    Returns:
        float32, the same shape; either copy has a variance of about 1.
    """
    height, width = noise.shape[-2:]
    coarse = _blur(noise[..., ::COARSER, ::COARSER])
    coarse = _enlarge(_enlarge(coarse, height).swapaxes(-1, -2), width).swapaxes(-1, -2)
    return _blur(noise) + coarse


def _blur(noise: np.ndarray) -> np.ndarray:
    """Blur the last two axes to blobs of FINE_PX, keeping the variance; zeros lie beyond the edges."""
    reach = 2 * FINE_PX
    x = np.arange(-reach, reach + 1)
    profile = np.exp(-(x * x) / (2 * (FINE_PX / 2) ** 2))
    profile = (profile / np.sqrt(np.square(profile).sum())).astype(np.float32)
    for _ in range(2):
        padded = np.pad(noise, [(0, 0)] * (noise.ndim - 2) + [(reach, reach), (0, 0)])
        rows = noise.shape[-2]
        noise = sum(weight * padded[..., start : start + rows, :] for start, weight in enumerate(profile))
        noise = noise.swapaxes(-1, -2)
    return noise


def _enlarge(values: np.ndarray, rows: int) -> np.ndarray:
    """Resize the last axis but one linearly, with half-pixel centers."""
    count = values.shape[-2]
    place = np.clip((np.arange(rows) + 0.5) * count / rows - 0.5, 0, count - 1)
    lower = np.minimum(place.astype(np.int64), max(count - 2, 0))
    upper = np.minimum(lower + 1, count - 1)
    share = (place - lower).astype(np.float32)[:, None]
    return values[..., lower, :] * (1 - share) + values[..., upper, :] * share
