"""Building blocks of recipes: nets that a config chose, Adam, and conversion to the value range of a net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import paddle
from paddle import nn

from ppgan_lite.errors import UsageError
from ppgan_lite.nets import NETS
from ppgan_lite.nets.luma import LUMA
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.tables import resolve


def chosen_net(choice: Mapping[str, Any]) -> nn.Layer:
    """Build the net that a `NetChoice` names.

    Raises:
        UsageError: The table has no such net.
    """
    arguments = dict(choice)
    return resolve(NETS, arguments.pop("name"), "net")(**arguments)


def chosen_generator(choice: Mapping[str, Any]) -> nn.Layer:
    """Build the net that a `NetChoice` names, and require that it makes pictures.

    Raises:
        UsageError: The table has no such net, it makes no pictures, or its pictures are neither gray nor in color.
    """
    net = chosen_net(choice)
    if not hasattr(net, "value_range"):
        raise UsageError(
            "recipe.generator.name",
            choice["name"],
            "a net that makes pictures, as ResnetGenerator and UnetGenerator do",
        )
    for key in ("in_channels", "out_channels"):
        if net.arguments.get(key, 3) not in (1, 3):
            raise UsageError(f"recipe.generator.{key}", str(net.arguments[key]), "1 for gray pictures, or 3")
    return net


def check_channels(net: nn.Layer, argument: str, key: str, wanted: int, why: str) -> None:
    """Refuse a net whose number of channels does not fit the others'.

    Args:
        net: Built from a `NetChoice`.
        argument: The recipe's argument that chose it.
        key: "in_channels" or "out_channels".
        wanted: How many there must be.
        why: The reason, for the message.

    Raises:
        UsageError: It has another number.
    """
    found = net.arguments.get(key)
    if found != wanted:
        raise UsageError(f"recipe.{argument}.{key}", str(found), f"{wanted}: {why}")


def adam(nets: Mapping[str, nn.Layer], learning_rate: float, *, beta1: float) -> TrainedGroup:
    """Return the group that trains all of some nets, by their name in `Recipe.nets`, with Adam."""
    parameters = [parameter for net in nets.values() for parameter in net.parameters() if not parameter.stop_gradient]
    optimizer = paddle.optimizer.Adam(learning_rate, beta1=beta1, parameters=parameters)
    return TrainedGroup(optimizer, tuple(nets), learning_rate)


def to_net(image: paddle.Tensor, channels: int, value_range: tuple[float, float]) -> paddle.Tensor:
    """Convert pictures from a dataset to the channels and the range of a net.

    Args:
        image: N x 3 or 1 x H x W in [0, 1].
        channels: The net's; 1 of 3 are the luma, 3 of 1 are copies.
        value_range: The net's lowest and highest value.
    """
    if channels == 1 and image.shape[1] == 3:
        image = (image * paddle.to_tensor(LUMA, dtype=image.dtype).reshape([1, 3, 1, 1])).sum(axis=1, keepdim=True)
    elif channels == 3 and image.shape[1] == 1:
        image = image.expand([-1, 3, -1, -1])
    low, high = value_range
    return image if (low, high) == (0.0, 1.0) else image * (high - low) + low


def from_net(tensor: paddle.Tensor, value_range: tuple[float, float]) -> paddle.Tensor:
    """Convert a net's result to [0, 1] without clipping: losses need the gradient outside."""
    low, high = value_range
    return tensor if (low, high) == (0.0, 1.0) else (tensor - low) / (high - low)


def numpy_generator() -> np.random.Generator:
    """Return a NumPy generator seeded from Paddle's, which the loop seeds for every iteration."""
    return np.random.default_rng(paddle.randint(0, 2**31 - 1, [1]).item())
