"""Names, types and sizes that painters, their training and inference agree on, without Paddle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# Parts of a style, in addition to the layers of an encoder.
IMAGE = "image"  # mean and covariance of the painting's colors
NORMS = "norms"  # offsets that a painting adds to the scales and to the shifts of a net's norms

# A style on NumPy arrays: part -> two arrays, such as mean and standard deviation, or scales and shifts.
StyleArrays = Mapping[str, tuple[np.ndarray, np.ndarray]]

# Receptive field of a revision net at full resolution: 9 pixels to the left and above, 8 to the right and below.
# Rounded up to even, so that tiles keep the phase of the downsampling.
REVISION_HALO = 10

DRAFT_PX = 256  # short side of a draft, and of a painting that is measured, where a checkpoint does not say
LEAST_DRAFT = 0.85  # of that, of a small photo: a revision net makes it crisp
