"""A small example of every net and of every variant of it, how it is called, and pictures to call it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from paddle import nn

from ppgan_lite.nets import NETS
from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.painter_interface import IMAGE
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.tables import resolve

WIDTHS = (4, 6, 8, 10, 12)


def picture(height: int, width: int, *, channels: int = 3, batch: int = 1, phase: float = 0.0) -> paddle.Tensor:
    """Return waves in [0, 1] without symmetry, the same on every machine: N x channels x height x width."""
    place = np.arange(batch * channels * height * width, dtype=np.float64).reshape(batch, channels, height, width)
    return paddle.to_tensor((0.5 + 0.5 * np.sin(place * 0.37 + place**2 * 0.0011 + phase)).astype(np.float32))


def fill(net: nn.Layer) -> nn.Layer:
    """Give every parameter fixed values that keep activations alive, one style's painter a style; return the net."""
    trained = sorted((name, value) for name, value in net.named_parameters() if value.trainable)
    for number, (name, parameter) in enumerate(trained):
        values = np.random.RandomState(number).randn(*parameter.shape)  # noise that NumPy has frozen
        if parameter.ndim == 4:
            values *= (2 / np.prod(parameter.shape[1:])) ** 0.5
        elif parameter.ndim == 2:
            values *= (1 / parameter.shape[0]) ** 0.5
        else:
            values = 0.1 * values + (1.0 if name.endswith("weight") else 0.1)  # of a norm; of a bias
        parameter.set_value(values.astype(np.float32))
    if isinstance(net, StyleTransferNet):
        net.update_own_style({IMAGE: mean_and_covariance(0.2 + 0.5 * picture(32, 40, phase=1.0))})
    return net


def values_of(output: Any) -> list[paddle.Tensor]:
    """Return the tensors of an output, in a fixed order."""
    if isinstance(output, dict):
        return [output[name] for name in sorted(output)]
    return [output] if isinstance(output, paddle.Tensor) else list(output)


def sees(
    function: Callable[[paddle.Tensor], paddle.Tensor], channels: int, row: int, column: int, size: int = 64
) -> tuple[int, ...]:
    """Return how far (up, down, left, right) a pixel of a result looks into a picture of `size` x `size`."""
    x = picture(size, size, channels=channels)
    x.stop_gradient = False
    function(x)[0, :, row, column].sum().backward()
    reached = x.grad.abs().sum(axis=[0, 1]).numpy() > 0
    rows, columns = np.flatnonzero(reached.any(axis=1)), np.flatnonzero(reached.any(axis=0))
    return row - rows[0], rows[-1] - row, column - columns[0], columns[-1] - column


def positive(net: nn.Layer) -> nn.Layer:
    """Give a net positive weights: nothing cancels and no ReLU closes, so all that a pixel can see has a gradient."""
    for parameter in net.parameters():
        parameter.set_value(paddle.full(parameter.shape, 0.05))
    net.eval()
    return net


def call_with_painting(net: nn.Layer, image: paddle.Tensor) -> Any:
    return net(image, net.style_statistics(picture(40, 36, phase=1.0)))


def stages(height: int, width: int) -> list[list[int]]:
    """The sizes of the encoder's five layers: each half of the one before, rounded up."""
    return [[1, channels, -(-height // 2**k), -(-width // 2**k)] for k, channels in enumerate(WIDTHS)]


def stages_of_vgg16(height: int, width: int) -> list[list[int]]:
    """The sizes of its first four layers: each half of the one before, rounded down."""
    return stages_of_whole_vgg16(height, width)[:4]


def stages_of_whole_vgg16(height: int, width: int) -> list[list[int]]:
    return [[1, channels, height // 2**k, width // 2**k] for k, channels in enumerate(WIDTHS)]


def patches(height: int, width: int, layers: int) -> list[int]:
    """The size of a patch discriminator's logits."""
    return [1, 1, height // 2**layers - 2, width // 2**layers - 2]


def patches_at_three_scales(height: int, width: int) -> list[list[int]]:
    return [patches(-(-height // factor), -(-width // factor), 2) for factor in (1, 2, 4)]


def same_size(height: int, width: int) -> list[list[int]]:
    return [[1, 3, height, width]]


@dataclass
class Example:
    """How a net is tried.

    Attributes:
        arguments: Small ones.
        shapes: Height and width of a picture -> the shapes that come out.
        call: How the net is called on a picture.
        idle: Patterns of the parameters that get no gradient, such as biases in front of an instance norm.
    """

    arguments: dict[str, Any]
    shapes: Callable[[int, int], list[list[int]]] = same_size
    call: Callable[[nn.Layer, paddle.Tensor], Any] = lambda net, image: net(image)
    idle: tuple[str, ...] = ()


LAPSTYLE = {"encoder_channels": list(WIDTHS), "encoder_convs": [1, 2, 1, 1, 1], "revision_channels": 5}
STYLE_TRANSFER = {"channels": 4, "blocks": 1, "revision_channels": 5}
ANY_STYLE = {
    "channels": 4,
    "blocks": 1,
    "encoder_channels": list(WIDTHS),
    "encoder_convs": [1, 2, 1, 1, 1],
    "code_channels": 7,
    "revision_channels": 5,
}
RESNET = {"base_channels": 4, "blocks": 2}
FAST_NEURAL_STYLE = {
    "norm": "picture",
    "upsample": "nearest",
    "bias": True,
    "kernel": 9,
    "downsample_padding": "reflect",
    "output": "linear",
    "crop": "last",
}
UNET = {"base_channels": 4, "depth": 6}
NORMED_BIASES = ("stem.conv.bias", "downs.*.bias", "blocks.*.bias", "ups.*.bias")
# The name of a net in the table, and after a comma a variant of it.
EXAMPLES = {
    "AnyStyleNet": Example(ANY_STYLE, call=call_with_painting),
    "AnyStyleNet, half-size revision": Example({**ANY_STYLE, "revision_size": "half"}, call=call_with_painting),
    "Colorizer": Example(
        {"encoder_channels": list(WIDTHS[:4]), "base_channels": 4, "blocks": 2, "size_px": 32},
        call=lambda net, image: net(image[:, :1]),
    ),
    "GlobalDiscriminator": Example(
        {"base_channels": 4, "layers": 3}, lambda height, width: [[1, 1, 1, 1]], idle=("downs.[12].conv.bias",)
    ),
    "GlobalDiscriminator, DCGAN": Example(
        {"base_channels": 4, "layers": 3, "norm": "batch", "sigmoid": True}, lambda height, width: [[1, 1, 1, 1]]
    ),
    "LapStyleDiscriminator": Example({"base_channels": 6}, lambda height, width: [[1, 1, height, width]]),
    "LapStyleNet": Example(
        LAPSTYLE,
        call=call_with_painting,
        idle=("encoder.conv5_1.weight", "encoder.conv5_1.bias"),  # the draft looks no deeper than relu4_1
    ),
    "MultiScaleDiscriminator": Example(
        {"base_channels": 4, "layers": 2, "norm": "none"}, patches_at_three_scales, idle=()
    ),
    "PatchDiscriminator": Example(
        {"base_channels": 4},
        lambda height, width: [patches(height, width, 3)],
        idle=("downs.[12].conv.bias", "last.conv.bias"),
    ),
    "PatchDiscriminator, batch norm": Example(
        {"base_channels": 4, "layers": 2, "norm": "batch", "sigmoid": True},
        lambda height, width: [patches(height, width, 2)],
    ),
    "PatchDiscriminator, spectral norm": Example(
        {"base_channels": 4, "layers": 1, "norm": "none", "spectral_norm": True},
        lambda height, width: [patches(height, width, 1)],
    ),
    "PixelDiscriminator": Example(
        {"base_channels": 4}, lambda height, width: [[1, 1, height, width]], idle=("second.conv.bias",)
    ),
    "PixelDiscriminator, batch norm": Example(
        {"base_channels": 4, "norm": "batch", "spectral_norm": True}, lambda height, width: [[1, 1, height, width]]
    ),
    "ResnetGenerator": Example(RESNET, idle=NORMED_BIASES),
    "ResnetGenerator, sketch to line art": Example({**RESNET, "norm": "batch", "padding": "zero", "bias": True}),
    "ResnetGenerator, resize-convolutions": Example({**RESNET, "upsample": "nearest", "bias": False}),
    "ResnetGenerator, antialiased": Example({**RESNET, "antialias": True, "bias": False}),
    "ResnetGenerator, attention": Example({**RESNET, "norm": "none", "attention": True, "dropout": True}),
    "ResnetGenerator, picture norm": Example({**RESNET, "norm": "picture", "block_padding": "zero"}),
    "ResnetGenerator, fast neural style": Example({**RESNET, **FAST_NEURAL_STYLE}, idle=NORMED_BIASES),
    "ResnetGenerator, sigmoid": Example(
        {**RESNET, "upsample": "nearest", "upsample_padding": "zero", "output": "sigmoid"}, idle=NORMED_BIASES
    ),
    "SRResNet": Example({"base_channels": 4, "blocks": 2}),
    "SRResNet, twice": Example(
        {"base_channels": 4, "blocks": 1, "scale": 2}, lambda height, width: [[1, 3, 2 * height, 2 * width]]
    ),
    "SRResNet, twice, residual": Example(
        {"base_channels": 4, "blocks": 1, "scale": 2, "residual": True},
        lambda height, width: [[1, 3, 2 * height, 2 * width]],
    ),
    "SRResNet, four times": Example(
        {"base_channels": 4, "blocks": 1, "scale": 4}, lambda height, width: [[1, 3, 4 * height, 4 * width]]
    ),
    "StyleTransferNet": Example(STYLE_TRANSFER, call=lambda net, image: net(image, net.own_statistics())),
    "StyleTransferNet, between": Example(
        {**STYLE_TRANSFER, "blocks": 2, "revisions": 2}, call=lambda net, image: net(image, net.own_statistics(), 0.4)
    ),
    "UnetGenerator": Example(UNET),
    "UnetGenerator, instance norm": Example(
        {**UNET, "norm": "instance", "dropout": False}, idle=("downs.[1234].conv.bias", "ups.*.conv.bias")
    ),
    "VGG16": Example({"channels": list(WIDTHS[:4])}, stages_of_vgg16),
    "VGG16, five stages": Example({"channels": list(WIDTHS), "means": [103.5, 116.25, 123.75]}, stages_of_whole_vgg16),
    "VGGEncoder": Example({"channels": list(WIDTHS), "convs": [2, 1, 2, 1, 1]}, stages),
}


def build(name: str) -> nn.Layer:
    """Build and fill the net of an example; what is drawn at random is always the same."""
    paddle.seed(0)
    return fill(resolve(NETS, name.partition(",")[0], "net")(**EXAMPLES[name].arguments))
