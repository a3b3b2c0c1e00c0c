"""Frames through a predictor, with all that stays the same from one frame of a clip to the next."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.inference.engines.subgraph import AT_ONCE
from ppgan_lite.video.faces import SteadyFaces

if TYPE_CHECKING:
    from ppgan_lite.inference.masking import Mask
    from ppgan_lite.inference.predictor import Predictor


class FramePainter:
    """Paints the frames of one clip, which it gets in their order.

    Args:
        predictor: Paints, translates or restores.
        options: Keyword arguments of its call.
        faces: Share of the strokes that faces get; 1 does not look for them.
        mask: Stretched over each frame; None where there is none.

    Attributes:
        at_once: How many frames may be painted at a time.
    """

    def __init__(
        self, predictor: Predictor, options: Mapping[str, Any], faces: float, *, mask: Mask | None = None
    ) -> None:
        paints = predictor.spec.task == "stylize"
        self.at_once = AT_ONCE if paints else 1
        self._predictor = predictor
        self._options = {**options, "of_clip": True} if paints else options
        self._strokes_of = SteadyFaces(faces)
        self._strength_of = None if mask is None else functools.lru_cache(maxsize=1)(mask.strength)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Paint the next frame, uint8 H x W x 3."""
        return self.begin(image)()

    def begin(self, image: np.ndarray) -> Callable[[], np.ndarray]:
        """Look at the next frame, uint8 H x W x 3, and return what paints it on any thread."""
        strokes = self._strokes_of(image)
        own: dict[str, Any] = {} if strokes is None else {"strokes": strokes}
        if self._strength_of is not None:
            own["strength"] = self._strength_of(*image.shape[:2])
        return functools.partial(self._predictor, image, **{**self._options, **own})
