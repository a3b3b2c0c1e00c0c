"""Image -> worse image: pure functions on uint8 arrays, for pictures to learn restoration from."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import numpy as np

from ppgan_lite.errors import MissingDependencyError, UsageError


def salt_and_pepper(image: np.ndarray, amount: float, *, rng: np.random.Generator) -> np.ndarray:
    """Turn pixels black or white, all channels of a pixel together.

    Args:
        image: uint8 (height, width) or (height, width, channels); not changed.
        amount: The share of pixels that turns black, and the share that turns white: 0 to 0.5.
        rng: Where the dice come from.

    Returns:
        A new array of the same shape.

    Raises:
        UsageError: The amount is no such share.
    """
    if not 0 <= amount <= 0.5:
        raise UsageError("noise", f"{amount}", "a share from 0 to 0.5: so many pixels black, and as many white")
    height, width = image.shape[:2]
    dice = np.frombuffer(rng.bytes(2 * height * width), "<u2").reshape(height, width)
    threshold = round(amount * 2**16)
    worse = image.copy()
    worse[dice < threshold] = 0
    worse[dice >= 2**16 - threshold] = 255
    return worse


def mean_blur(image: np.ndarray, size: int) -> np.ndarray:
    """Replace each pixel by the mean of the square of `size` x `size` pixels around it.

    Args:
        image: uint8 (height, width) or (height, width, 3); not changed.
        size: 1 or more; 1 leaves the picture as it is.

    Returns:
        A new array of the same shape.

    Raises:
        UsageError: The size is less than 1.
    """
    if size < 1:
        raise UsageError("blur", f"{size}", "1 pixel or more")
    return _opencv().blur(image, (size, size))


def rng_for(name: str, seed: int) -> np.random.Generator:
    """Return a generator that depends on a file's name and a seed only, not on the order of the files."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return np.random.default_rng([seed, *digest[:16]])


def _opencv() -> Any:
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
