"""A net, a dataset and a recipe that are small enough for any test; `register` puts them into the tables."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec, read_checkpoint
from ppgan_lite.config import Config
from ppgan_lite.config.checks import check
from ppgan_lite.config.files import Sources
from ppgan_lite.data import DATASETS
from ppgan_lite.nets import NETS
from ppgan_lite.recipes import RECIPES
from ppgan_lite.recipes.recipe import Recipe, TrainedGroup


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    for table, cls in ((NETS, TinyNet), (RECIPES, TinyRecipe), (DATASETS, TinyData)):
        monkeypatch.setitem(table, cls.__name__, f"{__name__}:{cls.__name__}")


def in_update(monkeypatch: pytest.MonkeyPatch, iteration: int, action: Callable[[], object]) -> None:
    """Have something done in the middle of an iteration."""
    update = TinyRecipe.update

    def interrupted(self: TinyRecipe, batch: Any) -> Any:
        if self.iteration == iteration:
            action()
        return update(self, batch)

    monkeypatch.setattr(TinyRecipe, "update", interrupted)


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
    """Two nets that learn to reproduce a photo with noise; the noise grows with the stored `state`."""

    needs = ("photo",)
    averaged = ("painter",)
    best = "error"

    def __init__(self, learning_rate: float = 0.01, channels: int = 4, tails: int = 0) -> None:
        super().__init__()
        self.nets = {"painter": TinyNet(channels, tails=tails), "judge": TinyNet(channels)}
        self.groups = {
            name: TrainedGroup(
                paddle.optimizer.Adam(learning_rate, parameters=net.parameters()), (name,), learning_rate
            )
            for name, net in self.nets.items()
        }
        self.brightest = np.zeros(1, np.float32)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        photo, losses = batch["photo"], {}
        self.brightest = np.maximum(self.brightest, photo.numpy().mean())
        for name, net in self.nets.items():
            loss = (net(photo + paddle.randn(photo.shape) * self.brightest) - photo).square().mean()
            self.groups[name].backward_step(loss)
            losses[name] = float(loss)
        return losses

    def validate(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        photo = batch["photo"]
        return {"error": float((self.nets["painter"](photo) - photo).abs().mean())}

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        return {"photo": batch["photo"], "painted": self.nets["painter"](batch["photo"])}

    def predictors(self) -> dict[str, PredictorSpec]:
        return {"paint": PredictorSpec("painter", "stylize")}

    def state(self) -> dict[str, np.ndarray]:
        return {"brightest": self.brightest}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        self.brightest = state["brightest"]


def experiment(
    iterations: int = 6,
    *,
    recipe: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    loader: dict[str, Any] | None = None,
    validation: dict[str, Any] | None = None,
    **train: Any,
) -> Config:
    """Return a config of the tiny recipe on the tiny data, with settings of the `train` section by keyword."""
    settings = {"iterations": iterations, "log_every": 2, "preview_every": 0, "device": "cpu", **train}
    tree = {
        "recipe": {"name": "TinyRecipe", **(recipe or {})},
        "data": {"name": "TinyData", **(data or {})},
        "loader": {"batch_size": 2, "workers": 0, **(loader or {})},
        "train": settings,
        "validation": validation or {},
    }
    return check(tree, Sources(Path("tiny.yaml")))


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def tensors_of(checkpoint: Path) -> dict[str, bytes]:
    """Return the bytes of every tensor of a checkpoint: two that compare equal are equal bit for bit."""
    return {name: tensor.tobytes() for name, tensor in read_checkpoint(checkpoint)[1].items()}


def losses_of(run_dir: Path) -> list[dict[str, Any]]:
    """Return the metrics of a run without times, which no run repeats."""
    lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{key: line[key] for key in line if key not in ("seconds", "data_share")} for line in lines]
