"""The draft, with subgraphs of a net that any engine executes: the nets' `draft`, on arrays.

tests/test_predictor.py compares each drafter with the `draft` of its net.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ppgan_lite.inference.engines.engine import Execute
from ppgan_lite.nets.adain import ALIGNED_LAYERS, adain, mean_and_std
from ppgan_lite.nets.color_statistics import align_colors, mean_and_covariance
from ppgan_lite.nets.input_noise import soft_noise
from ppgan_lite.nets.painter_interface import IMAGE, NORMS, StyleArrays

CheckCancelled = Callable[[], None]


class Drafter(Protocol):
    """Paints small photos."""

    def measure(self, painting: np.ndarray) -> StyleArrays:
        """Measure the style of a painting, float32 1 x 3 x H x W, RGB in [0, 1]."""

    def __call__(self, photo: np.ndarray, style: StyleArrays, strength: float, check: CheckCancelled) -> np.ndarray:
        """Paint a small photo.

        Args:
            photo: float32 1 x 3 x H x W, RGB in [0, 1], with its input noise; sides of at least 16.
            style: From `measure`, or the net's own.
            strength: 0 .. 1.
            check: Called between steps of the work; may raise to stop.

        Returns:
            float32 of the same shape, about [0, 1].
        """


@dataclass(frozen=True)
class LapStyleDrafter:
    """`LapStyleNet.draft`: features of the photo are given the style's statistics and decoded.

    Attributes:
        encode: Photo -> relu2_1, relu3_1, relu4_1.
        decode: The photo, for its size, and these, aligned -> the painted photo.
    """

    encode: Execute
    decode: Execute

    def measure(self, painting: np.ndarray) -> StyleArrays:
        """See `Drafter`."""
        return {layer: mean_and_std(maps[0]) for layer, maps in zip(ALIGNED_LAYERS, self.encode(painting))}

    def __call__(self, photo: np.ndarray, style: StyleArrays, strength: float, check: CheckCancelled) -> np.ndarray:
        """See `Drafter`."""
        features = self.encode(photo)
        check()
        aligned = [adain(maps[0], style[layer], strength)[None] for layer, maps in zip(ALIGNED_LAYERS, features)]
        check()
        (painted,) = self.decode(photo, *aligned)
        check()
        return painted


@dataclass(frozen=True)
class TransformDrafter:
    """`TransformPainter.draft`: the photo is recolored like the painting, and the draft keeps those colors.

    Attributes:
        transform: Photo, strength (1 x 1), and the results of `predict`, if there is that -> the painted photo.
        predict: Painting -> offsets to the scales and to the shifts of all norms, 1 x S each. None for a net of one
            style.
    """

    transform: Execute
    predict: Execute | None

    def measure(self, painting: np.ndarray) -> StyleArrays:
        """See `Drafter`."""
        colors = {IMAGE: mean_and_covariance(painting[0])}
        if self.predict is None:
            return colors
        scales, shifts = self.predict(painting)
        return {**colors, NORMS: (scales, shifts)}

    def __call__(self, photo: np.ndarray, style: StyleArrays, strength: float, check: CheckCancelled) -> np.ndarray:
        """See `Drafter`."""
        recolored = align_colors(photo[0], style[IMAGE], strength).clip(0, 1)
        (painted,) = self.transform(recolored[None], np.full((1, 1), strength, np.float32), *style.get(NORMS, ()))
        check()
        return align_colors(painted[0], mean_and_covariance(recolored))[None]


def with_input_noise(photo: np.ndarray, noise_std: float) -> np.ndarray:
    """Add input noise to a photo (float32 1 x 3 x H x W), always the same for a size."""
    if not noise_std:
        return photo
    return photo + np.float32(noise_std) * _noise(photo.shape[2], photo.shape[3])


@functools.lru_cache(maxsize=1)
def _noise(height: int, width: int) -> np.ndarray:
    """Return noise of a size; it is kept, because the photos of a folder are mostly of one size."""
    return soft_noise(np.random.default_rng(0).standard_normal((height, width), np.float32))
