"""Faces in a clip: a map of strokes that changes slowly."""

from __future__ import annotations

import numpy as np

from ppgan_lite.inference.faces.sparing import spare_faces

_EVERY = 3  # frames: a face moves little meanwhile
_KEPT = 0.7  # of the last map, so that a face which is missed once does not flicker
_NOTHING = 0.995  # a map above it everywhere has no face left


class SteadyFaces:
    """Makes maps of strokes for the frames of a clip.

    Args:
        share: Of the strokes that faces get; see `spare_faces`.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._count = 0
        self._found: np.ndarray | None = None
        self._map: np.ndarray | None = None

    def __call__(self, image: np.ndarray) -> np.ndarray | None:
        """Return the map for the next frame; None where no face is, or was a moment ago."""
        if self._count % _EVERY == 0:
            self._found = spare_faces(image, self._share)
        self._count += 1
        if self._found is None and self._map is None:
            return None
        shape = (self._found if self._found is not None else self._map).shape  # type: ignore[union-attr]
        found = np.ones(shape, np.float32) if self._found is None else self._found
        if self._map is None or self._map.shape != shape:
            self._map = found
        else:
            self._map = _KEPT * self._map + (1 - _KEPT) * found
        if self._found is None and self._map.min() > _NOTHING:
            self._map = None
        return self._map
