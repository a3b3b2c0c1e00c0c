"""What all degradations ask of their arguments, and OpenCV, which most of them compute with."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ppgan_lite.errors import MissingDependencyError, UsageError
from ppgan_lite.signatures import argument_faults

# What a degradation is given beside its parameters.
SUPPLIED = ("image", "rng")


def check_arguments(degradation: Callable[..., np.ndarray], image: np.ndarray, /, **parameters: object) -> None:
    """Refuse what is no picture, and parameters outside the ranges that the degradation's signature tells.

    Raises:
        UsageError: Something is wrong; everything that is wrong with the parameters is named.
    """
    name = degradation.__name__
    if image.dtype not in (np.uint8, np.uint16) or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        expected = "uint8 or uint16, (height, width) or (height, width, 3)"
        raise UsageError(name, f"an array of {image.dtype} {image.shape}", expected)
    if faults := argument_faults(degradation, parameters, supplied=SUPPLIED):
        raise UsageError(name, "; ".join(map(str, faults)))


def to_depth_of(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Round values and clip them at black and white, to the type of a picture."""
    np.rint(values, out=values)
    return np.clip(values, 0, np.iinfo(image.dtype).max, out=values).astype(image.dtype)


def opencv() -> Any:
    """Return the module cv2, imported so that it does no harm to the window.

    Raises:
        MissingDependencyError: It, or a system library that it needs, is not installed.
    """
    plugins = os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH")
    try:
        import cv2
    except ImportError as error:  # on a bare Debian its libraries are missing, not the package
        remedy = "pip install opencv-python; on Debian and Ubuntu also: apt install libgl1 libglib2.0-0"
        raise MissingDependencyError("opencv-python", f"cannot be imported ({error})", remedy=remedy) from error
    # opencv-python points Qt at its own plugins, with which a PyQt5 window dies at its start.
    if plugins is None:
        os.environ.pop("QT_QPA_PLATFORM_PLUGIN_PATH", None)
    else:
        os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"] = plugins
    return cv2
