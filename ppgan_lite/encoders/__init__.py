"""The encoder that ships for perceptual losses: VGG-16, by K. Simonyan and A. Zisserman, Visual Geometry Group, Oxford.

Its file carries attribution and licence (CC BY 4.0): `paddlegan inspect` shows them.
"""

from __future__ import annotations

from pathlib import Path

from ppgan_lite.errors import CheckpointError

FILE = Path(__file__).parent / "vgg16.ppgan"


def vgg16() -> Path:
    """Return the checkpoint of VGG-16 up to relu4_3.

    Raises:
        CheckpointError: This installation has none.
    """
    if not FILE.exists():
        raise CheckpointError(FILE, "the VGG-16 that ships is missing", remedy="Install ppgan-lite again")
    return FILE
