"""How near a picture is to the one that it should be: PSNR and SSIM. Higher is nearer."""

from __future__ import annotations

import math

import numpy as np

from ppgan_lite.errors import UsageError

_SSIM_WINDOW_PX = 11


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of two pictures in decibels; infinite where they are the same.

    Args:
        a: uint8, uint16, or floats in [0, 1]; (height, width) or (height, width, channels).
        b: Of the same shape and type.

    Raises:
        UsageError: The two do not compare.
    """
    white = _white(a, b)
    error = np.mean(np.square(np.subtract(a, b, dtype=np.float64)))
    return math.inf if error == 0 else float(10 * np.log10(white**2 / error))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Return the structural similarity of two pictures, 1 where they are the same.

    As in Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004): a Gaussian
    window of 11 pixels with a standard deviation of 1.5. Channels are measured one by one and averaged. Where a picture
    has less than 11 pixels, the window sees it mirrored.

    Args:
        a: uint8, uint16, or floats in [0, 1]; (height, width) or (height, width, channels).
        b: Of the same shape and type.

    Raises:
        UsageError: The two do not compare.
    """
    from skimage.metrics import structural_similarity

    white = _white(a, b)
    shorter = min(a.shape[:2])
    return float(
        structural_similarity(
            a,
            b,
            win_size=min(_SSIM_WINDOW_PX, shorter - (shorter + 1) % 2),  # only cuts the border off, see above
            data_range=white,
            channel_axis=2 if a.ndim == 3 else None,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def psnr_and_ssim(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Return the means of PSNR and SSIM over the pictures of two batches.

    Args:
        a: Floats in [0, 1], (batch, channels, height, width).
        b: Of the same shape.

    Raises:
        UsageError: The two do not compare.
    """
    pairs = [(x.transpose(1, 2, 0), y.transpose(1, 2, 0)) for x, y in zip(a, b, strict=True)]
    return {
        "psnr": float(np.mean([psnr(x, y) for x, y in pairs])),
        "ssim": float(np.mean([ssim(x, y) for x, y in pairs])),
    }


def _white(a: np.ndarray, b: np.ndarray) -> float:
    """Return the value of white in two pictures that compare."""
    if a.shape != b.shape or a.dtype != b.dtype or a.ndim not in (2, 3):
        found = f"{a.dtype} {a.shape} and {b.dtype} {b.shape}"
        raise UsageError("metric", found, "two pictures of one shape and type")
    return 1.0 if np.issubdtype(a.dtype, np.floating) else float(np.iinfo(a.dtype).max)
