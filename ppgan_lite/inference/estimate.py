"""The cost of a large picture, told before work on it begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ppgan_lite.inference.cost import Cost
from ppgan_lite.inference.predictor import Predictor
from ppgan_lite.inference.preparation import MEASURING, tell
from ppgan_lite.inference.steps import Cancelled
from ppgan_lite.runtime.memory import require_memory

if TYPE_CHECKING:
    import numpy as np

LARGE_PX = 4_000_000  # a picture of so many pixels is worth a calibration


def estimate_cost(
    predictor: Predictor, image: np.ndarray, options: Mapping[str, Any], *, cancelled: Cancelled | None = None
) -> Cost | None:
    """Estimate the cost of a large photo; a part of it is made where nothing is known yet.

    Args:
        predictor: Is to make it.
        image: The photo, uint8 or uint16 H x W x 3.
        options: Of the predictor's call.
        cancelled: Asked while a part is made; True stops that.

    Returns:
        None for a photo that is not large.

    Raises:
        UsageError: It does not fit into memory.
        CancelledError: `cancelled` said so.
    """
    cost = known_cost(predictor, image, options)
    if cost is None:
        return None
    height, width = image.shape[:2]
    require_memory(f"{width} x {height} pixels", cost.memory)
    if cost.seconds is None:
        tell(MEASURING)
        predictor.calibrate(image, cancelled=cancelled)
        cost = known_cost(predictor, image, options)
    return cost


def known_cost(predictor: Predictor, image: np.ndarray, options: Mapping[str, Any]) -> Cost | None:
    """Return what is known of the cost of a large photo, without work on it; None for one that is not large."""
    height, width = image.shape[:2]
    return expected_cost(predictor, image, options) if height * width >= LARGE_PX else None


def expected_cost(predictor: Predictor, image: np.ndarray, options: Mapping[str, Any]) -> Cost:
    """Return what is known of the cost of a photo of any size, without work on it."""
    height, width = image.shape[:2]
    about = {"brush": options["brush"]} if "brush" in options else {}
    if image.dtype.itemsize > 1:
        about["depth"] = 8 * image.dtype.itemsize
    return predictor.cost(height, width, **about)
