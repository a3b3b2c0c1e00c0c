"""SRResNet: a clean or a larger picture from a degraded one."""

from __future__ import annotations

from typing import Literal

import paddle
from paddle import nn

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.blocks import SameConv, UpsampleConv, resize_bilinear
from ppgan_lite.nets.initialization import Initialization, initialize
from ppgan_lite.nets.net import Net
from ppgan_lite.signatures import NonNegativeInt, Positive, PositiveInt


class PReLUBlock(nn.Layer):
    """x + norm(conv(prelu(norm(conv(x))))), with batch norms."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = SameConv(channels, channels, 3, "zero", bias=False)
        self.norm1 = nn.BatchNorm2D(channels)
        self.prelu = nn.PReLU()
        self.conv2 = SameConv(channels, channels, 3, "zero", bias=False)
        self.norm2 = nn.BatchNorm2D(channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        inner = self.prelu(self.norm1(self.conv1(x)))
        return x + self.norm2(self.conv2(inner))


class SRResNet(Net):
    """Residual blocks at the size of the input, a skip over all of them, then upsampling.

    Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017,
    section 2.1.1 and figure 4. Departures: a transposed convolution upsamples instead of a convolution and a pixel
    shuffle; with scale 1 nothing does, for pictures that are degraded but not small; no tanh at the end. With
    `residual` the net computes what is wrong with the picture, as DnCNN does (Zhang et al., "Beyond a Gaussian
    Denoiser", IEEE TIP 2017, section III), or with the enlarged one, as VDSR does (Kim et al., CVPR 2016).

    Args:
        in_channels: Channels of the pictures that go in.
        out_channels: Channels of the pictures that come out.
        base_channels: Width of all layers.
        blocks: Number of residual blocks.
        scale: How many times larger the result is along each side.
        residual: Whether the input, enlarged bilinearly, is added to the result; with as many channels out as in only.
        initialization: How fresh weights are drawn; see `initialize`.
        gain: See `initialize`.
    """

    value_range = (0.0, 1.0)  # of input and output

    def __init__(
        self,
        in_channels: PositiveInt = 3,
        out_channels: PositiveInt = 3,
        base_channels: PositiveInt = 64,
        blocks: NonNegativeInt = 16,
        scale: Literal[1, 2, 4] = 1,
        residual: bool = False,
        initialization: Initialization = "kaiming",
        gain: Positive | None = None,
    ) -> None:
        super().__init__()
        if residual and in_channels != out_channels:
            found = f"true with {in_channels} channels in, {out_channels} out"
            raise UsageError("SRResNet.residual", found, "as many channels out as in")
        self.scale = scale
        self.residual = residual
        self.stem = SameConv(in_channels, base_channels, 9, "zero")
        self.prelu = nn.PReLU()
        self.blocks = nn.LayerList([PReLUBlock(base_channels) for _ in range(blocks)])
        self.conv = SameConv(base_channels, base_channels, 3, "zero", bias=False)
        self.norm = nn.BatchNorm2D(base_channels)
        self.ups = nn.LayerList(
            [
                nn.Sequential(UpsampleConv(base_channels, base_channels, 4), nn.PReLU())
                for _ in range(scale.bit_length() - 1)
            ]
        )
        self.to_image = SameConv(base_channels, out_channels, 9, "zero")
        self.multiple = 1
        self.halo = 10 + 2 * blocks  # two 9x9 and a 3x3 convolution, the upsampling layers, and the blocks
        initialize(self, initialization, gain)
        if residual:  # training starts from the picture as it is; noise of fresh weights takes hours to unlearn
            self.to_image.weight.set_value(paddle.zeros_like(self.to_image.weight))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return N x out_channels x (scale * H) x (scale * W) of N x in_channels x H x W in [0, 1]; about [0, 1]."""
        picture = x
        first = self.prelu(self.stem(x))
        x = first
        for block in self.blocks:
            x = block(x)
        x = first + self.norm(self.conv(x))
        for up in self.ups:
            x = up(x)
        x = self.to_image(x)
        if not self.residual:
            return x
        if self.scale > 1:
            picture = resize_bilinear(picture, self.scale * picture.shape[2], self.scale * picture.shape[3])
        return picture + x
