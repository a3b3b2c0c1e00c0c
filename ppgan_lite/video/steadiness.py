"""What a painted frame takes over from the one before, so that strokes stay on things and do not flicker.

The motion between two frames of the source is found by dense inverse search (Kroeger et al., ECCV 2016; OpenCV's DIS),
there and back. Where the two agree and the colors of the source do too, the last result, moved along, is blended with
the new one. Where something comes into view, and after a cut, the new frame stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ppgan_lite.runtime.opencv import opencv

STEADY = 0.6
_FLOW_PX = 384  # short side of the frames that motion is searched in
_DISAGREE_PX = 1.0  # there and back, in pixels of these: half of the trust is gone
_COLOR = 12.0  # difference of the source to its moved predecessor in steps of 1/255, likewise
_STILL_PX = 0.15  # motion below it is none: resampling again and again would blur
_CUT = 0.25  # a frame of which less than this can be trusted begins a new shot


@dataclass
class Last:
    """What is kept of the last frame.

    Attributes:
        source: uint8 H x W x 3.
        result: float32 H x W x 3, 0 .. 255.
    """

    source: np.ndarray
    result: np.ndarray


class Steadiness:
    """Blends each painted frame with the one before.

    Args:
        amount: Share of the last result where motion is sure: 0 (none) to 1.
    """

    def __init__(self, amount: float = STEADY) -> None:
        self.amount = amount
        self.last: Last | None = None

    def __call__(self, source: np.ndarray, painted: np.ndarray) -> np.ndarray:
        """Return a frame, steadied by the last one.

        Args:
            source: The frame of the clip, uint8 H x W x 3.
            painted: The same, painted.

        Returns:
            uint8 H x W x 3.
        """
        result = painted.astype(np.float32)
        if self.amount > 0 and self.last is not None and self.last.result.shape == result.shape:
            moved, trust = carried_over(source, self.last)
            if trust.mean() >= _CUT:
                result += (self.amount * trust)[..., None] * (moved - result)
        if self.amount > 0:
            self.last = Last(source, result)
        return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def carried_over(source: np.ndarray, last: Last) -> tuple[np.ndarray, np.ndarray]:
    """Move the last result to where its things are now.

    Args:
        source: The new frame, uint8 H x W x 3.
        last: The frame before.

    Returns:
        The moved result, float32 H x W x 3, and how far it can be trusted, float32 H x W, 0 .. 1.
    """
    cv2 = opencv()
    height, width = source.shape[:2]
    flow, trust = motion(source, last.source)
    still = np.hypot(flow[..., 0], flow[..., 1]) < _STILL_PX
    flow[still] = 0
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = columns + flow[..., 0], rows + flow[..., 1]
    moved = cv2.remap(last.result, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    before = cv2.remap(last.source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    color = cv2.blur(np.abs(before.astype(np.float32) - source).mean(2), (5, 5))
    trust *= _falling(color, _COLOR)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return moved, trust * inside


def motion(new: np.ndarray, old: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where each pixel of a frame was in the one before.

    Args:
        new: uint8 H x W x 3.
        old: Of the same shape.

    Returns:
        float32 H x W x 2, the way back in pixels (x, y); and float32 H x W, 0 .. 1: how far
        the ways there and back agree.
    """
    cv2 = opencv()
    height, width = new.shape[:2]
    scale = min(_FLOW_PX / min(height, width), 1.0)
    size = max(round(width * scale), 16), max(round(height * scale), 16)
    grays = [
        cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA) for image in (new, old)
    ]
    search: Any = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    back = search.calc(grays[0], grays[1], None)
    there = search.calc(grays[1], grays[0], None)
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    returned = cv2.remap(there, columns + back[..., 0], rows + back[..., 1], cv2.INTER_LINEAR)
    trust = _falling(np.hypot(*np.moveaxis(back + returned, 2, 0)), _DISAGREE_PX)
    ratio = np.array([width / size[0], height / size[1]], np.float32)
    flow = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR) * ratio
    return flow, cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR)


def _falling(values: np.ndarray, half: float) -> np.ndarray:
    """Return 1 at 0, 1/2 at `half`, and next to nothing at twice that."""
    return (1 / (1 + (values / np.float32(half)) ** 4)).astype(np.float32)
