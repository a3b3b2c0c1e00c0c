"""Mean and covariance of a picture's colors, and the linear map from one picture's to another's, on NumPy arrays.

`color_alignment` does the same on tensors. The maps are 3 x 3 matrices, so they are computed here in float64, whatever
computes the nets.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

EPSILON = 1e-5
RIDGE = 0.01  # added to a covariance, as a share of the mean variance
CLIPPING_STEPS = 8  # of the search in `before_clipping`, and its limits: how far means are moved and deviations widened
MOST_MOVED, MOST_WIDENED = 0.2, 2.0
SINGLE_THREADED = 1 << 15  # multiplications of a product that OpenBLAS computes in the calling thread

ColorStatistics = tuple[np.ndarray, np.ndarray]  # mean (3,) and covariance (3, 3)


def mean_and_covariance(image: np.ndarray) -> ColorStatistics:
    """Return mean and covariance of the channels of float32 (channels, height, width).

    The covariance has a ridge, for pictures of few pixels. It is computed without BLAS: see `apply_map`.
    """
    flat = image.reshape(len(image), -1)
    mean = flat.mean(axis=1)
    centered = flat - mean[:, None]
    covariance, product = np.empty((len(flat), len(flat)), flat.dtype), np.empty_like(flat[0])
    for row, column in itertools.combinations_with_replacement(range(len(flat)), 2):
        total = np.multiply(centered[row], centered[column], out=product).sum()
        covariance[row, column] = covariance[column, row] = total
    covariance /= max(flat.shape[1] - 1, 1)
    ridge = RIDGE * np.diagonal(covariance).mean() + EPSILON
    return mean, covariance + ridge * np.eye(len(mean), dtype=covariance.dtype)


def align_colors(image: np.ndarray, target: ColorStatistics, strength: float = 1.0) -> np.ndarray:
    """Give float32 (channels, height, width) the mean and covariance `target`; `strength` as in `transport_map`."""
    return apply_map(image, *transport_map(mean_and_covariance(image), target, strength))


def before_clipping(photos: Sequence[np.ndarray], target: ColorStatistics) -> ColorStatistics:
    """Find the statistics that photos have to be given so that they have the target's after clipping to [0, 1].

    A photo that is given those of a painting of black on white loses a quarter of its contrast when it is clipped. The
    search is limited: nothing helps a photo whose colors are all clipped.

    Args:
        photos: float32 (3, height, width) each, in [0, 1].
        target: Of the painting.

    Returns:
        The mean over the photos.
    """
    mean, covariance = (np.asarray(part, np.float64) for part in target)
    found = []
    for photo in photos:
        given_mean, scale = mean, np.ones(len(mean))
        for _ in range(CLIPPING_STEPS):
            given = given_mean, covariance * np.outer(scale, scale)
            clipped_mean, clipped = mean_and_covariance(align_colors(photo, given).clip(0, 1))
            given_mean = np.clip(given_mean + mean - clipped_mean, mean - MOST_MOVED, mean + MOST_MOVED)
            scale = np.clip(scale * np.sqrt(np.diagonal(covariance) / np.diagonal(clipped)), 1.0, MOST_WIDENED)
        found.append((given_mean, covariance * np.outer(scale, scale)))
    means, covariances = zip(*found)
    return np.mean(means, axis=0).astype(np.float32), np.mean(covariances, axis=0).astype(np.float32)


def transport_map(
    own: ColorStatistics, target: ColorStatistics, strength: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the affine map that gives channels of the statistics `own` those of `target`.

    The closed-form optimal transport of Lu et al., "A Closed-Form Solution to Universal Style Transfer", ICCV 2019,
    equation 9: of all such maps the one that moves the values least.

    Args:
        own: Of the picture that is to be mapped.
        target: Of the picture to match.
        strength: 0 is the identity, 1 the full map, between them a blend of the two.

    Returns:
        Matrix (channels, channels) and offset (channels,), float32: mapped = matrix @ values + offset.
    """
    own_mean, own_covariance, mean, covariance = (np.asarray(x, np.float64) for x in (*own, *target))
    # The map is the one symmetric matrix M with M own M = target. With own = L L^T it is found by one eigenvalue
    # problem: M = L^-T (L^T target L)^(1/2) L^-1.
    factor = np.linalg.cholesky(own_covariance)
    inverse = np.linalg.inv(factor)
    values, vectors = np.linalg.eigh(factor.T @ covariance @ factor)
    matrix = inverse.T @ (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T @ inverse
    offset = mean - matrix @ own_mean
    matrix = strength * matrix + (1 - strength) * np.eye(len(mean))
    return matrix.astype(np.float32), (strength * offset).astype(np.float32)


def apply_map(image: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Apply an affine map of the channels to float32 (channels, height, width).

    The picture is mapped in parts, each so small that OpenBLAS stays in the calling thread. Its other threads would
    wait actively when done, and an engine that runs next would share the cores with them.
    """
    flat = image.reshape(len(image), -1)
    positions = max(SINGLE_THREADED // len(flat) ** 2, 1024)
    mapped = np.empty_like(flat)
    for start in range(0, flat.shape[1], positions):
        part = slice(start, start + positions)
        mapped[:, part] = matrix @ flat[:, part]
    mapped += offset[:, None]
    return mapped.reshape(image.shape)
