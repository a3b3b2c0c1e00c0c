"""Drawings of photographs, to make training pairs for coloring."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ppgan_lite.degradations.checks import check_arguments, to_depth_of
from ppgan_lite.degradations.reduction import luma
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.signatures import Within

# Winnemoeller 2012: ratio of the two Gaussians whose difference is closest to the Laplacian.
_SCALE_OF_SECOND_GAUSSIAN = 1.6
# Added to numerator and denominator of the pencil's quotient, so that flat black stays white.
_PAPER = 0.02


def pencil_sketch(
    image: np.ndarray,
    sigma: Annotated[float, Within(0.1, 100)] = 8.0,
    darkness: Annotated[float, Within(0.1, 10)] = 1.5,
) -> np.ndarray:
    """Draw the picture in pencil: luma divided by blurred luma (the "color dodge").

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3) RGB; not changed.
        sigma: Softness of the shading: standard deviation of the blur in pixels, 0.1 to 100.
        darkness: Exponent of the quotient, 0.1 to 10; larger is darker.

    Returns:
        A new array of the same shape and type; all channels are equal.

    Raises:
        UsageError: A parameter is out of range.
    """
    check_arguments(pencil_sketch, image, sigma=sigma, darkness=darkness)
    gray = _luma_0_to_1(image)
    around = opencv().GaussianBlur(gray, (0, 0), sigma)
    tone = np.minimum((gray + _PAPER) / (around + _PAPER), 1)
    return _drawn_like(image, tone**darkness)


def line_art(
    image: np.ndarray,
    sigma: Annotated[float, Within(0.1, 20)] = 1.0,
    sharpness: Annotated[float, Within(0, 200)] = 40.0,
    threshold: Annotated[float, Within(-1, 2)] = 0.0,
    softness: Annotated[float, Within(0, 100)] = 10.0,
) -> np.ndarray:
    """Draw the picture in ink: the extended difference of Gaussians (XDoG) with a soft threshold.

    After H. Winnemoeller, J. E. Kyprianidis, S. C. Olsen, "XDoG: An eXtended difference-of-Gaussians compendium
    including advanced image stylization", Computers & Graphics 36 (2012): the sharpened difference S with the soft
    threshold T, without smoothing along the edge flow.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3) RGB; not changed.
        sigma: Width of the lines: standard deviation of the finer Gaussian in pixels, 0.1 to 20.
        sharpness: p of the paper, the exaggeration of edges: 0 to 200.
        threshold: Epsilon of the paper, -1 to 2, on a scale from black (0) to white (1); lighter tones become white.
            At 0 only edges are drawn; larger values fill more of the dark areas.
        softness: Phi of the paper, the steepness at which tones below the threshold turn black: 0 to 100.

    Returns:
        A new array of the same shape and type; all channels are equal.

    Raises:
        UsageError: A parameter is out of range.
    """
    check_arguments(line_art, image, sigma=sigma, sharpness=sharpness, threshold=threshold, softness=softness)
    cv2 = opencv()
    gray = _luma_0_to_1(image)
    fine = cv2.GaussianBlur(gray, (0, 0), sigma)
    coarse = cv2.GaussianBlur(gray, (0, 0), sigma * _SCALE_OF_SECOND_GAUSSIAN)
    edges = (1 + sharpness) * fine - sharpness * coarse
    return _drawn_like(image, np.where(edges >= threshold, 1, 1 + np.tanh(softness * (edges - threshold))))


def _luma_0_to_1(image: np.ndarray) -> np.ndarray:
    return luma(image).astype(np.float32) / np.iinfo(image.dtype).max


def _drawn_like(image: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """Convert tones from 0 to 1 to a picture of the shape and type of another."""
    drawing = to_depth_of(image, tone * np.iinfo(image.dtype).max)
    return drawing if image.ndim == 2 else opencv().merge([drawing] * 3)
