"""A net that colorizes gray photos: it classifies the colors of regions by the features of VGG-16.

Zhang, Isola and Efros, "Colorful Image Colorization", ECCV 2016: classes of chroma instead of one chroma, and the
annealed mean. Larsson, Maire and Shakhnarovich, "Learning Representations for Automatic Colorization", ECCV 2016:
features of VGG-16 at several depths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import SameConv, resize_bilinear
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.vgg16 import VGG16
from ppgan_lite.signatures import NonNegativeInt, Positive, PositiveInt, Within

# Chroma is Cb and Cr of ITU-R BT.601 in [-0.5, 0.5]; the bins are a square grid of its values, zero in the middle.
BINS_PER_SIDE = 13
BIN_WIDTH = 0.06
BINS = BINS_PER_SIDE**2
STRIDE = 4  # pixels of a photo for each place that is classified

_FROM_BLUE, _FROM_RED = 1.772, 1.402  # B - Y = 1.772 Cb, R - Y = 1.402 Cr
_GREEN_OF_BLUE, _GREEN_OF_RED = 0.344136, 0.714136


class Colorizer(Net):
    """Give a gray photo the colors that it likely has; its luma stays as it is.

    A copy of the photo, `size_px` square, is classified as a whole, whatever the photo's size: colors are a matter of
    the scene and need no detail.

    Departures from the papers: bins of Cb and Cr instead of a and b, since these are linear in RGB; a few residual
    blocks after the frozen encoder instead of a net of its own.

    Args:
        in_channels: Of the photo: 1, its luma.
        out_channels: Of the result: 3, RGB.
        encoder_channels: See `VGG16`.
        base_channels: Width of the layers after the encoder.
        blocks: Number of residual blocks, whose convolutions are spread ever wider.
        size_px: Side of the copy that is classified; about the size of the crops that the net was trained on.
        temperature: Of the annealed mean: near 0 the likeliest color, vivid but in patches; 1 the mean of all, dull.
    """

    value_range = (0.0, 1.0)  # of input and output
    multiple = 1
    halo = 1_000_000  # each color depends on all of the photo: never cut it into tiles

    def __init__(
        self,
        in_channels: Literal[1] = 1,
        out_channels: Literal[3] = 3,
        encoder_channels: Sequence[PositiveInt] = (64, 128, 256, 512),
        base_channels: PositiveInt = 96,
        blocks: NonNegativeInt = 3,
        size_px: Annotated[int, Within(16, 1024)] = 160,
        temperature: Positive = 0.38,
    ) -> None:
        super().__init__()
        self.size_px = size_px
        self.temperature = temperature
        self.encoder = VGG16(encoder_channels)
        middle, deep = encoder_channels[2:]
        self.middle_norm = nn.BatchNorm2D(middle)
        self.middle = nn.Conv2D(middle, base_channels, 1)
        self.deep_norm = nn.BatchNorm2D(deep)
        self.deep = nn.Conv2D(deep, base_channels, 1)
        self.scene = nn.Conv2D(deep, base_channels, 1)
        self.blocks = nn.LayerList([_DilatedBlock(base_channels, 2**number) for number in range(blocks)])
        self.joint = SameConv(2 * base_channels, base_channels, 3, "zero")
        self.to_bins = nn.Conv2D(base_channels, BINS, 1)
        self.to_bins.weight.set_value(paddle.zeros_like(self.to_bins.weight))  # a fresh net takes all colors for likely
        self.register_buffer("centers", bin_centers().reshape([2, BINS, 1, 1]), persistable=False)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return N x 3 x H x W, RGB about in [0, 1], of N x 1 x H x W in [0, 1]."""
        # Twice as large first, then means of 2 x 2: a bilinear copy alone would skip most pixels of a large photo.
        small = F.avg_pool2d(resize_bilinear(x, 2 * self.size_px, 2 * self.size_px), 2)
        chroma = self.chroma(self.logits(self.encoder(small.expand([-1, 3, -1, -1]))))
        return with_chroma(x, resize_bilinear(chroma, x.shape[2], x.shape[3]))

    def logits(self, features: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """Return the logits of the bins, N x BINS x h x w at a quarter of the photo's size, of VGG-16's features."""
        middle, deep = features["relu3_3"], self.deep_norm(features["relu4_3"])
        x = self.deep(deep) + self.scene(deep.mean(axis=[2, 3], keepdim=True))
        for block in self.blocks:
            x = block(x)
        x = resize_bilinear(x, middle.shape[2], middle.shape[3])
        x = F.relu(self.joint(paddle.concat([x, self.middle(self.middle_norm(middle))], axis=1)))
        return self.to_bins(x)

    def chroma(self, logits: paddle.Tensor) -> paddle.Tensor:
        """Return the annealed mean of the bins, N x 2 x h x w (paper, section 2.3)."""
        return F.conv2d(F.softmax(logits / self.temperature, axis=1), self.centers)


class _DilatedBlock(nn.Layer):
    """x + conv(relu(norm(conv(relu(x))))), the first convolution dilated."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.spread = nn.Conv2D(channels, channels, 3, padding=dilation, dilation=dilation, bias_attr=False)
        self.norm = nn.BatchNorm2D(channels)
        self.conv = nn.Conv2D(channels, channels, 1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.conv(F.relu(self.norm(self.spread(F.relu(x)))))


def bin_centers() -> paddle.Tensor:
    """Return the chroma of each bin, 2 x BINS."""
    steps = (paddle.arange(BINS_PER_SIDE, dtype="float32") - BINS_PER_SIDE // 2) * BIN_WIDTH
    blue, red = paddle.meshgrid(steps, steps)
    return paddle.stack([blue.flatten(), red.flatten()])


def chroma_of(image: paddle.Tensor) -> paddle.Tensor:
    """Return Cb and Cr in [-0.5, 0.5], N x 2 x H x W, of N x 3 x H x W, RGB in [0, 1]."""
    red, green, blue = image.split(3, axis=1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return paddle.concat([(blue - luma) / _FROM_BLUE, (red - luma) / _FROM_RED], axis=1)


def with_chroma(luma: paddle.Tensor, chroma: paddle.Tensor) -> paddle.Tensor:
    """Return N x 3 x H x W, RGB about in [0, 1], of N x 1 x H x W in [0, 1] and of `chroma_of`."""
    blue, red = chroma.split(2, axis=1)
    green = luma - _GREEN_OF_BLUE * blue - _GREEN_OF_RED * red
    return paddle.concat([luma + _FROM_RED * red, green, luma + _FROM_BLUE * blue], axis=1)


def soft_bins(chroma: paddle.Tensor) -> paddle.Tensor:
    """Share each chroma, N x 2 x h x w, among the four bins around it: N x BINS x h x w, whose mean is the chroma."""
    half = BINS_PER_SIDE // 2
    places = (chroma / BIN_WIDTH).clip(-half, half).unsqueeze(2)
    steps = (paddle.arange(BINS_PER_SIDE, dtype="float32") - half).reshape([1, 1, -1, 1, 1])
    shares = F.relu(1 - (places - steps).abs())  # N x 2 x BINS_PER_SIDE x h x w
    return (shares[:, 0].unsqueeze(2) * shares[:, 1].unsqueeze(1)).flatten(1, 2)
