"""Programs that train painters after Johnson et al. (ECCV 2016), with names of their own for the layers of one net."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppgan_lite.foreign.options import Channels, Values

State = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class PainterLayout:
    """A program's names of a painter's layers, and what no shape tells of its nets.

    Attributes:
        program: Its repository.
        names: Of arrays that tell it from others, that of the first convolution first.
        values: What its nets take and return.
        channels: The order of the colors.
        order: The beginnings of the layers' names, in the order of the layers; empty if their numbers tell it.
    """

    program: str
    names: tuple[str, ...]
    values: Values
    channels: Channels = "rgb"
    order: tuple[str, ...] = ()


def _like_example(
    program: str, up: str, values: Values, channels: Channels = "rgb", scale: str = "weight"
) -> PainterLayout:
    """Return the layout of PyTorch's example with other names for layers that upsample, or for the scales of norms."""
    order = ("conv1", "in1", "conv2", "in2", "conv3", "in3", "res", f"{up}1", "in4", f"{up}2", "in5", f"{up}3")
    names = ("conv1.conv2d.weight", f"in1.{scale}", f"{up}3.conv2d.weight")
    return PainterLayout(program, names, values, channels, order)


PAINTER_LAYOUTS = (
    _like_example("pytorch/examples, fast_neural_style", "deconv", "0..255"),
    _like_example("yakhyo/fast-neural-style-transfer", "upsample_conv", "0..255"),
    _like_example("gordicaleksa/pytorch-neural-style-transfer-johnson", "up", "imagenet"),
    _like_example("abhiskk/fast-neural-style", "deconv", "0..255", "bgr", "scale"),  # what PyTorch's example began as
    PainterLayout(
        "eriklindernoren/Fast-Neural-Style-Transfer",
        ("model.0.block.1.weight", "model.10.block.1.weight"),
        "imagenet",
    ),
    PainterLayout(
        "rrmina/fast-neural-style-pytorch",
        ("ConvBlock.0.conv_layer.weight", "DeconvBlock.4.conv_layer.weight"),
        "0..255",
        "bgr",
        ("ConvBlock", "ResidualBlock", "DeconvBlock"),
    ),
)


def find_layout(state: State) -> tuple[PainterLayout, str] | None:
    """Return the layout whose names a state dict has, and the prefix of all of them; None for other names."""
    for layout in PAINTER_LAYOUTS:
        first = next((name for name in state if f".{name}".endswith(f".{layout.names[0]}")), None)
        if first is not None:
            prefix = first.removesuffix(layout.names[0])
            if all(f"{prefix}{name}" in state for name in layout.names):
                return layout, prefix
    return None


def in_order(state: State, order: tuple[str, ...] = (), prefix: str = "") -> dict[str, np.ndarray]:
    """Return arrays in the order of their layers, for files that keep another one.

    Args:
        state: Name -> array, in any order.
        order: The beginnings of the layers' names, in the order of the layers. Those of one beginning are in the order
            of their numbers.
        prefix: Of all names.
    """

    def key(name: str) -> tuple[Any, ...]:
        own = name.removeprefix(prefix)
        place = next((place for place, start in enumerate(order) if own.startswith(start)), 0)
        layer, _, part = own.rpartition(".")
        numbers = [(int(text), "") if text.isdecimal() else (-1, text) for text in re.split(r"(\d+)", layer)]
        return place, numbers, part != "weight", part

    return {name: state[name] for name in sorted(state, key=key)}
