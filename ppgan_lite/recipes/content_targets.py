"""What the content of a painting is compared with: the photo as a painter simplifies it, in planes and tones."""

from __future__ import annotations

import math

import numpy as np
import paddle
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import reflect_pad

DISCS = 8  # around each pixel
EVENNESS = 1e-4  # variance below which discs count as equally even
SHARPNESS = 4  # power of a disc's evenness in its weight
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
TONES = 65  # places of the quantiles that a curve of tones leads through


def flattened(photo: paddle.Tensor, radius: int) -> paddle.Tensor:
    """Flatten texture to planes and keep contours: each pixel becomes a mean of the most even of its surroundings.

    Papari et al., "Artistic Edge and Corner Enhancing Smoothing", IEEE Transactions on Image Processing 16, 2007:
    Kuwahara's filter with weights instead of a choice, which would leave seams. Departure: instead of sectors, discs
    that touch the pixel.

    Args:
        photo: N x 3 x H x W, RGB in [0, 1].
        radius: Of these surroundings, in pixels, roughly; 0 changes nothing.
    """
    if not radius:
        return photo
    height, width = photo.shape[2:]
    reach = max(radius // 2, 1)
    mean, square = (_blurred(values, reach) for values in (photo, photo.square()))
    variance = F.relu(square - mean.square()).sum(axis=1, keepdim=True)
    evenness = (variance + EVENNESS) ** -SHARPNESS
    mean = mean * evenness
    total = weights = 0
    for disc in range(DISCS):
        angle = 2 * math.pi * disc / DISCS
        top, left = (2 * reach + round(2 * reach * share) for share in (math.sin(angle), math.cos(angle)))
        place = slice(None), slice(None), slice(top, top + height), slice(left, left + width)
        total, weights = total + mean[place], weights + evenness[place]
    return total / weights


def _blurred(x: paddle.Tensor, reach: int) -> paddle.Tensor:
    """Blur by a disc that reaches twice so far, with a border as wide around the picture."""
    x = reflect_pad(x, 4 * reach)
    for _ in range(2):
        x = F.avg_pool2d(x, 2 * reach + 1, 1)
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
