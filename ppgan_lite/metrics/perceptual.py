"""Distances between features of pictures: LPIPS, and the same without its learned weights.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018. Features are scaled
to a length of 1 at every place, so that the numbers of layers compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Features = Mapping[str, np.ndarray]

_EPSILON = 1e-10  # the published program's, for places without any feature


def perceptual_distance(a: Features, b: Features, weights: Features | None = None) -> float:
    """Return the squared difference of unit-length features, averaged over places and summed over layers.

    Args:
        a: Layer -> channels x height x width.
        b: Of the same shapes.
        weights: Layer -> channels; the learned ones make it LPIPS. None for 1 everywhere, the paper's uncalibrated
            baseline.
    """
    total = 0.0
    for layer, features in a.items():
        difference = np.square(unit_length(features) - unit_length(b[layer]))
        flat = difference.reshape(len(difference), -1).mean(axis=1, dtype=np.float64)
        total += float(flat.sum() if weights is None else flat @ weights[layer])
    return total


def unit_length(features: np.ndarray) -> np.ndarray:
    """Return features, channels x height x width, scaled to a length of 1 at every place."""
    return features / (np.sqrt(np.square(features).sum(axis=0, keepdims=True)) + _EPSILON)
