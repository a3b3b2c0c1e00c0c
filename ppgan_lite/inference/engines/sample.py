"""The photo that engines are compared by."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from ppgan_lite.images import decode_image

SAMPLE_PX = 256


def sample_photo() -> np.ndarray:
    """Return a photo with a face, cloth and sky: uint8 256 x 256 x 3, of scikit-image."""
    image, _ = decode_image(files("skimage.data").joinpath("astronaut.png").read_bytes(), "astronaut.png")
    return np.ascontiguousarray(image[:SAMPLE_PX, 96 : 96 + SAMPLE_PX])
