"""BlazeFace, executed by OpenCV or OpenVINO.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", CVPR Workshop on Computer Vision
for Augmented and Virtual Reality, 2019. `blazeface.tflite` is Google's short-range model (MediaPipe, Apache-2.0),
made for faces of a selfie: 128 x 128 pixels in, 896 anchors out. It is convolutional but for the reshapes that end it,
so it is run without these on pictures of other sizes, which finds smaller faces.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ppgan_lite.errors import EngineError
from ppgan_lite.runtime.opencv import opencv

if TYPE_CHECKING:
    from ppgan_lite.inference.engines.openvino import Request

logger = logging.getLogger(__name__)

FILE = Path(__file__).parent / "blazeface.tflite"
INPUT_PX = 128  # of a side, as it was trained
MULTIPLE_PX = 16  # of which all sides are multiples
POINTS = [0, 2, 3, 4, 5, 6, 7]  # of the 8 x 2 numbers of a box; see `Boxes`

# The heads: logits and boxes, stride and anchors of each place.
_HEADS = (("classificator_8", "regressor_8", 8, 2), ("classificator_16", "regressor_16", 16, 6))
_OUTPUTS = [name for head in _HEADS for name in head[:2]]
_KEPT_SHAPES = 4

# Places and logits of K boxes: K x 8 x 2 and K. Of a box's eight pairs, (x, y) in pixels of the picture, the second is
# its size, the others are points: its center, two eyes, nose, mouth and two ears.
Boxes = tuple[np.ndarray, np.ndarray]


class Executor(Protocol):
    """Executes the net, on one thread at a time."""

    def __call__(self, picture: np.ndarray) -> Sequence[np.ndarray]:
        """Return the outputs of `_OUTPUTS`, each h x w x C, for float32 H x W x 3 in [-1, 1]."""


def find_boxes(execute: Executor, picture: np.ndarray, least: float = -np.inf) -> Boxes:
    """Return the boxes in a picture.

    Args:
        execute: From `load_executor`.
        picture: uint8 H x W x 3, RGB; sides are multiples of `MULTIPLE_PX`.
        least: Boxes with lower logits are left out.
    """
    values = picture * np.float32(1 / 127.5)
    values -= 1
    outputs = execute(values)
    places, logits = [], []
    for (_, _, stride, anchors), of_head, boxes in zip(_HEADS, outputs[::2], outputs[1::2]):
        row, column, anchor = np.nonzero(of_head >= least)
        logits.append(of_head[row, column, anchor])
        likely = boxes.reshape(*of_head.shape[:2], anchors, 8, 2)[row, column, anchor].astype(np.float64)
        likely[:, POINTS] += (np.stack([column, row], axis=1)[:, None] + 0.5) * stride
        places.append(likely)
    return np.concatenate(places), np.concatenate(logits)


@functools.cache
def load_executor(*, for_one_photo: bool = False) -> Executor | None:
    """Return what executes the net; None, and a note, where nothing can.

    OpenVINO takes less than half of OpenCV's time for a photo, OpenCV is ready sooner. They agree.

    Args:
        for_one_photo: Whether nothing else will be asked of this process.
    """
    execute = (_opencv() or _openvino()) if for_one_photo else (_openvino() or _opencv())
    if execute is None:
        logger.warning("faces are not looked for: neither OpenCV nor OpenVINO can run the detector")
    return execute


@functools.cache
def _openvino() -> Executor | None:
    try:
        return _OpenVino()
    except EngineError as error:
        logger.debug("%s", error)
        return None


@functools.cache
def _opencv() -> Executor | None:
    cv2 = opencv()
    try:
        # OpenCV 5 has a second engine, which knows no outputs but the last.
        engine = (cv2.dnn.ENGINE_CLASSIC,) if hasattr(cv2.dnn, "ENGINE_CLASSIC") else ()
        execute = _OpenCv(functools.partial(cv2.dnn.readNetFromTFLite, str(FILE), *engine))
        execute(np.zeros((INPUT_PX, INPUT_PX, 3), np.float32))
    except (AttributeError, cv2.error) as error:
        logger.debug("OpenCV %s cannot run the face detector (%s)", cv2.__version__, error)
        return None
    return execute


class _OpenVino:
    """The net in OpenVINO, on one core: two threads are hardly faster, and the other core paints.

    Raises:
        EngineError: OpenVINO is not installed.
    """

    def __init__(self) -> None:
        from ppgan_lite.inference.engines.openvino import OpenVinoEngine  # of which OpenCV needs nothing

        engine = OpenVinoEngine()
        self._identity = engine.identity()
        self._settings = {**engine.settings(), "INFERENCE_NUM_THREADS": 1}
        self._requests: dict[tuple[int, ...], Request] = {}

    def __call__(self, picture: np.ndarray) -> list[np.ndarray]:
        request = self._requests.get(picture.shape)
        if request is None:
            request = self._requests[picture.shape] = self._load(picture.shape)
        return [output[0] for output in request(picture[None])]

    def _load(self, shape: tuple[int, ...]) -> Request:
        from ppgan_lite.inference.engines import cache
        from ppgan_lite.inference.engines.openvino import Request, import_compiled, openvino_core
        from ppgan_lite.runtime.startup import import_openvino

        name = f"{cache.digest(f'{FILE.name}, one core', str(shape), *self._identity)}.blob"
        exported = cache.read(name)
        if exported is not None:
            try:
                return import_compiled(exported, "CPU", self._settings)
            except RuntimeError:
                logger.debug("OpenVINO refuses what it compiled before")
        core = openvino_core()
        whole = core.read_model(str(FILE))
        found = [output for node in whole.get_ordered_ops() for output in node.outputs()]
        outputs = {name: output for output in found for name in output.get_names()}
        model = import_openvino().Model([outputs[name] for name in _OUTPUTS], whole.get_parameters())
        model.reshape([1, *shape])
        compiled = core.compile_model(model, "CPU", self._settings)
        cache.keep(name, compiled.export_model().getvalue())
        return Request(compiled)


class _OpenCv:
    """The net in OpenCV, loaded once for each of the input shapes used last.

    OpenCV needs as long to change the shape of a net as to run it, and a photo is looked at in two shapes.

    Args:
        load: Returns a new net of OpenCV's.
    """

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._nets: dict[tuple[int, ...], Any] = {}  # the one used last is last

    def __call__(self, picture: np.ndarray) -> list[np.ndarray]:
        net = self._nets.pop(picture.shape, None) or self._load()
        self._nets[picture.shape] = net
        if len(self._nets) > _KEPT_SHAPES:
            del self._nets[next(iter(self._nets))]
        net.setInput(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
        return [output[0].transpose(1, 2, 0) for output in net.forward(_OUTPUTS)]
