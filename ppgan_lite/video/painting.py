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
        if "brush" in options and options["brush"] is None:
            own["brush"] = brush_of_frame(predictor, *image.shape[:2])
        if strength_of is not None:
            own["strength"] = strength_of(*image.shape[:2])
        return predictor(image, **{**options, **own})

    return paint


def brush_of_frame(predictor: Predictor, height: int, width: int) -> float | None:
    """Return the width of strokes at which a small frame is drafted halfway between its size and the draft's own.

    A draft that is much larger than the frame costs time for detail that nobody sees; one of the frame's size loses
    small shapes. Larger frames are drafted as photos are: None.
    """
    from ppgan_lite.inference.stylization.stylizer import STROKE_PX

    short, draft_px = min(height, width), predictor.spec.settings.get("draft_px")
    if not isinstance(draft_px, (int, float)) or short >= draft_px:
        return None
    return STROKE_PX * short / ((short + draft_px) / 2)
