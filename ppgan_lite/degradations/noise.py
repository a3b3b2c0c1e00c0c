"""Noise: random changes of single pixels or values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from ppgan_lite.degradations.checks import check_arguments, to_depth_of
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.signatures import Within

# Pixels computed at a time, so that arrays fit into the cache of a core.
_STRIP_PIXELS = 2**16


def salt_and_pepper(
    image: np.ndarray, amount: Annotated[float, Within(0, 0.5)] = 0.1, *, rng: np.random.Generator
) -> np.ndarray:
    """Turn pixels black or white, all channels of a pixel together.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        amount: The share of pixels that turns black, and the share that turns white: 0 to 0.5.
        rng: Source of random numbers.

    Returns:
        A new array of the same shape and type.

    Raises:
        UsageError: The amount is out of range.
    """
    check_arguments(salt_and_pepper, image, amount=amount)
    cv2 = opencv()
    width = image.shape[1]
    threshold = round(amount * 2**16)
    image = np.ascontiguousarray(image)
    worse = np.empty_like(image)
    masks = np.empty_like(next(_strips(worse)))
    for clean, strip in zip(_strips(image), _strips(worse)):
        pixels = len(strip) * width
        # Four numbers of 16 bits in each of 64, in the same order on every machine.
        numbers = rng.integers(0, 2**64, size=-(-pixels // 4), dtype=np.uint64).astype("<u8", copy=False)
        dice = numbers.view("<u2")[:pixels].reshape(-1, width)
        for hit, combine, pixels_before in (
            (dice >= threshold, cv2.bitwise_and, clean),
            (dice >= 2**16 - threshold, cv2.bitwise_or, strip),
        ):
            mask = np.negative(hit.view(np.uint8), dtype=image.dtype)  # all bits set where a pixel is hit
            if image.ndim == 3:
                mask = cv2.merge((mask, mask, mask), masks[: len(strip)])
            combine(pixels_before, mask, strip)
    return worse


def gaussian_noise(
    image: np.ndarray, sigma: Annotated[float, Within(0, 255)] = 25.0, *, rng: np.random.Generator
) -> np.ndarray:
    """Add Gaussian noise, independent of the values, as the read-out of a sensor does.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        sigma: Standard deviation in levels of an 8-bit picture: 0 to 255, where 255 is white.
        rng: Source of random numbers.

    Returns:
        A new array of the same shape and type, clipped at black and white.

    Raises:
        UsageError: The parameter is out of range.
    """
    check_arguments(gaussian_noise, image, sigma=sigma)
    scale = np.float32(sigma * np.iinfo(image.dtype).max / 255)
    worse = np.empty_like(image)
    for clean, strip in zip(_strips(image), _strips(worse)):
        strip[...] = to_depth_of(image, clean + scale * rng.standard_normal(clean.shape, dtype=np.float32))
    return worse


def poisson_noise(
    image: np.ndarray, photons: Annotated[float, Within(0.1, 1e6)] = 30.0, *, rng: np.random.Generator
) -> np.ndarray:
    """Draw photon counts: shot noise, whose standard deviation grows with the square root of the value.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        photons: The mean count of photons for white: 0.1 to 1,000,000; fewer are noisier.
        rng: Source of random numbers.

    Returns:
        A new array of the same shape and type, clipped at white.

    Raises:
        UsageError: The parameter is out of range.
    """
    check_arguments(poisson_noise, image, photons=photons)
    scale = photons / np.iinfo(image.dtype).max
    worse = np.empty_like(image)
    for clean, strip in zip(_strips(image), _strips(worse)):
        strip[...] = to_depth_of(image, rng.poisson(clean * scale) / scale)
    return worse


def speckle_noise(
    image: np.ndarray, sigma: Annotated[float, Within(0, 4)] = 0.2, *, rng: np.random.Generator
) -> np.ndarray:
    """Multiply each value by a factor around 1: the noise of coherent light, radar and ultrasound.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3); not changed.
        sigma: Standard deviation of the factor, which is normally distributed around 1: 0 to 4.
        rng: Source of random numbers.

    Returns:
        A new array of the same shape and type, clipped at black and white.

    Raises:
        UsageError: The parameter is out of range.
    """
    check_arguments(speckle_noise, image, sigma=sigma)
    worse = np.empty_like(image)
    for clean, strip in zip(_strips(image), _strips(worse)):
        factors = 1 + np.float32(sigma) * rng.standard_normal(clean.shape, dtype=np.float32)
        strip[...] = to_depth_of(image, clean * factors)
    return worse


def _strips(image: np.ndarray) -> Iterator[np.ndarray]:
    """Yield views of groups of rows."""
    rows = max(1, _STRIP_PIXELS // max(1, image.shape[1]))
    for top in range(0, len(image), rows):
        yield image[top : top + rows]
