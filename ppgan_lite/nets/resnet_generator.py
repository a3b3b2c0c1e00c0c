"""The residual generator of CycleGAN and its relatives, which Johnson et al. have painted with first."""

from __future__ import annotations

from typing import Annotated, Literal

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.attention import SelfAttention
from ppgan_lite.nets.blocks import (
    BilinearUpsample,
    BlurPool,
    Padding,
    ResizeConv,
    SameConv,
    UpsampleConv,
    crop,
    require_size,
)
from ppgan_lite.nets.initialization import Initialization, initialize
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.normalization import Norm, has_bias, make_norm
from ppgan_lite.signatures import NonNegativeInt, Positive, PositiveInt, Within

SMALLEST_PX = 16


Output = Literal["tanh", "sigmoid", "linear"]


def activate(x: paddle.Tensor, output: Output) -> paddle.Tensor:
    """Return tanh(x), sigmoid(x), or x itself."""
    if output == "tanh":
        return paddle.tanh(x)
    return F.sigmoid(x) if output == "sigmoid" else x


class ConvNormReLU(nn.Layer):
    """after(relu(norm(conv(before(x))))), where `before` and `after` change the size, if anything."""

    def __init__(
        self, conv: nn.Layer, norm: nn.Layer, before: nn.Layer | None = None, after: nn.Layer | None = None
    ) -> None:
        super().__init__()
        self.before = before or nn.Identity()
        self.conv = conv
        self.norm = norm
        self.after = after or nn.Identity()

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.after(F.relu(self.norm(self.conv(self.before(x)))))


class ResnetBlock(nn.Layer):
    """x + norm(conv(dropout(relu(norm(conv(x)))))), without a ReLU after the sum."""

    def __init__(self, channels: int, norm: Norm, padding: Padding, *, bias: bool, dropout: bool) -> None:
        super().__init__()
        self.conv1 = SameConv(channels, channels, 3, padding, bias=bias)
        self.norm1 = make_norm(norm, channels)
        self.dropout = nn.Dropout(0.5) if dropout else nn.Identity()
        self.conv2 = SameConv(channels, channels, 3, padding, bias=bias)
        self.norm2 = make_norm(norm, channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        inner = self.dropout(F.relu(self.norm1(self.conv1(x))))
        return x + self.norm2(self.conv2(inner))


class ResnetGenerator(Net):
    """Downsample twice, residual blocks, upsample twice.

    With the defaults the generator of CycleGAN (Zhu et al., ICCV 2017, appendix 7.2), after Johnson et al. ("Perceptual
    Losses for Real-Time Style Transfer", ECCV 2016). Departure: pictures of any size come out at their size; the pixels
    that rounding up added are cropped after each upsampling.

    With `kernel=9, norm="picture", upsample="nearest", downsample_padding="reflect", output="linear", crop="last"`, a
    width of 32 and five blocks, it is the net of fast neural style as PyTorch's examples have it: Johnson's, with
    instance norms (Ulyanov et al., 2016) and resize-convolutions.

    Args:
        in_channels: Channels of the pictures that go in.
        out_channels: Channels of the pictures that come out.
        base_channels: Width at full size; twice as wide after each downsampling.
        blocks: Number of residual blocks: 9 in the paper for 256 pixels and more, 6 below.
        norm: "instance" (published, without parameters), "batch", "picture" (batch norm with the statistics of each
            picture in inference too, or instance norm with parameters) or "none".
        padding: "reflect" (published) or "zero": of the first and the last convolution, the blocks and
            resize-convolutions.
        upsample: "transposed" (published) convolutions or "nearest": repetition, then a convolution.
        dropout: Whether the blocks drop half of their inner values in training.
        attention: Whether self-attention follows the blocks (SAGAN).
        bias: Whether the convolutions before norms have biases; if not given, unless the norm has its own.
        antialias: Whether to downsample by a convolution and then a blur, and to upsample by a blur and then a
            convolution, as in CUT (Park et al., ECCV 2020). Resize-convolutions stay as they are.
        block_padding: Of the blocks, if not `padding`.
        kernel: Side of the first and the last convolution's filters.
        downsample_padding: Of the downsampling convolutions.
        upsample_padding: Of resize-convolutions, if not `padding`.
        output: The last layer: "tanh" (published), "sigmoid", or "linear" for none.
        crop: Where the pixels that rounding up added are cropped: after "each" upsampling, or from the result ("last"),
            as programs do that return them.
        initialization: How fresh weights are drawn; see `initialize`.
        gain: See `initialize`.
    """

    value_range = (-1.0, 1.0)  # of input and output

    def __init__(
        self,
        in_channels: PositiveInt = 3,
        out_channels: PositiveInt = 3,
        base_channels: PositiveInt = 64,
        blocks: NonNegativeInt = 9,
        norm: Norm = "instance",
        padding: Padding = "reflect",
        upsample: Literal["transposed", "nearest"] = "transposed",
        dropout: bool = False,
        attention: bool = False,
        bias: bool | None = None,
        antialias: bool = False,
        block_padding: Padding | None = None,
        initialization: Initialization = "normal",
        gain: Positive | None = None,
        kernel: Annotated[int, Within(3, 11, odd=True)] = 7,
        downsample_padding: Padding = "zero",
        upsample_padding: Padding | None = None,
        output: Output = "tanh",
        crop: Literal["each", "last"] = "each",
    ) -> None:
        super().__init__()
        bias = has_bias(norm, bias)
        bias_attr = None if bias else False
        widths = [base_channels, 2 * base_channels, 4 * base_channels]

        def down(a: int, b: int) -> ConvNormReLU:
            stride = 1 if antialias else 2
            if downsample_padding == "zero":
                conv = nn.Conv2D(a, b, 3, stride=stride, padding=1, bias_attr=bias_attr)
            else:
                conv = SameConv(a, b, 3, downsample_padding, stride=stride, bias=bias)
            return ConvNormReLU(conv, make_norm(norm, b), after=BlurPool(b) if antialias else None)

        def up(a: int, b: int) -> ConvNormReLU:
            if upsample == "nearest":
                return ConvNormReLU(ResizeConv(a, b, upsample_padding or padding, bias=bias), make_norm(norm, b))
            if antialias:
                conv = nn.Conv2D(a, b, 3, padding=1, bias_attr=bias_attr)
                return ConvNormReLU(conv, make_norm(norm, b), before=BilinearUpsample())
            return ConvNormReLU(UpsampleConv(a, b, 3, bias=bias), make_norm(norm, b))

        stem = SameConv(in_channels, base_channels, kernel, padding, bias=bias)
        self.stem = ConvNormReLU(stem, make_norm(norm, base_channels))
        self.downs = nn.LayerList([down(widths[0], widths[1]), down(widths[1], widths[2])])
        self.blocks = nn.LayerList(
            [ResnetBlock(widths[2], norm, block_padding or padding, bias=bias, dropout=dropout) for _ in range(blocks)]
        )
        self.attention = SelfAttention(widths[2]) if attention else nn.Identity()
        self.ups = nn.LayerList([up(widths[2], widths[1]), up(widths[1], widths[0])])
        self.to_image = SameConv(base_channels, out_channels, kernel, padding)
        self.output = output
        self.crops_each = crop == "each"
        self.multiple = 4
        # The whole receptive field of a net of up to three blocks. Of nine blocks, pixels between these 64 and the
        # possible 96 change the result by a tenth of 1/255.
        self.halo = 4 * (-(-kernel // 4) + 5 + blocks)
        initialize(self, initialization, gain)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return N x out_channels x H x W of N x in_channels x H x W, both in [-1, 1] with `output="tanh"`.

        Raises:
            UsageError: A side is shorter than 16 pixels.
        """
        require_size("ResnetGenerator", x, SMALLEST_PX, "Use a larger picture")
        half = self.downs[0](self.stem(x))
        half_size = half.shape[2:]
        quarter = self.downs[1](half)
        for block in self.blocks:
            quarter = block(quarter)
        quarter = self.attention(quarter)
        if self.crops_each:
            half = crop(self.ups[0](quarter), *half_size)
            return activate(self.to_image(crop(self.ups[1](half), *x.shape[2:])), self.output)
        full = self.ups[1](self.ups[0](quarter))
        return activate(crop(self.to_image(full), *x.shape[2:]), self.output)
