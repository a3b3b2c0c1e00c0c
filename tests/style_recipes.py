"""What tests of the recipes for painters share: a tiny perceptual encoder, batches, and what an update changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, read_checkpoint, write_checkpoint
from ppgan_lite.config import Config, LoaderSettings, TrainSettings
from ppgan_lite.images import write_image
from ppgan_lite.nets.vgg import VGGEncoder
from ppgan_lite.nets.vgg16 import VGG16
from ppgan_lite.recipes.recipe import Recipe
from ppgan_lite.training import train

WIDTHS, CONVS = [4, 5, 6, 7, 8], [1, 1, 1, 1, 1]


def write_perceptual(folder: Path) -> str:
    """Write a checkpoint with a tiny encoder of random weights."""
    paddle.seed(1)
    encoder = VGGEncoder(WIDTHS, CONVS)
    path = folder / "perceptual.ppgan"
    write_checkpoint(path, Header({"encoder": net_spec(encoder)}), net_tensors("encoder", encoder))
    return str(path)


def write_vgg16(folder: Path) -> str:
    """Write a checkpoint with a tiny VGG-16 of random weights."""
    paddle.seed(1)
    encoder = VGG16([4, 5, 6, 7])
    path = folder / "vgg16.ppgan"
    write_checkpoint(path, Header({"encoder": net_spec(encoder)}), net_tensors("encoder", encoder))
    return str(path)


def batch_of(size: int, samples: int = 2) -> dict[str, paddle.Tensor]:
    rng = np.random.default_rng(0)
    names = ("photo", "style", "photo_sample")
    return {name: paddle.to_tensor(rng.random((samples, 3, size, size), np.float32)) for name in names}


def state(recipe: Recipe) -> dict[str, np.ndarray]:
    """Return all parameters and buffers, "net.parameter" -> values."""
    return {
        f"{name}.{key}": tensor.numpy().copy()
        for name, net in recipe.nets.items()
        for key, tensor in net.state_dict().items()
    }


def changed(before: dict[str, np.ndarray], recipe: Recipe) -> set[str]:
    """Return the first two parts of the names of what is not as it was before."""
    after = state(recipe)
    return {".".join(name.split(".")[:2]) for name in before if not np.array_equal(before[name], after[name])}


def write_pictures(folder: Path) -> dict[str, Any]:
    """Write two photos and a painting; return the settings of the dataset that they are."""
    rng = np.random.default_rng(0)
    for name in ("photos/a.png", "photos/b.png", "styles/s.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_image(folder / name, rng.integers(0, 256, (48, 56, 3), np.uint8))
    return {
        "name": "ContentAndStyle",
        "content": [str(folder / "photos")],
        "style": [str(folder / "styles")],
        "size": 32,
        "content_short_side": [32, 48],
        "style_short_side": [32, 48],
    }


def config(recipe: dict[str, Any], data: dict[str, Any], iterations: int = 2, **settings: Any) -> Config:
    return Config(
        recipe=recipe,
        data=data,
        loader=LoaderSettings(batch_size=2),
        train=TrainSettings(iterations, log_every=1, preview_every=0, device="cpu", **settings),
    )


def check_resuming(recipe: dict[str, Any], data: dict[str, Any], folder: Path) -> None:
    """Check that two iterations and two more end where four in one go do, bit for bit."""
    whole = train(config(recipe, data, 4), run_dir=folder / "whole")
    train(config(recipe, data, 2), run_dir=folder / "cut")
    resumed = train(config(recipe, data, 4), run_dir=folder / "cut", resume=True)
    tensors, others = read_checkpoint(whole)[1], read_checkpoint(resumed)[1]
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        assert tensor.tobytes() == others[name].tobytes(), name
