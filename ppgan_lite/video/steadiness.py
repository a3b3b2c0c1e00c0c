"""Steadiness: a painted frame takes over a share of the one before, so that strokes stay on things and do not flicker.

The motion between two frames of the source is found by dense inverse search (Kroeger et al., ECCV 2016; OpenCV's DIS),
there and back. Where the two agree and the colors of the source do too, the last result, moved along, is blended with
the new one. Where something comes into view, and after a cut, the new frame stands alone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppgan_lite.runtime.opencv import opencv

STEADY = 0.6
_FLOW_PX = 384  # short side of the frames that motion is searched in, at most
_DISAGREE_PX = 1.0  # there and back, in pixels of these: half of the trust is gone
_COLOR = 12.0  # difference of the source to its moved predecessor in steps of 1/255, likewise
_STILL_PX = 0.15  # motion below it is none: resampling again and again would blur
_CUT = 0.25  # a frame of which less than this can be trusted begins a new shot


@dataclass
class Last:
    """The last frame, before and after it was painted.

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
        if self.amount == 0:
            return painted
        cv2 = opencv()
        result = painted.astype(np.float32)
        if self.last is not None and self.last.result.shape == result.shape:
            moved, trust = carried_over(source, self.last)
            if trust.mean() >= _CUT:
                trust *= np.float32(self.amount)
                result = cv2.blendLinear(moved, result, trust, np.float32(1) - trust)
        self.last = Last(source, result)
        return cv2.convertScaleAbs(np.maximum(result, 0))


def carried_over(source: np.ndarray, last: Last) -> tuple[np.ndarray, np.ndarray]:
    """Move the last result to where its things are now.

    Args:
        source: The new frame, uint8 H x W x 3.
        last: The frame before.

    Returns:
        The moved result, float32 H x W x 3, and how far it can be trusted, float32 H x W, 0 .. 1.
    """
    height, width = source.shape[:2]
    flow, trust = motion(source, last.source)
    columns, rows = _places(height, width)
    x, y = columns + flow[..., 0], rows + flow[..., 1]
    cv2 = opencv()
    moved = cv2.remap(last.result, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved, trust * ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))


def motion(new: np.ndarray, old: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where each pixel of a frame was in the one before.

    Args:
        new: uint8 H x W x 3.
        old: Of the same shape.

    Returns:
        float32 H x W x 2, the way back in pixels (x, y), 0 where it is next to nothing; and float32 H x W, 0 .. 1: how
        far the ways there and back agree, and the colors at both ends. All of it is found in small frames.
    """
    cv2 = opencv()
    height, width = new.shape[:2]
    times = -(-min(height, width) // _FLOW_PX)  # smaller by a whole number, which is resized to in a tenth of the time
    size = max(width // times, 16), max(height // times, 16)
    small, before = (cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (new, old))
    grays = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (small, before)]
    search: Any = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    back = search.calc(grays[0], grays[1], None)
    there = search.calc(grays[1], grays[0], None)
    columns, rows = _places(size[1], size[0])
    x, y = columns + back[..., 0], rows + back[..., 1]
    trust = _falling(cv2.magnitude(*cv2.split(back + cv2.remap(there, x, y, cv2.INTER_LINEAR))), _DISAGREE_PX)
    moved = cv2.remap(before, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    difference = cv2.transform(cv2.absdiff(moved, small).astype(np.float32), np.full((1, 3), 1 / 3, np.float32))
    trust *= _falling(cv2.blur(difference, (3, 3)), _COLOR)
    ratio = np.array([width / size[0], height / size[1]], np.float32)
    back *= ratio
    back *= (cv2.magnitude(*cv2.split(back)) >= _STILL_PX)[..., None]
    flow = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR)
    return flow, cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR)


@functools.lru_cache(maxsize=4)
def _places(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return column and row of each pixel: float32 H x W."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return columns, rows


def _falling(values: np.ndarray, half: float) -> np.ndarray:
    """Return 1 at 0, 1/2 at `half`, and next to nothing at twice that: float32, for float32."""
    fourth = values / np.float32(half)
    fourth *= fourth
    fourth *= fourth
    return np.float32(1) / (fourth + np.float32(1))
