"""What a 3x3 convolution sees of a picture that was doubled by repetition, as numbers: no Paddle is needed."""

from __future__ import annotations

import numpy as np

# Along one side the even pixels of the doubled picture see (a, b, b) through a filter, the odd ones (a, a, b), where a
# and b are neighbours in the small picture: phase x tap of two x tap of three.
PHASE_SUMS = np.array([[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]], dtype=np.float32)
