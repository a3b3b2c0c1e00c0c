"""Discriminators: nets that tell real pictures of a domain from generated ones.

They return logits (positive: real), or, with `sigmoid`, probabilities; `losses.adversarial` takes either.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import require_size
from ppgan_lite.nets.initialization import Initialization, initialize
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.normalization import Norm, has_bias, make_norm
from ppgan_lite.nets.spectral import SpectralConv
from ppgan_lite.signatures import Positive, PositiveInt, Within

Layers = Annotated[int, Within(1, 10)]  # each halves the sides
SLOPE = 0.2  # of every leaky ReLU here, as in DCGAN


class ConvNormLeakyReLU(nn.Layer):
    """leaky_relu(norm(conv(x))), the convolution with spectral normalization if asked for."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        norm: Norm = "none",
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        self.conv = make_conv(
            in_channels,
            out_channels,
            kernel,
            stride=stride,
            padding=padding,
            bias=has_bias(norm),
            spectral_norm=spectral_norm,
        )
        self.norm = make_norm(norm, out_channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), SLOPE)


def make_conv(
    in_channels: int,
    out_channels: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: int = 0,
    bias: bool = True,
    spectral_norm: bool = False,
) -> nn.Conv2D:
    """Return a convolution, with spectral normalization if asked for."""
    if spectral_norm:
        return SpectralConv(in_channels, out_channels, kernel, stride=stride, padding=padding, bias=bias)
    return nn.Conv2D(
        in_channels, out_channels, kernel, stride=stride, padding=padding, bias_attr=None if bias else False
    )


def downsampling_layers(
    in_channels: int, base_channels: int, count: int, norm: Norm, *, spectral_norm: bool
) -> tuple[nn.LayerList, list[int]]:
    """Return `count` 4x4 layers of stride 2, the first without a norm, and their widths, twice as wide each up to 8."""
    widths = [base_channels * min(2**number, 8) for number in range(count)]
    layers = nn.LayerList()
    for number, (a, b) in enumerate(pairwise([in_channels, *widths])):
        kind: Norm = norm if number else "none"
        layers.append(ConvNormLeakyReLU(a, b, 4, stride=2, padding=1, norm=kind, spectral_norm=spectral_norm))
    return layers, widths


def require_crop_size(net: nn.Layer, x: paddle.Tensor, smallest: int) -> None:
    """Refuse a picture that the downsamplings would shrink to nothing; see `require_size`."""
    remedy = "Train with larger crops, or give the discriminator fewer layers"
    require_size(type(net).__name__, x, smallest, remedy)


class PatchDiscriminator(Net):
    """PatchGAN: one logit for each of many overlapping patches (Isola et al., CVPR 2017, section 3.2.2).

    As the authors' PyTorch code has it; with 3 layers the patches are 70 pixels wide.

    Args:
        in_channels: Channels of the pictures; of both together for pairs.
        base_channels: Width of the first layer; twice as wide at each further one, up to 8 times.
        layers: Number of downsampling layers: 1 has patches of 16 pixels, 2 of 34, 3 of 70, 4 of 142.
        norm: "instance" (CycleGAN), "batch" (pix2pix) or "none".
        sigmoid: Whether probabilities come out instead of logits.
        spectral_norm: Whether each convolution's weights are divided by their largest singular value.
        initialization: How fresh weights are drawn; see `initialize`.
        gain: See `initialize`.
    """

    def __init__(
        self,
        in_channels: PositiveInt = 3,
        base_channels: PositiveInt = 64,
        layers: Layers = 3,
        norm: Norm = "instance",
        sigmoid: bool = False,
        spectral_norm: bool = False,
        initialization: Initialization = "normal",
        gain: Positive | None = None,
    ) -> None:
        super().__init__()
        self.smallest = 3 * 2**layers  # so that 3 pixels are left for two 4x4 convolutions padded by 1
        self.downs, widths = downsampling_layers(in_channels, base_channels, layers, norm, spectral_norm=spectral_norm)
        last = base_channels * min(2**layers, 8)
        self.last = ConvNormLeakyReLU(widths[-1], last, 4, padding=1, norm=norm, spectral_norm=spectral_norm)
        self.to_logits = make_conv(last, 1, 4, padding=1, spectral_norm=spectral_norm)
        self.sigmoid = nn.Sigmoid() if sigmoid else nn.Identity()
        initialize(self, initialization, gain)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return N x 1 x h x w of N x in_channels x H x W in [-1, 1]; h about H / 2 ** layers - 2.

        Raises:
            UsageError: A side is shorter than 3 * 2 ** layers pixels.
        """
        require_crop_size(self, x, self.smallest)
        for layer in self.downs:
            x = layer(x)
        return self.sigmoid(self.to_logits(self.last(x)))


class PixelDiscriminator(Net):
    """PixelGAN: one logit for each pixel, from its color alone (Isola et al., CVPR 2017, section 4.4 and appendix 6.1).

    Args:
        in_channels: Channels of the pictures; of both together for pairs.
        base_channels: Width of the first layer; twice as wide at the second.
        norm: "instance", "batch" (pix2pix) or "none".
        sigmoid: Whether probabilities come out instead of logits.
        spectral_norm: Whether each convolution's weights are divided by their largest singular value.
        initialization: How fresh weights are drawn; see `initialize`.
        gain: See `initialize`.
    """

    def __init__(
        self,
        in_channels: PositiveInt = 3,
        base_channels: PositiveInt = 64,
        norm: Norm = "instance",
        sigmoid: bool = False,
        spectral_norm: bool = False,
        initialization: Initialization = "normal",
        gain: Positive | None = None,
    ) -> None:
        super().__init__()
        self.first = ConvNormLeakyReLU(in_channels, base_channels, 1, spectral_norm=spectral_norm)
        self.second = ConvNormLeakyReLU(base_channels, 2 * base_channels, 1, norm=norm, spectral_norm=spectral_norm)
        self.to_logits = make_conv(2 * base_channels, 1, 1, bias=has_bias(norm), spectral_norm=spectral_norm)
        self.sigmoid = nn.Sigmoid() if sigmoid else nn.Identity()
        initialize(self, initialization, gain)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return N x 1 x H x W of N x in_channels x H x W in [-1, 1]."""
        return self.sigmoid(self.to_logits(self.second(self.first(x))))


class GlobalDiscriminator(Net):
    """One logit for the whole picture, whatever its size.

    The discriminator of DCGAN (Radford et al., ICLR 2016, figure 1 in reverse) with an adaptive pooling before its
    last convolution, which therefore still sees positions on a grid of 4 x 4.

    Args:
        in_channels: Channels of the pictures; of both together for pairs.
        base_channels: Width of the first layer; twice as wide at each further one, up to 8 times.
        layers: Number of downsampling layers.
        norm: "instance", "batch" (DCGAN) or "none".
        sigmoid: Whether probabilities come out instead of logits.
        spectral_norm: Whether each convolution's weights are divided by their largest singular value.
        initialization: How fresh weights are drawn; see `initialize`.
        gain: See `initialize`.
    """

    GRID = 4

    def __init__(
        self,
        in_channels: PositiveInt = 3,
        base_channels: PositiveInt = 64,
        layers: Layers = 4,
        norm: Norm = "instance",
        sigmoid: bool = False,
        spectral_norm: bool = False,
        initialization: Initialization = "normal",
        gain: Positive | None = None,
    ) -> None:
        super().__init__()
        self.smallest = 2 * 2**layers  # a single pixel cannot be normalized
        self.downs, widths = downsampling_layers(in_channels, base_channels, layers, norm, spectral_norm=spectral_norm)
        self.to_logits = make_conv(widths[-1], 1, self.GRID, spectral_norm=spectral_norm)
        self.sigmoid = nn.Sigmoid() if sigmoid else nn.Identity()
        initialize(self, initialization, gain)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return N x 1 x 1 x 1 of N x in_channels x H x W in [-1, 1].

        Raises:
            UsageError: A side is shorter than 2 * 2 ** layers pixels.
        """
        require_crop_size(self, x, self.smallest)
        for layer in self.downs:
            x = layer(x)
        return self.sigmoid(self.to_logits(F.adaptive_avg_pool2d(x, self.GRID)))


class MultiScaleDiscriminator(Net):
    """Patch discriminators at full, half and quarter size, each with its own weights.

    Wang et al., pix2pixHD, CVPR 2018, section 3.2.

    Args:
        in_channels: Channels of the pictures; of both together for pairs.
        base_channels: See `PatchDiscriminator`.
        layers: See `PatchDiscriminator`.
        scales: Number of sizes; each is half of the one before.
        norm: See `PatchDiscriminator`.
        sigmoid: See `PatchDiscriminator`.
        spectral_norm: See `PatchDiscriminator`.
        initialization: How fresh weights are drawn; see `initialize`.
        gain: See `initialize`.
    """

    def __init__(
        self,
        in_channels: PositiveInt = 3,
        base_channels: PositiveInt = 64,
        layers: Layers = 3,
        scales: Annotated[int, Within(1, 6)] = 3,
        norm: Norm = "instance",
        sigmoid: bool = False,
        spectral_norm: bool = False,
        initialization: Initialization = "normal",
        gain: Positive | None = None,
    ) -> None:
        super().__init__()
        self.smallest = 3 * 2**layers * 2 ** (scales - 1)
        self.discriminators = nn.LayerList(
            [
                PatchDiscriminator(
                    in_channels, base_channels, layers, norm, sigmoid, spectral_norm, initialization, gain
                )
                for _ in range(scales)
            ]
        )

    def forward(self, x: paddle.Tensor) -> list[paddle.Tensor]:
        """Return the logits of each `PatchDiscriminator`, the full size first.

        Raises:
            UsageError: The picture is too small for its smallest size.
        """
        require_crop_size(self, x, self.smallest)
        logits = []
        for number, discriminator in enumerate(self.discriminators):
            if number:
                x = F.avg_pool2d(x, 3, stride=2, padding=1)  # means at the borders leave the padding out
            logits.append(discriminator(x))
        return logits


class LapStyleDiscriminator(Net):
    """LapStyle's shallow patch discriminator (Lin et al., CVPR 2021, section 3.3): patches of 7x7, the size kept.

    Args:
        in_channels: Channels of the pictures.
        base_channels: Width of the hidden layers.
        layers: Number of convolutions, at least 2.
    """

    def __init__(
        self, in_channels: PositiveInt = 3, base_channels: PositiveInt = 32, layers: Annotated[int, Within(2, 10)] = 3
    ) -> None:
        super().__init__()
        widths = [in_channels] + [base_channels] * (layers - 1)
        self.convs = nn.LayerList([nn.Conv2D(a, b, 3, padding=1) for a, b in pairwise(widths)])
        self.norms = nn.LayerList([nn.BatchNorm2D(width) for width in widths[1:]])
        self.to_logits = nn.Conv2D(base_channels, 1, 3, padding=1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return logits N x 1 x H x W (positive: real) of N x in_channels x H x W in [0, 1]."""
        for conv, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(conv(x)), SLOPE)
        return self.to_logits(x)
