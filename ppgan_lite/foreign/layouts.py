"""State-dict layouts of the generators of PaddleGAN, pytorch-CycleGAN-and-pix2pix and CUT: our names and theirs.

All three number the layers of nested sequences by place, activations, paddings and dropouts among them: PaddleGAN's
generators are translations of the PyTorch ones, CUT's add blurs. So a name follows from a net's arguments alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Dialect = Literal["torch", "paddlegan"]
Role = Literal["conv", "bare conv", "norm", "downsampling blur", "upsampling blur"]

# Our names of a batch norm's parameters and statistics -> PyTorch's; Paddle's are ours.
BATCH_NORM = {"weight": "weight", "bias": "bias", "_mean": "running_mean", "_variance": "running_var"}
BATCH_NORMS = ("batch", "picture")
# Residual blocks of a generator. Published ones have up to 9, and thousands in a small file would take minutes to load.
MAX_BLOCKS = 64
# The filters of CUT's blurs.
BLURS = {
    "downsampling blur": np.outer([1, 2, 1], [1, 2, 1]) / 16,
    "upsampling blur": np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16,
}


@dataclass(frozen=True)
class Place:
    """One layer with parameters, statistics or a filter.

    Attributes:
        ours: Its name in our net; "" for blurs, which have no parameters here.
        theirs: Its name in the sequence.
        role: "conv" is followed by a norm and has a bias if the net's arguments say so; "bare conv" always has one.
        shape: Of its weight; of a norm, its channels; of a blur, its filter.
    """

    ours: str
    theirs: str
    role: Role
    shape: tuple[int, ...]


def generator_places(kind: str, arguments: Mapping[str, Any]) -> list[Place]:
    """Return the layers of a generator, in the order of the sequence.

    Args:
        kind: "ResnetGenerator" or "UnetGenerator".
        arguments: All of its constructor's.
    """
    return list((_resnet if kind == "ResnetGenerator" else _unet)(arguments))


def generator_names(kind: str, arguments: Mapping[str, Any], dialect: Dialect) -> dict[str, str]:
    """Return our name -> theirs of every parameter and running statistic that both have."""
    names = {}
    for place in generator_places(kind, arguments):
        parts: dict[str, str] = {}
        if place.role == "bare conv" or (place.role == "conv" and has_bias(arguments)):
            parts = {"weight": "weight", "bias": "bias"}
        elif place.role == "conv":
            parts = {"weight": "weight"}
        elif place.role == "norm" and arguments["norm"] in BATCH_NORMS:
            parts = BATCH_NORM if dialect == "torch" else {part: part for part in BATCH_NORM}
        names.update({f"{place.ours}.{ours}": f"{place.theirs}.{theirs}" for ours, theirs in parts.items()})
    return names


def has_bias(arguments: Mapping[str, Any]) -> bool:
    """Return whether the convolutions before norms have biases, as the nets' constructors decide it."""
    return bool(arguments["norm"] not in BATCH_NORMS if arguments["bias"] is None else arguments["bias"])


def blur_filter(place: Place) -> np.ndarray:
    """Return the filter of one of CUT's blurs, channels x 1 x height x width, float32."""
    return np.tile(BLURS[place.role].astype(np.float32), (place.shape[0], 1, 1, 1))


def _resnet(arguments: Mapping[str, Any]) -> Iterator[Place]:
    base = arguments["base_channels"]
    antialias, nearest = arguments["antialias"], arguments["upsample"] == "nearest"
    padded = int(arguments["padding"] == "reflect")  # a layer of its own, which zeros do not need
    place = padded
    yield Place("stem.conv", f"model.{place}", "conv", (base, arguments["in_channels"], 7, 7))
    yield Place("stem.norm", f"model.{place + 1}", "norm", (base,))
    place += 3  # convolution, norm, ReLU
    for number, width in enumerate((2 * base, 4 * base)):
        yield Place(f"downs.{number}.conv", f"model.{place}", "conv", (width, width // 2, 3, 3))
        yield Place(f"downs.{number}.norm", f"model.{place + 1}", "norm", (width,))
        place += 3
        if antialias:
            yield Place("", f"model.{place}", "downsampling blur", (width, 1, 3, 3))
            place += 1
    for number in range(arguments["blocks"]):
        yield from _residual_block(f"blocks.{number}", f"model.{place}.conv_block", arguments)
        place += 1
    for number, width in enumerate((2 * base, base)):
        shape = (width, 2 * width, 3, 3)
        if nearest:
            place += 1 + padded
        elif antialias:
            yield Place("", f"model.{place}", "upsampling blur", (2 * width, 1, 4, 4))
            place += 1
        else:
            shape = (2 * width, width, 3, 3)  # transposed
        yield Place(f"ups.{number}.conv{'.conv' if nearest else ''}", f"model.{place}", "conv", shape)
        yield Place(f"ups.{number}.norm", f"model.{place + 1}", "norm", (width,))
        place += 3
    yield Place("to_image", f"model.{place + padded}", "bare conv", (arguments["out_channels"], base, 7, 7))


def _residual_block(ours: str, theirs: str, arguments: Mapping[str, Any]) -> Iterator[Place]:
    width = 4 * arguments["base_channels"]
    padded = int((arguments["block_padding"] or arguments["padding"]) == "reflect")
    first = padded
    second = first + 3 + int(arguments["dropout"]) + padded  # convolution, norm, ReLU
    for number, place in ((1, first), (2, second)):
        yield Place(f"{ours}.conv{number}", f"{theirs}.{place}", "conv", (width, width, 3, 3))
        yield Place(f"{ours}.norm{number}", f"{theirs}.{place + 1}", "norm", (width,))


def _unet(arguments: Mapping[str, Any]) -> Iterator[Place]:
    """Walk through the nested blocks: each holds its way down, the next block and its way up."""
    depth, base = arguments["depth"], arguments["base_channels"]
    widths = [base * min(2**level, 8) for level in range(depth)]
    innermost = depth - 1
    block = "model.model"
    for level, width in enumerate(widths):
        outer = widths[level - 1] if level else arguments["in_channels"]
        # The outermost block begins with its convolution, the others with a ReLU.
        yield Place(f"downs.{level}.conv", f"{block}.{int(level > 0)}", "conv", (width, outer, 4, 4))
        if 0 < level < innermost:
            yield Place(f"downs.{level}.norm", f"{block}.2", "norm", (width,))
        if level > 0:
            up = 3 if level == innermost else 5
            joined = width if level == innermost else 2 * width
            yield Place(f"ups.{innermost - level}.conv", f"{block}.{up}", "conv", (joined, outer, 4, 4))
            yield Place(f"ups.{innermost - level}.norm", f"{block}.{up + 1}", "norm", (outer,))
        block = f"{block}.{1 if level == 0 else 3}.model"
    yield Place("to_image", "model.model.3", "bare conv", (2 * base, arguments["out_channels"], 4, 4))
