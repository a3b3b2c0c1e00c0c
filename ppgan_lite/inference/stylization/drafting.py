"""The draft, with subgraphs of a net that any engine executes: the nets' `draft`, on arrays.

tests/test_predictor.py compares each drafter with the `draft` of its net.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from ppgan_lite.inference.arrays import resized
from ppgan_lite.inference.engines import cache
from ppgan_lite.inference.engines.engine import Execute
from ppgan_lite.inference.stylization.strength import Strength
from ppgan_lite.nets.adain import ALIGNED_LAYERS, adain, mean_and_std
from ppgan_lite.nets.color_statistics import align_colors, mean_and_covariance
from ppgan_lite.nets.input_noise import soft_noise
from ppgan_lite.nets.painter_interface import IMAGE, NORMS, StyleArrays
from ppgan_lite.runtime.file_cache import FileCache

NOISE = FileCache("noise", 20_000_000)
_MOST_KEPT_PX = 1_500_000  # of noise that is kept in the cache: most drafts have fewer

FADED = 0.4  # with fewer of the strokes than this, a place is faded to the photo

CheckCancelled = Callable[[], None]


class Drafter(Protocol):
    """Paints small photos."""

    def measure(self, painting: np.ndarray) -> StyleArrays:
        """Measure the style of a painting, float32 1 x 3 x H x W, RGB in [0, 1]."""

    def __call__(self, photo: np.ndarray, style: StyleArrays, strength: Strength, check: CheckCancelled) -> np.ndarray:
        """Paint a small photo.

        Args:
            photo: float32 1 x 3 x H x W, RGB in [0, 1], with its input noise; sides of at least 16.
            style: From `measure`, or the net's own.
            strength: Its maps have the photo's size.
            check: Called between steps of the work; may raise to stop.

        Returns:
            float32 of the same shape, about [0, 1].
        """


class LapStyleDrafter(NamedTuple):
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

    def __call__(self, photo: np.ndarray, style: StyleArrays, strength: Strength, check: CheckCancelled) -> np.ndarray:
        """See `Drafter`; colors and strokes lie in the same features, so the map of strokes counts for both."""
        features = self.encode(photo)
        check()
        aligned = [
            _blended(maps[0], adain(maps[0], style[layer], strength.amount), strength.strokes)[None]
            for layer, maps in zip(ALIGNED_LAYERS, features)
        ]
        check()
        (painted,) = self.decode(photo, *aligned)
        check()
        return _faded(photo[0], painted[0], strength)[None]


class TransformDrafter(NamedTuple):
    """`TransformPainter.draft`: the photo is recolored like the painting, and the draft keeps those colors.

    Attributes:
        transform: Photo, strength (1 x 1), map of strokes (1 x 1 x H x W, or one value for all), and the results of
            `predict`, if there is that -> the painted photo.
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

    def __call__(self, photo: np.ndarray, style: StyleArrays, strength: Strength, check: CheckCancelled) -> np.ndarray:
        """See `Drafter`."""
        recolored = align_colors(photo[0], style[IMAGE], strength.amount)
        recolored = _blended(photo[0], recolored, strength.colors)
        recolored.clip(0, 1, out=recolored)
        strokes = np.ones((1, 1, 1, 1), np.float32) if strength.strokes is None else strength.strokes[None, None]
        amount = np.full((1, 1), strength.amount, np.float32)
        (painted,) = self.transform(recolored[None], amount, strokes, *style.get(NORMS, ()))
        check()
        return _faded(recolored, align_colors(painted[0], mean_and_covariance(recolored)), strength)[None]


def with_input_noise(photo: np.ndarray, noise_std: float, shares: np.ndarray | None = None) -> np.ndarray:
    """Add input noise to a photo (float32 1 x 3 x H x W), always the same for a size.

    Args:
        photo: As above.
        noise_std: Standard deviation of either part of the noise.
        shares: Of it that places get: H x W.
    """
    if not noise_std:
        return photo
    noise = np.float32(noise_std) * _noise(photo.shape[2], photo.shape[3])
    return photo + (noise if shares is None else noise * shares)


def _faded(photo: np.ndarray, painted: np.ndarray, strength: Strength) -> np.ndarray:
    """Fade to the photo where a map says that there are hardly any strokes.

    A blend of features is a gentler painting, but with none of the strokes it is the photo only as far as the net can
    repaint it while all around is painted.
    """
    if strength.strokes is None:
        return painted
    return _blended(photo, painted, np.minimum(strength.strokes * np.float32(1 / FADED), 1))


def _blended(values: np.ndarray, changed: np.ndarray, shares: np.ndarray | None) -> np.ndarray:
    """Blend what is changed with what was there (channels, height, width) by a map, which is stretched over it."""
    if shares is None:
        return changed
    return values + resized(shares, *values.shape[1:]) * (changed - values)


@functools.lru_cache(maxsize=1)
def _noise(height: int, width: int) -> np.ndarray:
    """Return noise of a size; it is kept, because the photos of a folder are mostly of one size.

    It is kept in the cache folder, too: NumPy's generators take longer to load than the noise takes to read.
    """
    name = f"{cache.digest('noise', np.__version__, f'{height} x {width}')}.float32"
    kept = NOISE.read(name)
    if kept is not None:
        return np.frombuffer(kept, np.float32).reshape(height, width)
    from numpy.random import default_rng

    made = soft_noise(default_rng(0).standard_normal((height, width), np.float32))
    if made.size <= _MOST_KEPT_PX:
        with contextlib.suppress(OSError):
            NOISE.write(name, made.tobytes())
    return made
