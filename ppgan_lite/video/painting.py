"""Frames through a predictor, with all that stays the same from one frame of a clip to the next."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.video.faces import SteadyFaces

if TYPE_CHECKING:
    from ppgan_lite.inference.masking import Mask
    from ppgan_lite.inference.predictor import Predictor


def frame_painter(
    predictor: Predictor, options: Mapping[str, Any], faces: float, *, mask: Mask | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that paints the frames of one clip, one after the other.

    Args:
        predictor: Paints, translates or restores.
        options: Keyword arguments of its call.
        faces: Share of the strokes that faces get; 1 does not look for them.
        mask: Stretched over each frame; None where there is none.
    """
    strokes_of = SteadyFaces(faces)
    strength_of = None if mask is None else functools.lru_cache(maxsize=1)(mask.strength)

    def paint(image: np.ndarray) -> np.ndarray:
        strokes = strokes_of(image)
        own: dict[str, Any] = {} if strokes is None else {"strokes": strokes}
        if strength_of is not None:
            own["strength"] = strength_of(*image.shape[:2])
        return predictor(image, **{**options, **own})

    return paint
