"""The encoder that ships for perceptual losses: VGG-16, by K. Simonyan and A. Zisserman, Visual Geometry Group, Oxford.

Its file carries attribution and licence (CC BY 4.0): `paddlegan inspect` shows them. Beside it, the linear weights of
LPIPS, for the features of another VGG-16, torchvision's.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from ppgan_lite.errors import CheckpointError

FILE = Path(__file__).parent / "vgg16.ppgan"
LPIPS_FILE = Path(__file__).parent / "lpips.json"


def vgg16() -> Path:
    """Return the checkpoint of VGG-16 up to relu4_3.

    Raises:
        CheckpointError: This installation has none.
    """
    if not FILE.exists():
        raise CheckpointError(FILE, "the VGG-16 that ships is missing", remedy="Install ppgan-lite again")
    return FILE


def lpips_weights() -> dict[str, np.ndarray]:
    """Return the linear weights of LPIPS 0.1 for torchvision's VGG-16: layer -> float32 of its channels."""
    weights = json.loads(LPIPS_FILE.read_text(encoding="utf-8"))["weights"]
    return {layer: np.frombuffer(base64.b64decode(text), "<f4") for layer, text in weights.items()}
