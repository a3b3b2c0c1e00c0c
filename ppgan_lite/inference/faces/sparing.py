"""Maps of strokes that spare the faces in a photo."""

from __future__ import annotations

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.images import to_depth
from ppgan_lite.inference.faces.detection import Face, find_faces

FACES = 0.6  # share of the strokes that faces get where nothing else is asked for
MAP_PX = 512  # long side of a map, at most: nothing in it is sharp

# An oval around a face, in sizes of its box, which begins below the hair line: its center above that of the box, half
# of its width, with the ears, and of its height, from the hair line to the chin. It is full up to a part of its radius
# and fades to nothing beyond it.
_RAISED = 0.08
_HALF_WIDTH, _HALF_HEIGHT = 0.55, 0.68
_FULL, _END = 0.8, 1.3


def spare_faces(image: np.ndarray, share: float = FACES, *, faces: tuple[Face, ...] | None = None) -> np.ndarray | None:
    """Return the map of strokes with which a `Stylizer` paints the faces in a photo with fewer of them.

    Args:
        image: uint8 or uint16 H x W x 3 RGB, any size.
        share: Of the strokes that faces get: 0 leaves them as the net repaints them, in the painting's colors; 1 makes
            no difference.
        faces: Those in the photo, where they are known.

    Returns:
        float32 h x w, 0 .. 1, the photo stretched to at most `MAP_PX`; None where no face is found, or with a
        share of 1.

    Raises:
        UsageError: The share is out of its range.
    """
    if not 0 <= share <= 1:
        raise UsageError("faces", f"{share}", "a number from 0 to 1")
    if share == 1:
        return None
    if faces is None:
        faces = find_faces(to_depth(image, 8))
    return strokes_around(faces, image.shape[:2], share) if faces else None


def strokes_around(faces: tuple[Face, ...], size: tuple[int, int], share: float) -> np.ndarray:
    """Return a map of strokes: fewer on skin, eyes and hair line, softly 1 around them.

    Args:
        faces: Of a photo.
        size: Height and width of the photo.
        share: As in `spare_faces`.

    Returns:
        As there.
    """
    height, width = size
    scale = min(MAP_PX / max(height, width), 1.0)
    shape = max(round(height * scale), 1), max(round(width * scale), 1)
    y, x = ((np.arange(count, dtype=np.float32) + 0.5) * (side / count) for count, side in zip(shape, (height, width)))
    strokes = np.ones(shape, np.float32)
    for face in faces:
        px = max(face.size)
        right, left = face.points[:2]
        across = (left - right) / max(float(np.hypot(*(left - right))), 1e-6)  # tilted as the eyes are
        down = np.array([-across[1], across[0]])
        center = np.array(face.center) - _RAISED * px * down
        reach = _END * max(_HALF_WIDTH, _HALF_HEIGHT) * px
        around = tuple(
            slice(*np.searchsorted(of, (at - reach, at + reach))) for of, at in ((y, center[1]), (x, center[0]))
        )
        columns, rows = x[None, around[1]] - center[0], y[around[0], None] - center[1]
        radius = np.hypot(
            (columns * across[0] + rows * across[1]) / (_HALF_WIDTH * px),
            (columns * down[0] + rows * down[1]) / (_HALF_HEIGHT * px),
        )
        inside = np.clip((_END - radius) / (_END - _FULL), 0, 1)
        part = strokes[around]
        np.minimum(part, 1 - np.float32(1 - share) * inside * inside * (3 - 2 * inside), out=part)
    return strokes
