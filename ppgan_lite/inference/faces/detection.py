"""Faces in a photo, found by BlazeFace at several sizes and looked at twice."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ppgan_lite.inference.arrays import resized
from ppgan_lite.inference.faces.blazeface import INPUT_PX, MULTIPLE_PX, POINTS, Executor, find_boxes, load_executor

SMALLEST_PX = 16  # of a photo's short side; no face is found in less

# Points of a box: in a mirrored picture left and right are exchanged.
_MIRRORED = [0, 1, 3, 2, 4, 5, 7, 6]
_FLIPS = np.where(np.arange(16).reshape(8, 2) % 2 == 0, -1.0, 1.0)
_FLIPS[1] = 1.0

# Long sides at which a photo is looked at. The first finds faces from a sixth of it on: with a border around it, those
# that fill it. The second finds those of 14 to 150 pixels.
_COARSE_PX, _FINE_PX = 96, 512
_LARGEST_ZOOM = 2.0
_CANVAS_PX = (128, 384, 512)  # few shapes, as each is compiled; most photos are no wider than 4 : 3 or 3 : 2
# Whatever looks a little like a face is looked at again, in two windows of so many times its size and in their mirror
# images: half of it is flowers, wheels and clouds, which do not look like a face every time.
_CANDIDATE_LOGIT = 0.2
_FACE_LOGIT = 0.85
_WINDOWS = (1.6, 2.4)
_MOST_CANDIDATES = 16
_SAME = 0.3  # intersection over union of two boxes of one face
_PARTS_OF_A_PIXEL = 8  # to which places are rounded

_lock = threading.Lock()  # the net runs on one thread at a time


@dataclass(frozen=True)
class Face:
    """A face in a photo; places are (x, y) in pixels.

    Attributes:
        center: Of its box, from the brows to the chin.
        size: The box's width and height.
        points: Right eye, left eye (of the person), tip of the nose, middle of the mouth, right ear, left ear: 6 x 2.
        confidence: 0 .. 1.
    """

    center: tuple[float, float]
    size: tuple[float, float]
    points: np.ndarray
    confidence: float


def find_faces(image: np.ndarray, *, execute: Executor | None = None) -> tuple[Face, ...]:
    """Find the faces in a photo, upright or tilted by up to about 45 degrees; the surest first.

    Args:
        image: uint8 H x W x 3 RGB, any size.
        execute: Executes the detector; None takes the fastest.

    Returns:
        An empty tuple if there are none; also where the detector cannot run, which is logged once.
    """
    with _lock:
        execute = execute or load_executor()
        if execute is None or min(image.shape[:2]) < SMALLEST_PX:
            return ()
        candidates = _apart(box for size in _sizes(image) for box in _look(execute, image, size))
        seen = (_look_again(execute, image, box) for box in candidates[:_MOST_CANDIDATES])
        return tuple(_face(box) for box in _apart(box for box in seen if box.logit >= _FACE_LOGIT))


@dataclass(frozen=True)
class _Box:
    """A box of the detector: center, size and six points, 8 x 2, in pixels of the photo, and its logit."""

    places: np.ndarray
    logit: float


def _face(box: _Box) -> Face:
    # What executes the net differs by 1e-5 of a pixel, and the same photo is to be painted the same by all.
    places = np.rint(box.places * _PARTS_OF_A_PIXEL) / _PARTS_OF_A_PIXEL
    (x, y), (width, height) = places[:2].tolist()
    return Face((x, y), (width, height), places[2:], float(1 / (1 + np.exp(-box.logit))))


def _sizes(image: np.ndarray) -> list[int]:
    """Return the long sides at which a photo is looked at."""
    fine = min(_FINE_PX, round(_LARGEST_ZOOM * max(image.shape[:2])))
    return [_COARSE_PX, fine] if fine > INPUT_PX else [_COARSE_PX]


def _look(execute: Executor, image: np.ndarray, long_px: int) -> list[_Box]:
    """Return all that may be faces in a photo that is resized."""
    height, width = image.shape[:2]
    scale = long_px / max(height, width)
    rows, columns = (max(round(side * scale), 1) for side in (height, width))
    canvas = _canvas(*(next(px for px in _CANVAS_PX if px >= side) for side in (rows, columns)))
    top, left = (_margin(whole, side) for whole, side in zip(canvas.shape, (rows, columns)))
    canvas[top : top + rows, left : left + columns] = resized(image, rows, columns)
    places, logits = find_boxes(execute, canvas, _CANDIDATE_LOGIT)
    places[:, POINTS] -= (left, top)
    places *= (width / columns, height / rows)
    return [_Box(*pair) for pair in zip(places, logits.tolist())]


def _look_again(execute: Executor, image: np.ndarray, box: _Box) -> _Box:
    """Return the mean of the boxes found in windows around a box, and of their logits; -inf for what is no face."""
    center, face = box.places[0], float(box.places[1].max())
    windows = [_window(image, center, face * share) for share in _WINDOWS]
    pictures = [picture for window in windows for picture in (window, window[:, ::-1])]
    found: list[_Box] = []
    for number, picture in enumerate(pictures):
        nearest = _nearest(*find_boxes(execute, picture), face * _WINDOWS[number // 2], face)
        if not number and nearest.logit < 0:  # most of what is none ends here
            return _Box(box.places, -np.inf)
        found.append(_Box(nearest.places[_MIRRORED] * _FLIPS, nearest.logit) if number % 2 else nearest)
    mean = np.mean([other.places for other in found], axis=0)
    mean[POINTS] += center
    return _Box(mean, float(np.mean([other.logit for other in found])))


def _nearest(places: np.ndarray, logits: np.ndarray, side: float, face: float) -> _Box:
    """Return the likeliest box in a window that is about as large as a face and in its middle.

    Args:
        places: All boxes, in pixels of the detector's input.
        logits: Of these.
        side: Of the window, in pixels of the photo.
        face: Size of the face, likewise.

    Returns:
        Its places are pixels of the photo from the window's center on; its logit is -inf if there is none.
    """
    places = places * (side / INPUT_PX)
    places[:, POINTS] -= side / 2
    size = places[:, 1].max(axis=1)
    near = (np.abs(places[:, 0]).max(axis=1) < 0.5 * face) & (size > 0.5 * face) & (size < 2 * face)
    best = int(np.where(near, logits, -np.inf).argmax())
    return _Box(places[best], float(logits[best]) if near[best] else -np.inf)


def _apart(boxes: Iterable[_Box]) -> list[_Box]:
    """Return the likeliest boxes first, and of those that overlap only the likeliest."""
    kept: list[_Box] = []
    for box in sorted(boxes, key=lambda box: -box.logit):
        if all(_overlap(box.places, other.places) <= _SAME for other in kept):
            kept.append(box)
    return kept


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the intersection over union of two boxes."""
    (x, y), (width, height) = one[:2].tolist()  # of so few numbers, which Python is faster with than NumPy
    (other_x, other_y), (other_width, other_height) = other[:2].tolist()
    across = min(x + width / 2, other_x + other_width / 2) - max(x - width / 2, other_x - other_width / 2)
    down = min(y + height / 2, other_y + other_height / 2) - max(y - height / 2, other_y - other_height / 2)
    shared = max(across, 0.0) * max(down, 0.0)
    return shared / max(width * height + other_width * other_height - shared, 1e-9)


def _window(image: np.ndarray, center: np.ndarray, side: float) -> np.ndarray:
    """Return a square window of a photo, resized to the detector's own size; what lies outside of the photo is gray."""
    height, width = image.shape[:2]
    canvas = _canvas(INPUT_PX, INPUT_PX)
    scale = INPUT_PX / side
    left, top = center - side / 2
    x = slice(max(round(left), 0), min(round(left + side), width))
    y = slice(max(round(top), 0), min(round(top + side), height))
    if x.start < x.stop and y.start < y.stop:
        column, row = (min(max(round(place * scale), 0), INPUT_PX - 1) for place in (x.start - left, y.start - top))
        columns = min(max(round((x.stop - x.start) * scale), 1), INPUT_PX - column)
        rows = min(max(round((y.stop - y.start) * scale), 1), INPUT_PX - row)
        canvas[row : row + rows, column : column + columns] = resized(image[y, x], rows, columns)
    return canvas


def _margin(whole: int, side: int) -> int:
    """Return where a picture begins in a canvas of so many pixels: about in the middle, whatever room there is."""
    least = -(-side // MULTIPLE_PX) * MULTIPLE_PX
    return (least - side) // 2 + (whole - least) // (2 * MULTIPLE_PX) * MULTIPLE_PX


def _canvas(rows: int, columns: int) -> np.ndarray:
    return np.full((rows, columns, 3), 127, np.uint8)
