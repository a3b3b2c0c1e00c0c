"""Normalization layers, and instance normalization with given statistics."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Literal

import paddle
from paddle import nn
from paddle.nn import functional as F

Norm = Literal["instance", "batch", "picture", "none"]
Moments = tuple[paddle.Tensor, paddle.Tensor]

EPSILON = 1e-5  # added to a variance


class InstanceNorm(nn.Layer):
    """Instance normalization without parameters (Ulyanov et al., 2016): each channel of each picture by itself.

    Attributes:
        channels: Number of channels.
        fixed: Mean and variance, N x C x 1 x 1 each, to use instead of the input's own; see `fixed_statistics`.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.fixed: Moments | None = None

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Normalize N x C x H x W."""
        if self.fixed is None:
            return F.instance_norm(x, eps=EPSILON)
        mean, variance = self.fixed
        return (x - mean) * (variance + EPSILON).rsqrt()


class PictureNorm(InstanceNorm):
    """Batch normalization by the statistics of each picture, in inference as in training.

    As in pix2pix (Isola et al., CVPR 2017, section 3.4), which trains on batches of one picture and uses the statistics
    of each picture in inference too. The running statistics are those of a trained file: stored, not used.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.weight = self.create_parameter([channels], default_initializer=nn.initializer.Constant(1.0))
        self.bias = self.create_parameter([channels], default_initializer=nn.initializer.Constant(0.0))
        self.register_buffer("_mean", paddle.zeros([channels]))
        self.register_buffer("_variance", paddle.ones([channels]))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Normalize N x C x H x W."""
        return super().forward(x) * self.weight.reshape([1, -1, 1, 1]) + self.bias.reshape([1, -1, 1, 1])


def mean_and_std(features: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Return mean and (unbiased) standard deviation of each channel over height and width, N x C x 1 x 1 each."""
    mean = features.mean(axis=[2, 3], keepdim=True)
    count = features.shape[2] * features.shape[3] - 1
    if paddle.in_dynamic_mode():
        count = max(count, 1)
    variance = (features - mean).square().sum(axis=[2, 3], keepdim=True) / count
    return mean, (variance + EPSILON).sqrt()


@contextlib.contextmanager
def fixed_statistics(net: nn.Layer, statistics: Mapping[str, Moments]) -> Iterator[None]:
    """Let the instance norms of a net use given statistics, such as those of the picture that a tile is a part of.

    Args:
        net: Unchanged afterwards.
        statistics: Mean and variance by the name of the norm, for those norms that are to use them.
    """
    norms = instance_norms(net)
    for name, given in statistics.items():
        norms[name].fixed = given
    try:
        yield
    finally:
        for norm in norms.values():
            norm.fixed = None


def instance_norms(net: nn.Layer) -> dict[str, InstanceNorm]:
    """Return the layers of a net that normalize by statistics of the whole picture, by name."""
    return {name: layer for name, layer in net.named_sublayers() if isinstance(layer, InstanceNorm)}


def make_norm(norm: Norm, channels: int) -> nn.Layer:
    """Return a normalization layer by name; "none" returns an identity."""
    if norm == "instance":
        return InstanceNorm(channels)
    if norm == "picture":
        return PictureNorm(channels)
    return nn.BatchNorm2D(channels) if norm == "batch" else nn.Identity()


def has_bias(norm: Norm, bias: bool | None = None) -> bool:
    """Return whether convolutions before a norm have a bias: `bias`, or if not given, unless the norm has its own."""
    return norm not in ("batch", "picture") if bias is None else bias
