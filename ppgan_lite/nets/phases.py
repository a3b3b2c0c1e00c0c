"""The phases of a 3x3 convolution of a picture that is upsampled by repetition, as numbers: no Paddle is needed."""

from __future__ import annotations

import numpy as np

# Along one side the filter covers (a, b, b) at the even pixels of the upsampled picture and (a, a, b) at the odd ones,
# where a and b are neighbors in the small picture: phase x tap of two x tap of three.
PHASE_SUMS = np.array([[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]], dtype=np.float32)
