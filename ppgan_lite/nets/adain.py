"""Adaptive instance normalization on NumPy arrays: LapStyle's alignment between two subgraphs, without Paddle.

Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization", ICCV 2017, section 5.
`nets.lapstyle` has the same on tensors; tests/test_predictor.py holds the two together.
"""

from __future__ import annotations

import numpy as np

EPSILON = 1e-5
ALIGNED_LAYERS = ("relu2_1", "relu3_1", "relu4_1")  # of the encoder

LayerStatistics = tuple[np.ndarray, np.ndarray]  # mean and standard deviation, (channels,) each


def mean_and_std(features: np.ndarray) -> LayerStatistics:
    """Return mean and (unbiased) standard deviation of the channels of float32 (channels, height, width)."""
    flat = features.reshape(len(features), -1)
    mean = flat.mean(axis=1)
    squares = np.square(flat - mean[:, None]).sum(axis=1)
    return mean, np.sqrt(squares / max(flat.shape[1] - 1, 1) + EPSILON)


def adain(features: np.ndarray, target: LayerStatistics, strength: float = 1.0) -> np.ndarray:
    """Give the channels of float32 (channels, height, width) a style's statistics.

    Args:
        features: Of the photo.
        target: `mean_and_std` of the style.
        strength: 0 returns the features as they are, 1 the style's statistics, between them a blend of the two.
    """
    own_mean, own_std, mean, std = (np.asarray(x, np.float64) for x in (*mean_and_std(features), *target))
    scale = std / own_std
    offset = strength * (mean - scale * own_mean)
    scale = strength * scale + (1 - strength)
    return features * scale.astype(np.float32)[:, None, None] + offset.astype(np.float32)[:, None, None]
