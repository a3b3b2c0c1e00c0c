"""Features brought to one scale in every direction, so that a loss sees all of what an encoder knows.

Few directions carry nearly all of the variance of deep features (in a compressed VGG-19 one direction of relu4_1 has
nine tenths of it), and what tells shapes apart lies in the others: Gram matrices and cosines of the features as they
are hardly see it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import paddle
from paddle.nn import functional as F

# How far variances are evened out: 0 leaves them, 1 makes them equal, noise included.
POWER = 0.7
# Of the largest variance: what is added to all, so that directions which carry next to nothing stay small.
FLOOR = 1e-4


class Whitening:
    """A projection of each layer's features to mean 0 and directions of like spread, over all pictures watched.

    Li et al., "Universal Style Transfer via Feature Transforms", NeurIPS 2017, section 3.2, whiten each picture by
    itself to paint it. Here one projection, of many pictures, is what losses look through, and it evens out variances
    to the power `POWER` only: in full, losses would look as hard at an encoder's noise.

    Args:
        pictures: After so many the projection stays as it is.
    """

    def __init__(self, pictures: int = 200) -> None:
        self.pictures = pictures
        self.watched = 0  # pictures so far
        self._moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # of the watched pictures: sum of x, sum of x x^T
        self._projections: dict[str, tuple[paddle.Tensor, paddle.Tensor]] = {}

    @property
    def complete(self) -> bool:
        """Whether enough pictures were watched."""
        return self.watched >= self.pictures

    def watch(self, features: Mapping[str, paddle.Tensor]) -> None:
        """Take note of how the features of some pictures are spread; each layer N x C x h x w."""
        for layer, maps in features.items():
            for values in maps.flatten(2).numpy().astype(np.float64):
                mean, second = values.mean(axis=1), values @ values.T / values.shape[1]
                old_mean, old_second = self._moments.get(layer, (0.0, 0.0))
                self._moments[layer] = old_mean + mean, old_second + second
        self.watched += len(maps)
        self._project()

    def __call__(self, features: Mapping[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return whitened features of the same shapes; channels are now principal directions, the largest first."""
        return {layer: F.conv2d(maps, *self._projections[layer]) for layer, maps in features.items()}

    def state(self) -> dict[str, np.ndarray]:
        """Return what `load_state` takes back: name -> array."""
        arrays = {"watched": np.array(self.watched)}
        for layer, (mean, second) in self._moments.items():
            arrays |= {f"{layer}.mean": mean, f"{layer}.second": second}
        return arrays

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` returned."""
        self.watched = int(state["watched"])
        layers = [key.removesuffix(".mean") for key in state if key.endswith(".mean")]
        self._moments = {layer: (state[f"{layer}.mean"], state[f"{layer}.second"]) for layer in layers}
        self._project()

    def _project(self) -> None:
        for layer, (mean, second) in self._moments.items():
            mean, second = mean / self.watched, second / self.watched
            variances, directions = np.linalg.eigh(second - np.outer(mean, mean))
            variances, directions = variances[::-1], directions[:, ::-1]
            scale = (variances.clip(0) + FLOOR * variances[0] + 1e-12) ** (-POWER / 2)
            scale /= np.sqrt((scale**2 * variances.clip(0)).mean() + 1e-12)
            matrix = scale[:, None] * directions.T
            self._projections[layer] = (
                paddle.to_tensor(matrix[:, :, None, None].astype(np.float32)),
                paddle.to_tensor((-matrix @ mean).astype(np.float32)),
            )
