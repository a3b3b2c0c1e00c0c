"""Filters of convolutions that are done before an upsampling, made of those that follow it; see `upsampling`."""

from __future__ import annotations

import numpy as np

from ppgan_lite.nets.phases import PHASE_SUMS


def phase_filters(filters: np.ndarray) -> np.ndarray:
    """Turn 3x3 filters for an upsampled picture into 2x2 ones for the small one: their phases as channels.

    Four phases make a cell of one place of the small picture, its border repeated: the pixels 2i - 1 and 2i of the
    upsampled one, each way.
    """
    sums = PHASE_SUMS[::-1]
    channels, inputs = filters.shape[:2]
    return np.einsum("oirc,pjr,qkc->pqoijk", filters, sums, sums).reshape(4 * channels, inputs, 2, 2)


def filters_of_phases(filters: np.ndarray) -> np.ndarray:
    """Turn 3x3 filters for a large picture into 2x2 ones for cells of its pixels: four phases in, four out.

    The result's pixels 2i and 2i + 1 see the pixels 2i - 1 to 2i + 2, which are two cells.
    """
    phase_out, phase_in, cell, tap = np.indices((2, 2, 2, 3))
    covers = (tap == 2 * cell + phase_in - phase_out).astype(np.float32)
    channels, inputs = filters.shape[:2]
    return np.einsum("oirc,apjr,bqkc->abopqijk", filters, covers, covers).reshape(4 * channels, 4 * inputs, 2, 2)
