"""A net, a dataset and a recipe that are small enough for any test; `register` puts them into the tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
import pytest
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.data import DATASETS
from ppgan_lite.nets import NETS
from ppgan_lite.recipes import RECIPES
from ppgan_lite.recipes.recipe import Recipe, TrainedGroup


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    for table, cls in ((NETS, TinyNet), (RECIPES, TinyRecipe), (DATASETS, TinyData)):
        monkeypatch.setitem(table, cls.__name__, f"{__name__}:{cls.__name__}")


class TinyNet(nn.Layer):
    def __init__(self, channels: int = 4, kernels: Sequence[int] = (3,), tails: int = 0) -> None:
        super().__init__()
        self.arguments = {"channels": channels, "kernels": list(kernels), "tails": tails}
        self.first = nn.Conv2D(3, channels, kernels[0], padding=kernels[0] // 2)
        self.norm = nn.BatchNorm2D(channels)
        self.last = nn.Conv2D(channels, 3, 1)
        self.tails = nn.LayerList([nn.Conv2D(3, 3, 1) for _ in range(tails)])

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.last(self.norm(self.first(x)))
        for tail in self.tails:
            x = tail(x)
        return x


class TinyData:
    gives = ("photo",)

    def __init__(self, samples: int = 5, size_px: int = 8) -> None:
        self.samples = samples
        self.size_px = size_px

    def __len__(self) -> int:
        return self.samples

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        noise = rng.random((3, self.size_px, self.size_px), dtype=np.float32)
        return {"photo": noise * 0.5 + index / (2 * self.samples)}


class TinyRecipe(Recipe):
    needs = ("photo",)

    def __init__(self, learning_rate: float = 0.01, channels: int = 4, tails: int = 0) -> None:
        super().__init__()
        self.nets = {"painter": TinyNet(channels, tails=tails), "judge": TinyNet(channels)}
        self.groups = {
            name: TrainedGroup(
                paddle.optimizer.Adam(learning_rate, parameters=net.parameters()), (name,), learning_rate
            )
            for name, net in self.nets.items()
        }

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        photo, losses = batch["photo"], {}
        for name, net in self.nets.items():
            loss = (net(photo + paddle.randn(photo.shape) * 0.1) - photo).square().mean()
            self.groups[name].minimise(loss)
            losses[name] = float(loss)
        return losses

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        return {"photo": batch["photo"], "painted": self.nets["painter"](batch["photo"])}

    def predictors(self) -> dict[str, PredictorSpec]:
        return {"paint": PredictorSpec("painter", "stylize")}
