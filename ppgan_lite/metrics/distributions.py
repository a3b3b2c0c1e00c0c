"""Distances between two sets of pictures, by features: the kernel distance of KID and the Frechet distance of FID.

Named "kid" and "fid" only with the features of the Inception net that the papers take: Binkowski et al., "Demystifying
MMD GANs", ICLR 2018, and Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium", NeurIPS 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ppgan_lite.errors import UsageError

LEAST_PICTURES = 3  # of each set: leaving one out must leave pairs
_BLOCK = 1024  # rows of a kernel matrix that are in memory at a time
_CONFIDENCE = 1.959964  # standard errors on each side of an estimate: 95 %


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95 % confidence interval."""

    value: float
    low: float
    high: float


def kernel_distance(a: np.ndarray, b: np.ndarray) -> Interval:
    """Return the squared maximum mean discrepancy of two sets of features with KID's kernel, (x y / d + 1)^3.

    The unbiased estimate of all pictures. KID is published as the mean over random subsets of 1000, which estimates the
    same number with more variance. It may be negative where the sets hardly differ. The interval is that of the normal
    distribution with the variance of leaving out one picture after the other (the jackknife).

    Args:
        a: A row for each picture, at least three.
        b: The same of the other set.

    Raises:
        UsageError: There are fewer pictures.
    """
    _require_pictures(a, b)
    (in_a, in_b), (across_a, across_b) = (_row_sums(a), _row_sums(b)), _sums_across(a, b)
    m, n = len(a), len(b)
    sum_a, sum_b, across = in_a.sum(), in_b.sum(), across_a.sum()
    own_a, own_b, other = sum_a / (m * (m - 1)), sum_b / (n * (n - 1)), across / (m * n)
    value = own_a + own_b - 2 * other
    without_a = (sum_a - 2 * in_a) / ((m - 1) * (m - 2)) + own_b - 2 * (across - across_a) / ((m - 1) * n)
    without_b = own_a + (sum_b - 2 * in_b) / ((n - 1) * (n - 2)) - 2 * (across - across_b) / (m * (n - 1))
    variance = (m - 1) * without_a.var() + (n - 1) * without_b.var()
    reach = _CONFIDENCE * float(np.sqrt(variance))
    return Interval(float(value), float(value) - reach, float(value) + reach)


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Frechet distance of two sets of features, as if these were normally distributed.

    |mean a - mean b|^2 + trace(A + B - 2 (A B)^(1/2)) of their covariances A and B. The trace of the root is the sum of
    the singular values of X^T Y where A = X X^T and B = Y Y^T: no root of a product is taken, which may be singular and
    need not be symmetric. The distance is biased: fewer pictures give a larger one.

    Args:
        a: A row for each picture, at least three.
        b: The same of the other set.

    Raises:
        UsageError: There are fewer pictures.
    """
    _require_pictures(a, b)
    difference = a.mean(axis=0, dtype=np.float64) - b.mean(axis=0, dtype=np.float64)
    x, y = _root_of_covariance(a), _root_of_covariance(b)
    cross = np.linalg.svd(x.T @ y, compute_uv=False).sum()
    found = difference @ difference + np.square(x).sum() + np.square(y).sum() - 2 * cross
    return max(float(found), 0.0)  # rounding, of equal sets


def _require_pictures(a: np.ndarray, b: np.ndarray) -> None:
    if min(len(a), len(b)) < LEAST_PICTURES:
        found = f"{len(a)} and {len(b)} pictures"
        raise UsageError("metric", found, f"sets of at least {LEAST_PICTURES}")


def _root_of_covariance(features: np.ndarray) -> np.ndarray:
    """Return X with X X^T = the covariance of features, a column for each picture, or dimension if fewer."""
    centered = (features - features.mean(axis=0, dtype=np.float64)) / np.sqrt(len(features) - 1)
    if len(features) <= features.shape[1]:
        return centered.T
    values, vectors = np.linalg.eigh(centered.T @ centered)
    return vectors * np.sqrt(np.maximum(values, 0))


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a.astype(np.float64) @ b.astype(np.float64).T / a.shape[1] + 1) ** 3


def _row_sums(a: np.ndarray) -> np.ndarray:
    """Return, for each row, the sum of the kernel over all other rows."""
    sums = np.empty(len(a))
    for start in range(0, len(a), _BLOCK):
        rows = a[start : start + _BLOCK]
        own = (np.square(rows, dtype=np.float64).sum(axis=1) / a.shape[1] + 1) ** 3
        sums[start : start + _BLOCK] = sum(
            _kernel(rows, a[other : other + _BLOCK]).sum(axis=1) for other in range(0, len(a), _BLOCK)
        )
        sums[start : start + _BLOCK] -= own
    return sums


def _sums_across(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each row of a, the sum of the kernel over b, and the other way round."""
    of_a, of_b = np.zeros(len(a)), np.zeros(len(b))
    for start in range(0, len(a), _BLOCK):
        for other in range(0, len(b), _BLOCK):
            kernel = _kernel(a[start : start + _BLOCK], b[other : other + _BLOCK])
            of_a[start : start + _BLOCK] += kernel.sum(axis=1)
            of_b[other : other + _BLOCK] += kernel.sum(axis=0)
    return of_a, of_b
