"""Initialization of weights."""

from __future__ import annotations

import math
from typing import Literal

import paddle
from paddle import nn

from ppgan_lite.nets.normalization import PictureNorm

Initialization = Literal["normal", "xavier", "kaiming"]

# Standard deviation of a batch norm's weights around 1 (Radford et al., DCGAN, 2016; pix2pix and CycleGAN follow it).
NORM_DEVIATION = 0.02


def initialize(net: nn.Layer, initialization: Initialization, gain: float | None = None) -> None:
    """Draw all weights of a net anew from Paddle's generator: the same after the same `paddle.seed`.

    Biases become 0, the weights of batch norms N(1, 0.02). All other weights of convolutions are drawn from a normal
    distribution around 0.

    Args:
        net: Changed in place.
        initialization: The standard deviation: "normal" `gain` itself (pix2pix, CycleGAN); "xavier" gain * sqrt(2 /
            (fan in + fan out)) (Glorot and Bengio, 2010); "kaiming" gain * sqrt(2 / fan in) (He et al., 2015).
        gain: 0.02 for "normal" and 1 for the others if not given.
    """
    if gain is None:
        gain = 0.02 if initialization == "normal" else 1.0
    for layer in net.sublayers(include_self=True):
        if isinstance(layer, (nn.Conv2D, nn.Conv2DTranspose)):
            deviation = gain * _scale(initialization, layer.weight.shape)
            layer.weight.set_value(paddle.normal(0.0, deviation, layer.weight.shape))
        elif isinstance(layer, (nn.BatchNorm2D, PictureNorm)):
            layer.weight.set_value(paddle.normal(1.0, NORM_DEVIATION, layer.weight.shape))
        else:
            continue
        if layer.bias is not None:
            layer.bias.set_value(paddle.zeros_like(layer.bias))


def _scale(initialization: Initialization, shape: list[int]) -> float:
    """Return the standard deviation for a gain of 1; a transposed convolution's fans are swapped, as in PyTorch."""
    if initialization == "normal":
        return 1.0
    taps = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * taps, shape[0] * taps
    return math.sqrt(2 / (fan_in + fan_out if initialization == "xavier" else fan_in))
