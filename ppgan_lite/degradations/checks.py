"""Checks and conversions that all degradations share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.signatures import argument_faults

# Arguments of a degradation that are not parameters of a chain.
SUPPLIED = ("image", "rng")


def check_arguments(degradation: Callable[..., np.ndarray], image: np.ndarray, /, **parameters: object) -> None:
    """Check the image and the parameters against the signature of a degradation.

    Raises:
        UsageError: The array is not an image, or parameters are out of range; names all faults of parameters.
    """
    name = degradation.__name__
    if image.dtype not in (np.uint8, np.uint16) or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        expected = "uint8 or uint16, (height, width) or (height, width, 3)"
        raise UsageError(name, f"an array of {image.dtype} {image.shape}", expected)
    if faults := argument_faults(degradation, parameters, supplied=SUPPLIED):
        raise UsageError(name, "; ".join(map(str, faults)))


def to_depth_of(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Round values, clip them at black and white, and convert them to the type of an image."""
    np.rint(values, out=values)
    return np.clip(values, 0, np.iinfo(image.dtype).max, out=values).astype(image.dtype)
