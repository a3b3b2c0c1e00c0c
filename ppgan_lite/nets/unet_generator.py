"""The U-Net of pix2pix."""

from __future__ import annotations

from typing import Annotated

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import UpsampleConv, crop
from ppgan_lite.nets.initialization import Initialization, initialize
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.normalization import Norm, has_bias, make_norm
from ppgan_lite.signatures import Positive, PositiveInt, Within


class UnetGenerator(Net):
    """Downsample `depth` times, upsample as often, with a skip between the two at each size.

    The generator of pix2pix (Isola et al., CVPR 2017, appendix 6.1), as its authors' PyTorch code has it: depth 8 for
    256 pixels, 7 for 128. Departure: pictures of any size; the right and lower borders are repeated up to a multiple of
    2 ** depth, and the result is cut.

    Args:
        in_channels: Channels of the pictures that go in.
        out_channels: Channels of the pictures that come out.
        base_channels: Width of the first layer; twice as wide after each downsampling, up to 8 times.
        depth: Number of downsamplings, at least 2.
        norm: "batch", "picture" (published: batch norm with the statistics of each picture in inference too),
            "instance" or "none".
        dropout: Whether the inner upsampling layers between the widest ones drop half of their values in training
            (three for depth 8); this is pix2pix's only noise.
        bias: Whether the convolutions next to norms have biases; if not given, unless the norm has its own.
        initialization: How fresh weights are drawn; see `initialize`.
        gain: See `initialize`.
    """

    value_range = (-1.0, 1.0)  # of input and output

    def __init__(
        self,
        in_channels: PositiveInt = 3,
        out_channels: PositiveInt = 3,
        base_channels: PositiveInt = 64,
        depth: Annotated[int, Within(2, 12)] = 8,
        norm: Norm = "batch",
        dropout: bool = True,
        bias: bool | None = None,
        initialization: Initialization = "normal",
        gain: Positive | None = None,
    ) -> None:
        super().__init__()
        self.multiple = 2**depth
        self.halo = 2 * self.multiple
        bias = has_bias(norm, bias)
        widths = [base_channels * min(2**level, 8) for level in range(depth)]
        innermost = depth - 1
        self.downs = nn.LayerList()
        self.ups = nn.LayerList()
        for level, width in enumerate(widths):
            outer = widths[level - 1] if level else in_channels
            bare = level in (0, innermost)  # neither the first layer nor a single pixel is normalized
            self.downs.append(_Down(outer, width, "none" if bare else norm, bias=bias, first=level == 0))
        for level in reversed(range(1, depth)):
            width, outer = widths[level], widths[level - 1]
            drops = dropout and level != innermost and width == outer == 8 * base_channels
            joined = width if level == innermost else 2 * width
            self.ups.append(_Up(joined, outer, norm, bias=bias, dropout=drops))
        self.to_image = UpsampleConv(2 * base_channels, out_channels, 4)
        initialize(self, initialization, gain)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return N x out_channels x H x W in [-1, 1] of N x in_channels x H x W in [-1, 1]."""
        height, width = x.shape[2], x.shape[3]
        x = self._padded(x)
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
        skips.pop()
        for up in self.ups:
            x = paddle.concat([skips.pop(), up(x)], axis=1)
        return paddle.tanh(crop(self.to_image(F.relu(x)), height, width))

    def _padded(self, x: paddle.Tensor) -> paddle.Tensor:
        below, right = -x.shape[2] % self.multiple, -x.shape[3] % self.multiple
        if paddle.in_dynamic_mode() and not (below or right):
            return x
        # A graph pads by zero pixels if need be: after a branch OpenVINO 2026.4 overwrites its input while it is used.
        return F.pad(x, [0, right, 0, below], mode="replicate")


class _Down(nn.Layer):
    """norm(conv(leaky_relu(x))), with a 4x4 convolution of stride 2; the first one takes the picture as it is."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm, *, bias: bool, first: bool) -> None:
        super().__init__()
        self.slope = 1.0 if first else 0.2
        self.conv = nn.Conv2D(in_channels, out_channels, 4, stride=2, padding=1, bias_attr=None if bias else False)
        self.norm = make_norm(norm, out_channels)

    def before_norm(self, x: paddle.Tensor) -> paddle.Tensor:
        if self.slope != 1.0:
            # paddle2onnx 2.1 writes an uninitialized slope for a leaky ReLU.
            x = F.leaky_relu(x, self.slope) if paddle.in_dynamic_mode() else paddle.maximum(x, self.slope * x)
        return self.conv(x)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.norm(self.before_norm(x))


class _Up(nn.Layer):
    """dropout(norm(conv(relu(x)))), with a 4x4 transposed convolution of stride 2."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm, *, bias: bool, dropout: bool) -> None:
        super().__init__()
        self.conv = UpsampleConv(in_channels, out_channels, 4, bias=bias)
        self.norm = make_norm(norm, out_channels)
        self.dropout = nn.Dropout(0.5) if dropout else nn.Identity()

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.dropout(self.norm(self.conv(F.relu(x))))
