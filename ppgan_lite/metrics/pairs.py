"""PSNR, SSIM and MS-SSIM of a result and its target; higher is closer."""

from __future__ import annotations

import math

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.runtime.opencv import opencv

_SSIM_WINDOW_PX, _SSIM_SIGMA_PX = 11, 1.5
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # the paper's, from the full size to a sixteenth of it
MS_SSIM_LEAST_PX = (_SSIM_WINDOW_PX - 1) * 2 ** (len(_SCALE_WEIGHTS) - 1) + 1  # so that the window fits at each scale


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
    window of 11 pixels with a standard deviation of 1.5. Channels are measured one by one and averaged.
    Pictures of less than 11 pixels are mirrored.

    Args:
        a: uint8, uint16, or floats in [0, 1]; (height, width) or (height, width, channels).
        b: Of the same shape and type.

    Raises:
        UsageError: The two do not compare.
    """
    similarity, _ = _similarity_and_contrast(a.astype(np.float64), b.astype(np.float64), _white(a, b))
    return float(similarity.mean())


def ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Return the multi-scale structural similarity of two pictures, 1 where they are the same.

    As in Wang et al., "Multiscale structural similarity for image quality assessment" (2003): contrast and structure at
    five scales, each half of the one before by averages of 2 x 2 pixels, and luminance at the smallest. An odd row or
    column is repeated before it is halved. Channels are measured one by one and averaged; what is negative counts as 0.

    Args:
        a: uint8, uint16, or floats in [0, 1]; (height, width) or (height, width, channels).
        b: Of the same shape and type.

    Raises:
        UsageError: The two do not compare, or have a side of less than 161 pixels.
    """
    white = _white(a, b)
    if min(a.shape[:2]) < MS_SSIM_LEAST_PX:
        found = f"pictures of {a.shape[1]} x {a.shape[0]} pixels"
        raise UsageError("ms_ssim", found, f"sides of at least {MS_SSIM_LEAST_PX}", "Take ssim for smaller ones")
    a, b = a.astype(np.float64), b.astype(np.float64)
    product: np.ndarray | float = 1.0  # of each channel
    for place, weight in enumerate(_SCALE_WEIGHTS):
        if place:
            a, b = _halved(a), _halved(b)
        similarity, contrast = _similarity_and_contrast(a, b, white)
        factor = similarity if place == len(_SCALE_WEIGHTS) - 1 else contrast
        product = product * np.maximum(factor.mean(axis=(0, 1)), 0) ** weight
    return float(np.mean(product))


def _similarity_and_contrast(a: np.ndarray, b: np.ndarray, white: float) -> tuple[np.ndarray, np.ndarray]:
    """Return SSIM at each place, and its factor of contrast and structure, without the border where windows reach out.

    Pictures that are smaller than a window have no other place, and keep the border.
    """
    mean_a, mean_b = _weighted_mean(a), _weighted_mean(b)
    variance_a = _weighted_mean(a * a) - mean_a**2
    variance_b = _weighted_mean(b * b) - mean_b**2
    covariance = _weighted_mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * white) ** 2, (0.03 * white) ** 2  # the paper's, for values that hardly vary
    contrast = (2 * covariance + c2) / (variance_a + variance_b + c2)
    similarity = contrast * (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    border = (min(_SSIM_WINDOW_PX, *a.shape[:2]) - 1) // 2
    rows, columns = (slice(border, side - border) for side in a.shape[:2])
    return similarity[rows, columns], contrast[rows, columns]


def _halved(values: np.ndarray) -> np.ndarray:
    """Return the averages of 2 x 2 values; an odd row or column is repeated first."""
    height, width = values.shape[:2]
    pads = [(0, height % 2), (0, width % 2), *[(0, 0)] * (values.ndim - 2)]
    values = np.pad(values, pads, mode="edge")
    return values.reshape(len(values) // 2, 2, values.shape[1] // 2, 2, *values.shape[2:]).mean(axis=(1, 3))


def _weighted_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean around each value, weighted by a Gaussian window: float64 of the same shape."""
    cv2 = opencv()
    window = cv2.getGaussianKernel(_SSIM_WINDOW_PX, _SSIM_SIGMA_PX, cv2.CV_64F)
    return cv2.sepFilter2D(values, cv2.CV_64F, window, window, borderType=cv2.BORDER_REFLECT)


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
