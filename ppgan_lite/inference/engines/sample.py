"""The photo that engines are compared by."""

from __future__ import annotations

import numpy as np

from ppgan_lite.images import SAMPLE_PHOTO, decode_image

SAMPLE_PX = 256
REFERENCE_PX = 128  # side of the middle of a painted sample, by which engines that paint are compared


def sample_photo() -> np.ndarray:
    """Return the middle of the sample photo, with a face, cloth and metal: uint8 256 x 256 x 3."""
    image, _ = decode_image(SAMPLE_PHOTO.read_bytes(), SAMPLE_PHOTO.name)
    return np.ascontiguousarray(image[:SAMPLE_PX, 96 : 96 + SAMPLE_PX])
