"""The target of a painting's content: the photo as a painter simplifies it, in planes and tones.

NumPy: Paddle (3.3) takes ten times as long to add slices.
"""

from __future__ import annotations

import functools
import math

import numpy as np

DISCS = 8  # around each pixel
EVENNESS = np.float32(1e-4)  # variance below which discs count as equally even
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
TONES = 65  # places of the quantiles that a curve of tones leads through


def flattened(photo: np.ndarray, radius: int) -> np.ndarray:
    """Flatten texture to planes and keep contours: each pixel becomes a mean of the most even of its surroundings.

    Papari et al., "Artistic Edge and Corner Enhancing Smoothing", IEEE Transactions on Image Processing 16, 2007:
    Kuwahara's filter with weights instead of a choice, which would leave seams. Departure: instead of sectors, discs
    that touch the pixel.

    Args:
        photo: N x 3 x H x W, float32, RGB in [0, 1].
        radius: Of these surroundings, in pixels, roughly; 0 changes nothing.
    """
    if not radius:
        return photo
    height, width = photo.shape[2:]
    reach = max(radius // 2, 1)
    mean, square = np.split(_blurred(np.concatenate([photo, photo * photo], axis=1), reach), 2, axis=1)
    variance = np.maximum(square - mean * mean, 0).sum(axis=1, keepdims=True)
    evenness = 1 / np.square(np.square(variance + EVENNESS))
    weighted = np.concatenate([mean * evenness, evenness], axis=1)
    total = np.zeros_like(weighted[:, :, :height, :width])
    for disc in range(DISCS):
        angle = 2 * math.pi * disc / DISCS
        top, left = (2 * reach + round(2 * reach * share) for share in (math.sin(angle), math.cos(angle)))
        total += weighted[:, :, top : top + height, left : left + width]
    return total[:, :3] / total[:, 3:]


def _blurred(x: np.ndarray, reach: int) -> np.ndarray:
    """Blur by a disc that reaches twice so far, with a border as wide around the picture."""
    border, count = (4 * reach, 4 * reach), 2 * reach + 1
    x = np.pad(x, ((0, 0), (0, 0), border, border), "reflect")
    for _ in range(2):
        height, width = x.shape[2] - 2 * reach, x.shape[3] - 2 * reach
        rows = functools.reduce(np.add, (x[:, :, place : place + height] for place in range(count)))
        x = functools.reduce(np.add, (rows[..., place : place + width] for place in range(count)))
        x /= np.float32(count * count)
    return x


def toned(photo: np.ndarray, whole: np.ndarray, painting: np.ndarray, share: float) -> np.ndarray:
    """Move a photo's brightness towards the painting's tones: paper becomes white, and ink black.

    Mean and covariance say nothing about them. Each quantile of the photo's brightness goes to that of the painting's
    (Gonzalez and Woods, "Digital Image Processing", section 3.3.2); colors keep their differences from gray.

    Args:
        photo: 3 x H x W, RGB in [0, 1]: a crop.
        whole: 3 x h x w: pixels of the whole photo.
        painting: 3 x h x w.
        share: Of the way that is gone, in [0, 1].

    Returns:
        3 x H x W in [0, 1].
    """
    shares = np.linspace(0, 1, TONES)
    own, wanted = (np.quantile(brightness(picture), shares) for picture in (whole, painting))
    bright = brightness(photo)
    moved = np.interp(bright, own, wanted) - bright
    return (photo + np.float32(share) * moved.astype(np.float32)).clip(0, 1)


def brightness(picture: np.ndarray) -> np.ndarray:
    """Return the luma of 3 x H x W (ITU-R BT.601): H x W."""
    return np.tensordot(LUMA, picture, 1)
