"""Distances of a painted photo: in style to the painting, in content to the photo.

Both compare features of one encoder, relu1_1 .. relu5_1, as arrays C x H x W; the numbers of two encoders do not
compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ppgan_lite.metrics.distributions import frechet_distance
from ppgan_lite.metrics.perceptual import perceptual_distance, unit_length

Features = Mapping[str, np.ndarray]

CONTENT_LAYERS = ("relu3_1", "relu4_1")
_POSITIONS = 400
_ART_LAYER = "relu3_3"


def style_distance(result: Features, painting: Features) -> float:
    """Return the mean difference of the channels' means and standard deviations, averaged over the layers.

    The statistics that AdaIN and LapStyle's style loss match; features should have a standard deviation of about 1.
    """
    distances = []
    for layer, features in result.items():
        a, b = (f.reshape(f.shape[0], -1) for f in (features, painting[layer]))
        distances.append(np.abs(a.mean(1) - b.mean(1)).mean() + np.abs(a.std(1) - b.std(1)).mean())
    return float(np.mean(distances))


def content_distance(result: Features, photo: Features) -> float:
    """Return the difference in self-similarity at 400 fixed positions (LapStyle's relative content loss)."""
    distances = []
    for layer in CONTENT_LAYERS:
        height, width = (min(f[layer].shape[axis] for f in (result, photo)) for axis in (1, 2))
        at = np.random.default_rng(0).permutation(height * width)[:_POSITIONS]
        own, wanted = (_self_distances(f[layer][:, :height, :width], at) for f in (result, photo))
        distances.append(np.abs(own - wanted).sum(1).mean())
    return float(np.mean(distances))


def _self_distances(features: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return cosine distances between some positions, each row scaled to a sum of 1."""
    flat = features.reshape(features.shape[0], -1)[:, at]
    flat = flat / (np.linalg.norm(flat, axis=0, keepdims=True) + 1e-8)
    distances = 1 - flat.T @ flat
    return distances / (distances.sum(1, keepdims=True) + 1e-8)


def art_distance(result: Features, photo: Features, painting: Features) -> float:
    """Return a figure made as ArtFID is: (1 + distance to the photo) (1 + distance to the painting).

    Wright and Ommer, "ArtFID: Quantitative Evaluation of Neural Style Transfer", GCPR 2022, multiply LPIPS and FID of
    many pictures. Here the first is the perceptual distance without learned weights, the second the Frechet distance
    between features at the places of two single pictures, as in SIFID (Shaham et al., "SinGAN", ICCV 2019), which knows
    one painting alone. So the numbers do not compare with those of ArtFID.

    Args:
        result: Of VGG-16, relu1_2 .. relu4_3.
        photo: Of the result's size.
        painting: Of any size.
    """
    places = [unit_length(features[_ART_LAYER]) for features in (result, painting)]
    style = frechet_distance(*(features.reshape(len(features), -1).T for features in places))
    return (1 + perceptual_distance(result, photo)) * (1 + style)
