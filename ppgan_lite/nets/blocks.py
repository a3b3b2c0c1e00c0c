"""Layers that several nets share."""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F


def reflect_pad(x: paddle.Tensor) -> paddle.Tensor:
    """Pad height and width by one mirrored pixel; NCHW, both at least 2.

    Slices and concatenation instead of `F.pad(mode="reflect")`: the same numbers in a third of the time, forward and
    backward, with the CPU kernels of Paddle 3.3.
    """
    x = paddle.concat([x[:, :, 1:2], x, x[:, :, -2:-1]], axis=2)
    return paddle.concat([x[:, :, :, 1:2], x, x[:, :, :, -2:-1]], axis=3)


def upsample_nearest(x: paddle.Tensor) -> paddle.Tensor:
    """Double height and width by repetition; NCHW.

    Stacking instead of `F.interpolate`, whose backward pass on a CPU takes longer than the convolution behind it.
    """
    n, c, h, w = x.shape
    x = paddle.stack([x, x], axis=4).reshape([n, c, h, 2 * w])
    return paddle.stack([x, x], axis=3).reshape([n, c, 2 * h, 2 * w])


def resize_bilinear(x: paddle.Tensor, height: int, width: int) -> paddle.Tensor:
    """Resize NCHW to `height` x `width`, half-pixel centres, no antialiasing (as the Laplacian pyramid wants it)."""
    return F.interpolate(x, size=[height, width], mode="bilinear", align_corners=False)


# Paddle's CPU kernel unfolds the whole input of a convolution, nine values for one. Strips that unfold into the
# processor's cache take a third of the time on large pictures (3.3).
STRIP_VALUES = 1_200_000


class ReflectConv(nn.Conv2D):
    """A 3x3 convolution behind a reflect padding of one pixel: keeps the size (stride 2 halves it, rounding up)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, 3, stride=stride)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        x = reflect_pad(x)
        if self.training or not paddle.in_dynamic_mode() or not x.place.is_cpu_place():
            return super().forward(x)
        return self._in_strips(x)

    def _in_strips(self, x: paddle.Tensor) -> paddle.Tensor:
        stride = self._stride[0]
        height = (x.shape[2] - 3) // stride + 1
        rows = max(STRIP_VALUES // (9 * x.shape[1] * x.shape[3]), 1) * stride
        if rows >= height:
            return super().forward(x)
        strips = []
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            strips.append(super().forward(x[:, :, top * stride : (bottom - 1) * stride + 3]))
        return paddle.concat(strips, axis=2)


class ResidualBlock(nn.Layer):
    """x + conv(relu(conv(x))), without normalisation, as LapStyle's decoder and revision nets have it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ReflectConv(channels, channels)
        self.conv2 = ReflectConv(channels, channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))
