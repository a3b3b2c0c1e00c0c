"""What all tests share: a quiet environment, and pictures made here."""

from __future__ import annotations

import os

# Before Qt and Paddle are imported anywhere.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")
os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
os.environ.pop("PADDLEGAN_DEBUG", None)

from pathlib import Path

import numpy as np
import pytest

from ppgan_lite.images import write_image


@pytest.fixture
def photo() -> np.ndarray:
    """Return a picture without symmetry, uint8 (40, 60, 3): colours run across it, with one white corner."""
    rows, columns = np.mgrid[0:40, 0:60]
    image = np.stack([rows * 6, columns * 4, (rows + columns) * 2], axis=-1).astype(np.uint8)
    image[:8, :8] = 255
    return image


@pytest.fixture
def photo_file(tmp_path: Path, photo: np.ndarray) -> Path:
    """Return the same picture as a PNG file."""
    path = tmp_path / "photo.png"
    write_image(path, photo)
    return path
