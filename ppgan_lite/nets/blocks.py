"""Layers that several nets share."""

from __future__ import annotations

from typing import Literal

import paddle
from paddle import nn
from paddle.nn import functional as F

Padding = Literal["reflect", "zero"]


def reflect_pad(x: paddle.Tensor, width: int = 1) -> paddle.Tensor:
    """Pad height and width by `width` mirrored pixels on each side; NCHW, both larger than `width`.

    Slices and concatenation instead of `F.pad(mode="reflect")`: the same numbers in a third of the time, forward and
    backward, with the CPU kernels of Paddle 3.3.
    """
    for axis in (2, 3):
        before = [paddle.slice(x, [axis], [place], [place + 1]) for place in range(width, 0, -1)]
        after = [paddle.slice(x, [axis], [-place - 1], [-place]) for place in range(1, width + 1)]
        x = paddle.concat([*before, x, *after], axis=axis)
    return x


def upsample_nearest(x: paddle.Tensor) -> paddle.Tensor:
    """Double height and width by repetition; NCHW.

    Stacking instead of `F.interpolate`, whose backward pass on a CPU takes longer than the convolution behind it.
    """
    n, c, h, w = x.shape
    x = paddle.stack([x, x], axis=4).reshape([n, c, h, 2 * w])
    return paddle.stack([x, x], axis=3).reshape([n, c, 2 * h, 2 * w])


def crop(x: paddle.Tensor, height: int, width: int) -> paddle.Tensor:
    """Cut what is more than `height` x `width` off the bottom and the right; NCHW."""
    if paddle.in_dynamic_mode() and x.shape[2:] == [height, width]:
        return x
    return x[:, :, :height, :width]


def resize_bilinear(x: paddle.Tensor, height: int, width: int) -> paddle.Tensor:
    """Resize NCHW to `height` x `width`, half-pixel centres, no antialiasing (as the Laplacian pyramid wants it)."""
    return F.interpolate(x, size=[height, width], mode="bilinear", align_corners=False)


# Paddle's CPU kernel unfolds the whole input of a convolution, nine values for one. Strips that unfold into the
# processor's cache take a third of the time on large pictures (3.3).
STRIP_VALUES = 1_200_000

# A convolution to a quarter of the channels or fewer is quicker as a transposed one, which folds what comes out instead of
# unfolding what goes in: 7x7 from 64 channels to 3 in an eighth of the time, forward and backward (3.3).
NARROWING = 4


class SameConv(nn.Conv2D):
    """A convolution of odd kernel size that keeps the size (stride 2 halves it, rounding up).

    The numbers are a plain convolution's, up to rounding; how they are reached depends on what is quick.

    Args:
        in_channels: Channels that go in.
        out_channels: Channels that come out.
        kernel: Height and width of the filters.
        padding: What the picture is surrounded by: its mirror image, or zeros.
        stride: 1 or 2.
        bias: Whether there is one.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        padding: Padding,
        *,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, stride=stride, bias_attr=None if bias else False)
        self.border = kernel // 2
        self.reflects = padding == "reflect"
        self.narrows = stride == 1 and out_channels * NARROWING <= in_channels

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        border = self.border
        if self.reflects:
            x, border = reflect_pad(x, border), 0
        if not paddle.in_dynamic_mode() or not x.place.is_cpu_place():
            return F.conv2d(x, self.weight, self.bias, self._stride, border)
        if self.training:
            return self._convolve(x, border)
        return self._in_strips(F.pad(x, [border] * 4) if border else x)

    def _convolve(self, x: paddle.Tensor, border: int = 0) -> paddle.Tensor:
        """Convolve, zeros around the picture, on a CPU."""
        if not self.narrows:
            return F.conv2d(x, self.weight, self.bias, self._stride, border)
        turned = self.weight.flip([2, 3]).transpose([1, 0, 2, 3])
        return F.conv2d_transpose(x, turned, self.bias, padding=self._kernel_size[0] - 1 - border)

    def _in_strips(self, x: paddle.Tensor) -> paddle.Tensor:
        kernel, stride = self._kernel_size[0], self._stride[0]
        height = (x.shape[2] - kernel) // stride + 1
        channels = self._out_channels if self.narrows else self._in_channels
        rows = max(STRIP_VALUES // (kernel * kernel * channels * x.shape[3]), 1) * stride
        if rows >= height:
            return self._convolve(x)
        strips = []
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            strips.append(self._convolve(x[:, :, top * stride : (bottom - 1) * stride + kernel]))
        return paddle.concat(strips, axis=2)


class ReflectConv(SameConv):
    """A 3x3 convolution behind a reflect padding of one pixel."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, 3, "reflect", stride=stride)


class DoublingConv(nn.Conv2DTranspose):
    """A transposed convolution of stride 2 that doubles height and width exactly; the kernel is 3 or 4 wide."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, *, bias: bool = True) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel,
            stride=2,
            padding=1,
            output_padding=4 - kernel,
            bias_attr=None if bias else False,
        )


class BlurredHalving(nn.Layer):
    """Halve height and width, rounding up, behind a blur of [1, 2, 1] (Zhang, "Making Convolutional Networks
    Shift-Invariant Again", ICML 2019), as CUT's generator does after a convolution of stride 1."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        x = reflect_pad(x)
        height, width = x.shape[2], x.shape[3]
        x = (x[:, :, 0 : height - 2 : 2] + 2 * x[:, :, 1 : height - 1 : 2] + x[:, :, 2:height:2]) / 4
        return (x[:, :, :, 0 : width - 2 : 2] + 2 * x[:, :, :, 1 : width - 1 : 2] + x[:, :, :, 2:width:2]) / 4


class BlurredDoubling(nn.Layer):
    """Double height and width by the transposed filter [1, 3, 3, 1], as CUT's generator does before a convolution."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        for axis in (2, 3):
            size = x.shape[axis]
            first, last = (paddle.slice(x, [axis], [at], [at + 1]) for at in (0, size - 1))
            before = paddle.concat([first, paddle.slice(x, [axis], [0], [size - 1])], axis=axis)
            after = paddle.concat([paddle.slice(x, [axis], [1], [size]), last], axis=axis)
            pair = paddle.stack([(before + 3 * x) / 4, (3 * x + after) / 4], axis=axis + 1)
            shape = x.shape
            shape[axis] = 2 * size
            x = pair.reshape(shape)
        return x


class ResizeConv(nn.Layer):
    """Double by repetition, then a 3x3 convolution (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016)."""

    def __init__(self, in_channels: int, out_channels: int, padding: Padding, *, bias: bool = True) -> None:
        super().__init__()
        self.conv = SameConv(in_channels, out_channels, 3, padding, bias=bias)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.conv(upsample_nearest(x))


class ResidualBlock(nn.Layer):
    """x + conv(relu(conv(x))), without normalisation, as LapStyle's decoder and revision nets have it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ReflectConv(channels, channels)
        self.conv2 = ReflectConv(channels, channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))
