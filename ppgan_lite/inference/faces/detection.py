"""Faces in a photo, found by BlazeFace.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", CVPR Workshop on Computer Vision
for Augmented and Virtual Reality, 2019. `blazeface.tflite` is Google's short-range model (MediaPipe, Apache-2.0),
made for faces of a selfie: 128 x 128 pixels in, 896 anchors out. It is convolutional but for the reshapes that end it,
so it is run without these on pictures of other sizes, which finds smaller faces, and OpenCV executes it, which every
installation has and which need not compile it.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.inference.arrays import resized
from ppgan_lite.runtime.opencv import opencv

logger = logging.getLogger(__name__)

FILE = Path(__file__).parent / "blazeface.tflite"
SMALLEST_PX = 16  # of a photo's short side; no face is found in less

# The heads: logits and boxes, stride and anchors of each place.
_HEADS = (("classificator_8", "regressor_8", 8, 2), ("classificator_16", "regressor_16", 16, 6))
_INPUT_PX = 128
_MULTIPLE_PX = 16
# Of the 8 x 2 numbers of a box, the second pair is its size, the others are points: its center, two eyes, nose, mouth
# and two ears. In a mirrored picture left and right are exchanged.
_POINTS = [0, 2, 3, 4, 5, 6, 7]
_MIRRORED = [0, 1, 3, 2, 4, 5, 7, 6]
_FLIPS = np.where(np.arange(16).reshape(8, 2) % 2 == 0, -1.0, 1.0)
_FLIPS[1] = 1.0

# Long sides at which a photo is looked at. The first finds faces from a sixth of it on: with a border around it, those
# that fill it. The second finds those of 14 to 150 pixels.
_COARSE_PX, _FINE_PX = 96, 512
_LARGEST_ZOOM = 2.0
# Whatever looks a little like a face is looked at again, in two windows of so many times its size and in their mirror
# images: half of it is flowers, wheels and clouds, which do not look like a face every time.
_CANDIDATE_LOGIT = 0.2
_FACE_LOGIT = 0.85
_WINDOWS = (1.6, 2.4)
_MOST_CANDIDATES = 16
_SAME = 0.3  # intersection over union of two boxes of one face
_KEPT_SHAPES = 4

_lock = threading.Lock()  # OpenCV's nets run on one thread at a time


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


def find_faces(image: np.ndarray) -> tuple[Face, ...]:
    """Find the faces in a photo, upright or tilted by up to about 45 degrees; the surest first.

    Args:
        image: uint8 H x W x 3 RGB, any size.

    Returns:
        An empty tuple if there are none; also where the detector cannot run, which is logged once.
    """
    with _lock:
        net = _detector()
        if net is None or min(image.shape[:2]) < SMALLEST_PX:
            return ()
        candidates = _apart(box for size in _sizes(image) for box in _look(net, image, size))
        seen = (_look_again(net, image, box) for box in candidates[:_MOST_CANDIDATES])
        return tuple(_face(box) for box in _apart(box for box in seen if box.logit >= _FACE_LOGIT))


@dataclass(frozen=True)
class _Box:
    """A box of the detector: center, size and six points, 8 x 2, in pixels of the photo, and its logit."""

    places: np.ndarray
    logit: float


def _face(box: _Box) -> Face:
    (x, y), (width, height) = box.places[:2].tolist()
    return Face((x, y), (width, height), box.places[2:], float(1 / (1 + np.exp(-box.logit))))


def _sizes(image: np.ndarray) -> list[int]:
    """Return the long sides at which a photo is looked at."""
    fine = min(_FINE_PX, round(_LARGEST_ZOOM * max(image.shape[:2])))
    return [_COARSE_PX, fine] if fine > _INPUT_PX else [_COARSE_PX]


def _look(net: _Net, image: np.ndarray, long_px: int) -> list[_Box]:
    """Return all that may be faces in a photo that is resized."""
    height, width = image.shape[:2]
    scale = long_px / max(height, width)
    rows, columns = (max(round(side * scale), 1) for side in (height, width))
    canvas = _canvas(*(-(-max(side, _INPUT_PX) // _MULTIPLE_PX) * _MULTIPLE_PX for side in (rows, columns)))
    top, left = (canvas.shape[0] - rows) // 2, (canvas.shape[1] - columns) // 2
    canvas[top : top + rows, left : left + columns] = resized(image, rows, columns)
    ((places, logits),) = _run(net, [canvas])
    likely = logits >= _CANDIDATE_LOGIT
    places = places[likely]
    places[:, _POINTS] -= (left, top)
    places *= (width / columns, height / rows)
    return [_Box(*pair) for pair in zip(places, logits[likely].tolist())]


def _look_again(net: _Net, image: np.ndarray, box: _Box) -> _Box:
    """Return the mean of the boxes found in windows around a box, and of their logits; -inf for what is no face."""
    center, face = box.places[0], float(box.places[1].max())
    windows = [_window(image, center, face * share) for share in _WINDOWS]
    pictures = [picture for window in windows for picture in (window, window[:, ::-1])]
    found = [_nearest(*_run(net, pictures[:1])[0], face * _WINDOWS[0], face)]
    if found[0].logit < 0:  # most of what is none ends here
        return _Box(box.places, -np.inf)
    for number, answer in enumerate(_run(net, pictures[1:]), start=1):
        nearest = _nearest(*answer, face * _WINDOWS[number // 2], face)
        found.append(_Box(nearest.places[_MIRRORED] * _FLIPS, nearest.logit) if number % 2 else nearest)
    mean = np.mean([other.places for other in found], axis=0)
    mean[_POINTS] += center
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
    places = places * (side / _INPUT_PX)
    places[:, _POINTS] -= side / 2
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
    low = np.maximum(one[0] - one[1] / 2, other[0] - other[1] / 2)
    high = np.minimum(one[0] + one[1] / 2, other[0] + other[1] / 2)
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / max(float(np.prod(one[1]) + np.prod(other[1])) - shared, 1e-9)


def _window(image: np.ndarray, center: np.ndarray, side: float) -> np.ndarray:
    """Return a square window of a photo, resized to the detector's own size; what lies outside of the photo is gray."""
    height, width = image.shape[:2]
    canvas = _canvas(_INPUT_PX, _INPUT_PX)
    scale = _INPUT_PX / side
    left, top = center - side / 2
    x = slice(max(round(left), 0), min(round(left + side), width))
    y = slice(max(round(top), 0), min(round(top + side), height))
    if x.start < x.stop and y.start < y.stop:
        column, row = (min(max(round(place * scale), 0), _INPUT_PX - 1) for place in (x.start - left, y.start - top))
        columns = min(max(round((x.stop - x.start) * scale), 1), _INPUT_PX - column)
        rows = min(max(round((y.stop - y.start) * scale), 1), _INPUT_PX - row)
        canvas[row : row + rows, column : column + columns] = resized(image[y, x], rows, columns)
    return canvas


def _canvas(rows: int, columns: int) -> np.ndarray:
    return np.full((rows, columns, 3), 127, np.uint8)


class _Net:
    """The detector, loaded once for each of the input shapes used last.

    OpenCV needs as long to change the shape of a net as to run it, and a photo is looked at in four shapes.

    Args:
        load: Returns a new net of OpenCV's.
    """

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._nets: dict[tuple[int, ...], Any] = {}  # the one used last is last

    def of_shape(self, shape: tuple[int, ...]) -> Any:
        """Return the net of a shape."""
        net = self._nets.pop(shape, None) or self._load()
        self._nets[shape] = net
        if len(self._nets) > _KEPT_SHAPES:
            del self._nets[next(iter(self._nets))]
        return net


def _run(net: _Net, pictures: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each uint8 picture of one size, places (N x 8 x 2, in its pixels) and logits (N) of all anchors."""
    stack = np.stack([picture.transpose(2, 0, 1) for picture in pictures]).astype(np.float32)
    of_shape = net.of_shape(stack.shape)
    of_shape.setInput(stack * np.float32(1 / 127.5) - 1)
    outputs = of_shape.forward([name for head in _HEADS for name in head[:2]])
    found = []
    for number in range(len(pictures)):
        places, logits = [], []
        for (_, _, stride, anchors), of_head, boxes in zip(_HEADS, outputs[::2], outputs[1::2]):
            rows, columns = of_head.shape[2:]
            logits.append(of_head[number].transpose(1, 2, 0).reshape(-1))
            of_anchors = boxes[number].transpose(1, 2, 0).reshape(rows, columns, anchors, 8, 2).copy()
            centers = (np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) + 0.5) * stride
            of_anchors[..., _POINTS, :] += centers[:, :, None, None]
            places.append(of_anchors.reshape(-1, 8, 2))
        found.append((np.concatenate(places), np.concatenate(logits)))
    return found


@functools.cache
def _detector() -> _Net | None:
    """Load the detector; None, and a note, where OpenCV cannot."""
    cv2 = opencv()
    try:
        # OpenCV 5 has a second engine, which knows no outputs but the last.
        engine = (cv2.dnn.ENGINE_CLASSIC,) if hasattr(cv2.dnn, "ENGINE_CLASSIC") else ()
        net = _Net(functools.partial(cv2.dnn.readNetFromTFLite, str(FILE), *engine))
        _run(net, [_canvas(_INPUT_PX, _INPUT_PX)])
    except (AttributeError, cv2.error) as error:
        logger.warning("faces are not looked for: OpenCV %s cannot run the detector (%s)", cv2.__version__, error)
        return None
    return net
