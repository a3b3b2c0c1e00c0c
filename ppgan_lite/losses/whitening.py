"""Features brought to one scale in every direction, so that a loss measures all of them.

Few directions carry nearly all of the variance of deep features (in a compressed VGG-19 one direction of relu4_1 has
nine tenths of it), and shapes differ in the others: Gram matrices and cosines of the features as they are hardly
measure these.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import paddle
from paddle.nn import functional as F

# Exponent of the whitening: 0 leaves variances as they are, 1 makes them equal, noise included.
POWER = 0.7
# Added to all variances, as a share of the largest one, so that directions of next to no variance stay small.
FLOOR = 1e-4


class Whitening:
    """A projection of each layer's features to mean 0 and principal directions of similar variance, over many pictures.

    Li et al., "Universal Style Transfer via Feature Transforms", NeurIPS 2017, section 3.2, whiten each picture by
    itself to paint it. Departures: losses compare through one projection, of many pictures, and it evens variances out
    to the power `POWER` only. In full, losses would weigh an encoder's noise as much as its features.

    Args:
        pictures: After so many the projection stays as it is.
    """

    def __init__(self, pictures: int = 200) -> None:
        self.pictures = pictures
        self.count = 0  # pictures so far
        self._moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # sums over these: of x and of x x^T
        self._projections: dict[str, tuple[paddle.Tensor, paddle.Tensor]] = {}

    @property
    def complete(self) -> bool:
        """Whether the statistics cover enough pictures."""
        return self.count >= self.pictures

    def update(self, features: Mapping[str, paddle.Tensor]) -> None:
        """Add the features of some pictures to the statistics; each layer N x C x h x w."""
        for layer, maps in features.items():
            for values in maps.flatten(2).numpy().astype(np.float64):
                mean, second = values.mean(axis=1), values @ values.T / values.shape[1]
                old_mean, old_second = self._moments.get(layer, (0.0, 0.0))
                self._moments[layer] = old_mean + mean, old_second + second
        self.count += len(maps)
        self._project()

    def __call__(self, features: Mapping[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return whitened features of the same shapes; channels are principal directions, the largest first."""
        return {layer: F.conv2d(maps, *self._projections[layer]) for layer, maps in features.items()}

    def state(self) -> dict[str, np.ndarray]:
        """Return the statistics: name -> array."""
        arrays = {"count": np.array(self.count)}
        for layer, (mean, second) in self._moments.items():
            arrays |= {f"{layer}.mean": mean, f"{layer}.second": second}
        return arrays

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back the result of `state`."""
        self.count = int(state["count"])
        layers = [key.removesuffix(".mean") for key in state if key.endswith(".mean")]
        self._moments = {layer: (state[f"{layer}.mean"], state[f"{layer}.second"]) for layer in layers}
        self._project()

    def _project(self) -> None:
        for layer, (mean, second) in self._moments.items():
            mean, second = mean / self.count, second / self.count
            variances, directions = np.linalg.eigh(second - np.outer(mean, mean))
            variances, directions = variances[::-1], directions[:, ::-1]
            scale = (variances.clip(0) + FLOOR * variances[0] + 1e-12) ** (-POWER / 2)
            scale /= np.sqrt((scale**2 * variances.clip(0)).mean() + 1e-12)
            matrix = scale[:, None] * directions.T
            self._projections[layer] = (
                paddle.to_tensor(matrix[:, :, None, None].astype(np.float32)),
                paddle.to_tensor((-matrix @ mean).astype(np.float32)),
            )
