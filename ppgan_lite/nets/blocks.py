"""Layers that several nets share."""

from __future__ import annotations

from typing import Literal

import numpy as np
import paddle
from paddle import nn
from paddle.autograd import PyLayer, PyLayerContext
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.nets import winograd
from ppgan_lite.nets.phases import PHASE_SUMS

Padding = Literal["reflect", "zero"]


def reflect_pad(x: paddle.Tensor, width: int = 1) -> paddle.Tensor:
    """Pad height and width by `width` mirrored pixels on each side; NCHW, both larger than `width`.

    Slices and concatenation instead of `F.pad(mode="reflect")`: the same numbers in a third of the time, forward and
    backward, with the CPU kernels of Paddle 3.3.

    Raises:
        UsageError: A side is not larger than `width`. Paddle 3.3 would read memory that is not the picture's.
    """
    require_size("reflect padding", x, width + 1, "Use a larger picture")
    for axis in (2, 3):
        before = [paddle.slice(x, [axis], [place], [place + 1]) for place in range(width, 0, -1)]
        after = [paddle.slice(x, [axis], [-place - 1], [-place]) for place in range(1, width + 1)]
        x = paddle.concat([*before, x, *after], axis=axis)
    return x


def require_size(where: str, x: paddle.Tensor, smallest: int, remedy: str) -> None:
    """Refuse a picture (NCHW) that is too small for a net or a layer; not checked while a net is traced.

    Raises:
        UsageError: A side is shorter than `smallest` pixels.
    """
    if paddle.in_dynamic_mode() and min(x.shape[2:]) < smallest:
        raise UsageError(
            where, f"a picture of {x.shape[3]} x {x.shape[2]} pixels", f"sides of at least {smallest}", remedy
        )


def upsample_nearest(x: paddle.Tensor) -> paddle.Tensor:
    """Upsample height and width by 2, nearest neighbor; NCHW.

    Stacking instead of `F.interpolate`, whose backward pass on a CPU takes longer than the convolution after it.
    """
    n, c, h, w = x.shape
    x = paddle.stack([x, x], axis=4).reshape([n, c, h, 2 * w])
    return paddle.stack([x, x], axis=3).reshape([n, c, 2 * h, 2 * w])


def crop(x: paddle.Tensor, height: int, width: int) -> paddle.Tensor:
    """Crop to `height` x `width` at the bottom and the right; NCHW."""
    if paddle.in_dynamic_mode() and x.shape[2:] == [height, width]:
        return x
    return x[:, :, :height, :width]


def resize_bilinear(x: paddle.Tensor, height: int, width: int) -> paddle.Tensor:
    """Resize NCHW to `height` x `width`, half-pixel centers, no antialiasing (as the Laplacian pyramid needs it)."""
    return F.interpolate(x, size=[height, width], mode="bilinear", align_corners=False)


# Paddle's CPU kernel unfolds the whole input of a convolution, nine values for one. Strips that unfold into the
# processor's cache take a third of the time on large pictures (3.3).
STRIP_VALUES = 1_200_000

# A convolution to a quarter of the channels or fewer is quicker as a transposed one, which folds its output instead of
# unfolding its input: 7x7 from 64 channels to 3 in an eighth of the time, forward and backward (3.3).
NARROWING = 4

# Winograd's way pays while training from so many channels on (256 of 32 x 32 in half of the time, 3.3), unless there
# are too few pixels to be worth transforming the filters, or too many along a side for its dense matrices. Within these
# limits it was never slower, with 64 to 512 channels and one or four pictures (docs/performance.md).
WINOGRAD_CHANNELS = 64
WINOGRAD_PIXELS = 256
WINOGRAD_SIDE = 128


class SameConv(nn.Conv2D):
    """A convolution of odd kernel size that keeps the size (stride 2 halves it, rounding up).

    The numbers are a plain convolution's, up to rounding; the algorithm is the quickest for the shapes.

    Args:
        in_channels: Channels that go in.
        out_channels: Channels that come out.
        kernel: Height and width of the filters.
        padding: Reflect or zero padding.
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
        self.transforms = kernel == 3 and stride == 1 and min(in_channels, out_channels) >= WINOGRAD_CHANNELS

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        border = self.border
        if self._uses_winograd(x):
            y = winograd.convolve(x, self.weight, reflects=self.reflects)
            return y if self.bias is None else y + self.bias.reshape([1, -1, 1, 1])
        if self.reflects:
            x, border = reflect_pad(x, border), 0
        if not paddle.in_dynamic_mode() or not x.place.is_cpu_place():
            return F.conv2d(x, self.weight, self.bias, self._stride, border)
        if self.training:
            return self._convolve(x, border)
        return self._in_strips(F.pad(x, [border] * 4) if border else x)

    def _uses_winograd(self, x: paddle.Tensor) -> bool:
        """Return whether this is training on a CPU with shapes for which Winograd's algorithm is quicker."""
        if not (self.transforms and self.training and paddle.in_dynamic_mode() and x.place.is_cpu_place()):
            return False
        n, _, height, width = x.shape
        fits = n * height * width >= WINOGRAD_PIXELS and min(height, width) >= 2 and max(height, width) <= WINOGRAD_SIDE
        return fits and x.dtype == paddle.float32

    def _convolve(self, x: paddle.Tensor, border: int = 0) -> paddle.Tensor:
        """Convolve with zero padding, on a CPU."""
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
    """A 3x3 convolution after a reflect padding of one pixel."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, 3, "reflect", stride=stride)


class UpsampleConv(nn.Conv2DTranspose):
    """A transposed convolution of stride 2 whose output is exactly twice as large; the kernel is 3 or 4 wide."""

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


class BlurPool(nn.Layer):
    """Blur with [1, 2, 1] each way, then downsample by 2, rounding up, as CUT does after a convolution.

    Zhang, "Making Convolutional Networks Shift-Invariant Again", ICML 2019.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        profile = paddle.to_tensor([0.25, 0.5, 0.25])
        filters = (profile.unsqueeze(0) * profile.unsqueeze(1)).tile([channels, 1, 1, 1])
        self.register_buffer("filters", filters, persistable=False)  # constants: no checkpoint holds them

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return F.conv2d(reflect_pad(x), self.filters, stride=2, groups=self.filters.shape[0])


class BilinearUpsample(nn.Layer):
    """Upsample by 2, bilinear, as CUT does before a convolution.

    CUT writes it as a transposed filter [1, 3, 3, 1] / 4 each way over repeated borders, which has the same output.
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return resize_bilinear(x, 2 * x.shape[2], 2 * x.shape[3])


class ResizeConv(nn.Layer):
    """Upsample by nearest neighbor, then convolve with 3x3 filters.

    Odena et al., "Deconvolution and Checkerboard Artifacts", 2016.

    In an upsampled picture a filter of 3x3 covers only 2x2 different pixels. So in training on a CPU the four phases of
    the result are convolved from the small picture, with sums of the filters' values: the same numbers up to rounding,
    in a third (128 x 128) to a half (64 x 64) of the time (Paddle 3.3).
    """

    def __init__(self, in_channels: int, out_channels: int, padding: Padding, *, bias: bool = True) -> None:
        super().__init__()
        self.conv = SameConv(in_channels, out_channels, 3, padding, bias=bias)
        self.register_buffer("sums", paddle.to_tensor(_phase_sums()), persistable=False)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not self.training or not paddle.in_dynamic_mode() or not x.place.is_cpu_place():
            return self.conv(upsample_nearest(x))
        filters = self.phase_filters()
        # The mirror image of an upsampled pixel is that pixel: reflect padding repeats pixels of the small picture.
        y = F.conv2d(_repeat_border(x), filters) if self.conv.reflects else F.conv2d(x, filters, padding=1)
        y = _Interleave.apply(y)
        return y if self.conv.bias is None else y + self.conv.bias.reshape([1, -1, 1, 1])

    def phase_filters(self) -> paddle.Tensor:
        """Return the filters of the four phases: 4D x C x 2 x 2, all channels of a phase together."""
        out_channels, in_channels = self.conv.weight.shape[:2]
        filters = paddle.matmul(self.conv.weight.flatten(2), self.sums).reshape([out_channels, in_channels, 4, 4])
        return filters.transpose([2, 0, 1, 3]).reshape([4 * out_channels, in_channels, 2, 2])


class _Interleave(PyLayer):
    """Put the four phases of a result in their places: N x 4C x (H + 1) x (W + 1) -> N x C x 2H x 2W.

    Each phase is cut by one pixel, at its bottom or its top, its right or its left. By NumPy, as a stack of slices with
    a pixel shuffle has a backward pass that takes longer than the convolution (3.3).
    """

    @staticmethod
    def forward(context: PyLayerContext, phases: paddle.Tensor) -> paddle.Tensor:
        n, channels, height, width = phases.shape
        context.size = n, 2, 2, channels // 4, height, width
        phases = phases.numpy().reshape(context.size)
        result = np.empty([n, channels // 4, height - 1, 2, width - 1, 2], phases.dtype)
        for a, b in _PHASES:
            result[:, :, :, a, :, b] = phases[:, a, b, :, a : a + height - 1, b : b + width - 1]
        return paddle.to_tensor(result.reshape([n, channels // 4, 2 * height - 2, 2 * width - 2]))

    @staticmethod
    def backward(context: PyLayerContext, gradient: paddle.Tensor) -> paddle.Tensor:
        n, _, _, channels, height, width = context.size
        gradient = gradient.numpy().reshape([n, channels, height - 1, 2, width - 1, 2])
        result = np.zeros(context.size, gradient.dtype)
        for a, b in _PHASES:
            result[:, a, b, :, a : a + height - 1, b : b + width - 1] = gradient[:, :, :, a, :, b]
        return paddle.to_tensor(result.reshape([n, 4 * channels, height, width]))


_PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))  # rows and columns of the result, modulo 2


def _phase_sums() -> np.ndarray:
    """Return the matrix from a 3x3 filter to the 2x2 filters of the four phases: 9 x 16, phase by phase."""
    return np.einsum("pir,qjc->rcpqij", PHASE_SUMS, PHASE_SUMS).reshape(9, 16)


def _repeat_border(x: paddle.Tensor) -> paddle.Tensor:
    """Pad height and width by one repeated pixel; by slices, as `reflect_pad`."""
    x = paddle.concat([x[:, :, :1], x, x[:, :, -1:]], axis=2)
    return paddle.concat([x[:, :, :, :1], x, x[:, :, :, -1:]], axis=3)


class ResidualBlock(nn.Layer):
    """x + conv(relu(conv(x))), without normalization, of LapStyle's decoder and revision nets."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ReflectConv(channels, channels)
        self.conv2 = ReflectConv(channels, channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))
