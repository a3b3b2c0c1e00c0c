"""Giving a photo's features a painting's statistics: the linear maps, without Paddle, and what they are measured by.

An alignment measures each layer (mean and spread), and turns the statistics of photo and style into an affine map of
the channels. The maps are small matrices, so they are computed here in float64, whatever computes the features.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

ALIGNED_LAYERS = ("relu2_1", "relu3_1", "relu4_1")  # of the encoder
IMAGE = "image"  # where the draft's colours are aligned with the painting's
NORMS = "norms"  # what a painting adds to a net's norms: shifts and scales, in the place of means and spreads
EPSILON = 1e-5
RIDGE = 0.01  # added to a covariance, as a share of the mean variance
ALONE = 1 << 15  # multiplications of a product that OpenBLAS finds in the thread that asks

Alignment = Literal["adain", "optimal_transport"]
Statistic = tuple[np.ndarray, np.ndarray]  # mean (channels,) and spread: (channels,) deviations or a covariance
Style = Mapping[str, Statistic]  # by layer, IMAGE among them


def aligned_parts(alignment: Alignment) -> tuple[str, ...]:
    """Return where an alignment measures a painting: layers of the encoder, and the picture itself for covariances."""
    return ALIGNED_LAYERS if alignment == "adain" else (*ALIGNED_LAYERS, IMAGE)


def measure(features: np.ndarray, alignment: Alignment) -> Statistic:
    """Return the statistics of a layer that an alignment goes by.

    Args:
        features: float32 (channels, height, width).
        alignment: "adain" takes standard deviations, "optimal_transport" the covariance of the channels, with a ridge
            for maps of few positions.
    """
    flat = features.reshape(len(features), -1)
    mean = flat.mean(axis=1)
    centred = flat - mean[:, None]
    freedom = max(flat.shape[1] - 1, 1)
    if alignment == "adain":
        return mean, np.sqrt(np.square(centred).sum(axis=1) / freedom + EPSILON)
    if len(centred) == 3:  # colours, without BLAS: see `apply_map`
        covariance = np.array([[(one * other).sum() for other in centred] for one in centred]) / freedom
    else:
        covariance = centred @ centred.T / freedom
    ridge = RIDGE * np.diagonal(covariance).mean() + EPSILON
    return mean, covariance + ridge * np.eye(len(mean), dtype=covariance.dtype)


def apply_map(features: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Apply an affine map of the channels to float32 (channels, height, width).

    Few channels are mapped in parts, each so small that OpenBLAS does it in the thread that asks. Its other threads
    would wait actively when done, and an engine that runs next would share the cores with them.
    """
    flat = features.reshape(len(features), -1)
    positions = max(ALONE // len(flat) ** 2, 1024)
    parts = (flat[:, start : start + positions] for start in range(0, flat.shape[1], positions))
    mapped = np.concatenate([matrix @ part for part in parts], axis=1)
    mapped += offset[:, None]
    return mapped.reshape(features.shape)


def alignment_map(own: Statistic, style: Statistic, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the affine map that gives channels of the statistics `own` those of `style`.

    A spread that is a vector holds standard deviations: AdaIN (Huang and Belongie, ICCV 2017, section 5). One that is a
    matrix is a covariance: the closed-form optimal transport of Lu et al., "A Closed-Form Solution to Universal Style
    Transfer", ICCV 2019, equation 9, which moves the features as little as possible.

    Args:
        own: Mean and spread of the features that are to be mapped.
        style: Mean and spread that they are to have.
        strength: 0 is the map that changes nothing, 1 the full one, between them a blend of the two.

    Returns:
        Matrix (channels, channels) and offset (channels,), float32: aligned = matrix @ features + offset.
    """
    own_mean, own_spread, mean, spread = (np.asarray(x, np.float64) for x in (*own, *style))
    if own_spread.ndim == 1:
        matrix = np.diag(spread / own_spread)
    else:
        # The map is the one symmetric matrix M with M own M = wanted. With own = L L^T it is found by one eigenvalue
        # problem: M = L^-T (L^T wanted L)^(1/2) L^-1.
        factor = np.linalg.cholesky(own_spread)
        inverse = np.linalg.inv(factor)
        values, vectors = np.linalg.eigh(factor.T @ spread @ factor)
        matrix = inverse.T @ (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T @ inverse
    offset = mean - matrix @ own_mean
    matrix = strength * matrix + (1 - strength) * np.eye(len(mean))
    return matrix.astype(np.float32), (strength * offset).astype(np.float32)
