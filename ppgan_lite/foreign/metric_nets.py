"""The published nets that metrics need, from their PyTorch files to ours: torchvision's VGG-16 and FID's Inception."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.vgg import IMAGENET_MEAN, IMAGENET_STD

_PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)  # of the convolutions in torchvision's `vgg16().features`
_CONVS = (2, 2, 3, 3, 3)
_BATCH_NORM_EPSILON = 0.001  # Inception's

# Blue first, in 0 .. 255: torchvision's mean, as `VGG16` subtracts it.
TORCHVISION_MEANS = tuple(255 * mean for mean in reversed(IMAGENET_MEAN))


def vgg16_tensors(state: Mapping[str, np.ndarray], *, where: object) -> dict[str, np.ndarray]:
    """Return the arrays of a `VGG16` of five stages with `TORCHVISION_MEANS`, from torchvision's file.

    Its first convolution expects RGB in units of ImageNet's deviations; ours gets blue first, in 0 .. 255.

    Raises:
        CheckpointError: They are not all there.
    """
    names = [f"conv{stage}_{number + 1}" for stage, count in enumerate(_CONVS, start=1) for number in range(count)]
    found = {
        f"{ours}.{part}": _taken(state, f"features.{place}.{part}", where, "torchvision's VGG-16")
        for ours, place in zip(names, _PLACES, strict=True)
        for part in ("weight", "bias")
    }
    deviations = 255 * np.array(IMAGENET_STD, np.float32).reshape(1, 3, 1, 1)
    found["conv1_1.weight"] = np.ascontiguousarray((found["conv1_1.weight"] / deviations)[:, ::-1])
    return found


def inception_tensors(state: Mapping[str, np.ndarray], *, where: object) -> dict[str, np.ndarray]:
    """Return the arrays of an `InceptionV3`, from the file that pytorch-fid and torch-fidelity load.

    Raises:
        CheckpointError: There are none.
    """
    layers = [name.removesuffix(".conv.weight") for name in state if name.endswith(".conv.weight")]
    if not layers:
        raise CheckpointError(where, f"holds {', '.join(list(state)[:3])[:100]!r} ...", "FID's Inception net")
    found = {}
    for layer in layers:
        mean, variance, scale, shift = (
            _taken(state, f"{layer}.bn.{part}", where, "FID's Inception net").astype(np.float64)
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        factor = scale / np.sqrt(variance + _BATCH_NORM_EPSILON)
        weight = state[f"{layer}.conv.weight"] * factor.reshape(-1, 1, 1, 1)
        found[f"{layer}.conv.weight"] = weight.astype(np.float32)
        found[f"{layer}.conv.bias"] = (shift - mean * factor).astype(np.float32)
    return found


def _taken(state: Mapping[str, np.ndarray], name: str, where: object, net: str) -> np.ndarray:
    if name not in state:
        raise CheckpointError(where, f"has no {name}", f"the weights of {net}")
    return state[name]
