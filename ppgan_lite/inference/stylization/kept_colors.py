"""The photo's colors in a painted picture."""

from __future__ import annotations

import numpy as np

from ppgan_lite.inference.arrays import LUMA

_STRIP_PX = 1 << 18  # so many pixels at a time: the floats of a large picture are never all there
# Paint that is lighter than the photo is more colorful too, and darker paint less: by this power of the ratio of their
# lumas, within limits. 0 would make light paint pale and dark paint gaudy; 1 would exaggerate the noise of dark photos.
_POWER = 0.5
_LEAST, _MOST = 0.6, 1.6
_DARK = 8.0  # added to both lumas
_LARGEST_GAIN = 2.0


def take_chroma(painted: np.ndarray, photo: np.ndarray) -> None:
    """Give a painted picture the photo's colors, in place: its own luma, at the photo's mean and contrast, stays.

    Hues are the photo's everywhere: a color that cannot be shown at its luma loses saturation, not its hue.

    Args:
        painted: uint8 or uint16 H x W x 3 RGB, which is changed.
        photo: The same.
    """
    (own_mean, own_std), (mean, std) = _moments(painted), _moments(photo)
    gain = np.float32(min(std / max(own_std, 1.0), _LARGEST_GAIN))
    for rows in _strips(photo):
        of_photo = _values(photo[rows]).astype(np.float32)
        own_luma = of_photo @ LUMA
        luma = ((_values(painted[rows]) @ LUMA - np.float32(own_mean)) * gain + np.float32(mean)).clip(0, 255)
        chroma = of_photo - own_luma[..., None]
        share = (((luma + _DARK) / (own_luma + _DARK)) ** np.float32(_POWER)).clip(_LEAST, _MOST)
        # As much of it as keeps the largest channel below 255 and the smallest one above 0.
        above, below = chroma.max(axis=2), -chroma.min(axis=2)
        np.minimum(share, (255 - luma) / np.maximum(above, 1e-3), out=share)
        np.minimum(share, luma / np.maximum(below, 1e-3), out=share)
        chroma *= share[..., None]
        chroma += luma[..., None]
        chroma.clip(0, 255, out=chroma)
        if painted.dtype == np.uint16:
            chroma *= np.float32(257)
        painted[rows] = np.rint(chroma)


def _moments(image: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation of the luma."""
    total = squares = 0.0
    for rows in _strips(image):
        luma = (_values(image[rows]) @ LUMA).astype(np.float64)
        total += luma.sum()
        squares += np.square(luma).sum()
    count = image.shape[0] * image.shape[1]
    mean = total / count
    return mean, max(squares / count - mean * mean, 0.0) ** 0.5


def _values(pixels: np.ndarray) -> np.ndarray:
    """Return pixels from 0 to 255, of uint16 as floats."""
    return pixels if pixels.dtype == np.uint8 else pixels * np.float32(1 / 257)


def _strips(image: np.ndarray) -> list[slice]:
    rows = max(_STRIP_PX // image.shape[1], 1)
    return [slice(start, start + rows) for start in range(0, len(image), rows)]
