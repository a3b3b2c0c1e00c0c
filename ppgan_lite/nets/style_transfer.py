"""An image transformation network that drafts, and LapStyle's revision nets above it.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016, with instance
normalization (Ulyanov et al., "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import ResizeConv, SameConv, crop
from ppgan_lite.nets.color_alignment import align_colors, mean_and_covariance
from ppgan_lite.nets.normalization import EPSILON
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.nets.painting import PaintingNet, RevisionSize, StyleTensors
from ppgan_lite.signatures import NonNegativeInt, PositiveInt

NormOffset = tuple[paddle.Tensor, paddle.Tensor]  # to a norm's scale and shift: N x C x 1 x 1 each


class ConditionalInstanceNorm(nn.Layer):
    """Instance normalization with learned scales and shifts, which a style may add to.

    Dumoulin et al., "A Learned Representation for Artistic Style", ICLR 2017: styles differ in these alone.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = self.create_parameter([channels], default_initializer=nn.initializer.Constant(1.0))
        self.bias = self.create_parameter([channels], default_initializer=nn.initializer.Constant(0.0))

    def forward(self, x: paddle.Tensor, offset: NormOffset | None = None) -> paddle.Tensor:
        """Normalize N x C x H x W."""
        if offset is None:
            return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=EPSILON)
        scale, shift = (_sum(own, added) for own, added in zip((self.weight, self.bias), offset))
        return F.instance_norm(x, eps=EPSILON) * scale + shift


def _sum(own: paddle.Tensor, added: paddle.Tensor) -> paddle.Tensor:
    """Return own values (C) and those that a style adds (N x C x 1 x 1), added up: N x C x 1 x 1.

    In a graph a convolution adds them: its result has the layout in memory that convolutions prefer, so OpenVINO
    (2026.4) scales features in that layout, instead of changing it before and after each norm: 6% of a draft.
    """
    if paddle.in_dynamic_mode():
        return own.reshape([1, -1, 1, 1]) + added
    return F.conv2d(added, paddle.ones([added.shape[1], 1, 1, 1]), own, groups=added.shape[1])


class ConditionalConv(nn.Layer):
    """A convolution, a conditional norm and, if asked for, a ReLU.

    Args:
        conv: Outputs `channels`; without a bias, which the norm would cancel.
        channels: As above.
        rectified: Whether a ReLU follows.
    """

    def __init__(self, conv: nn.Layer, channels: int, *, rectified: bool = True) -> None:
        super().__init__()
        self.conv = conv
        self.norm = ConditionalInstanceNorm(channels)
        self.rectified = rectified

    def forward(self, x: paddle.Tensor, offset: NormOffset | None = None) -> paddle.Tensor:
        x = self.norm(self.conv(x), offset)
        return F.relu(x) if self.rectified else x


class ConditionalResidualBlock(nn.Layer):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConditionalConv(SameConv(channels, channels, 3, "reflect", bias=False), channels)
        self.second = ConditionalConv(SameConv(channels, channels, 3, "reflect", bias=False), channels, rectified=False)

    def forward(
        self, x: paddle.Tensor, first: NormOffset | None = None, second: NormOffset | None = None
    ) -> paddle.Tensor:
        return x + self.second(self.first(x, first), second)


class TransformNet(nn.Layer):
    """Paints a small photo: downsample twice, residual blocks, upsample twice.

    Departures from Johnson: the output of the inner half can be blended with its input, at half of the photo's size
    (`strength`); 5x5 filters at the ends instead of 9x9; upsampling by repetition and convolution instead of transposed
    convolutions; reflect padding everywhere; a sigmoid; fewer channels.

    Args:
        channels: Width at the photo's size; twice and four times as many after the downsamplings.
        blocks: Number of residual blocks.

    Attributes:
        norm_channels: Of all norms, in the order of their calls.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        wide, widest = 2 * channels, 4 * channels
        self.norm_channels = (channels, wide, widest, *[widest] * (2 * blocks), wide, channels)
        self.stem = ConditionalConv(SameConv(3, channels, 5, "reflect", bias=False), channels)
        self.down1 = ConditionalConv(SameConv(channels, wide, 3, "reflect", stride=2, bias=False), wide)
        self.down2 = ConditionalConv(SameConv(wide, widest, 3, "reflect", stride=2, bias=False), widest)
        self.blocks = nn.LayerList([ConditionalResidualBlock(widest) for _ in range(blocks)])
        self.up1 = ConditionalConv(ResizeConv(widest, wide, "reflect", bias=False), wide)
        self.up2 = ConditionalConv(ResizeConv(wide, channels, "reflect", bias=False), channels)
        self.to_rgb = SameConv(channels, 3, 5, "reflect")
        self.to_rgb.weight.set_value(self.to_rgb.weight * 0.1)  # fresh weights answer with gray

    def forward(
        self,
        photo: paddle.Tensor,
        strength: paddle.Tensor,
        scales: paddle.Tensor | None = None,
        shifts: paddle.Tensor | None = None,
        strokes: paddle.Tensor | None = None,
    ) -> paddle.Tensor:
        """Paint.

        Args:
            photo: N x 3 x H x W, RGB in [0, 1], sides of at least 16.
            strength: N x 1 or 1 x 1; 0 reconstructs the photo, 1 paints.
            scales: Offsets to the scales of all norms at strength 1, N x S or 1 x S, in the order of `norm_channels`;
                none if not given.
            shifts: The same for their shifts.
            strokes: A map of the share of the strength at which features are blended, while the norms keep all of it:
                N x 1 x H x W or 1 x 1 x H x W, or one value for the whole picture, 1 x 1 x 1 x 1; 1 if not given.

        Returns:
            N x 3 x H x W in [0, 1].
        """
        offsets = iter(self.offsets(strength, scales, shifts))
        half = self.down1(self.stem(photo, next(offsets)), next(offsets))
        x = self.down2(half, next(offsets))
        for block in self.blocks:
            x = block(x, next(offsets), next(offsets))
        x = crop(self.up1(x, next(offsets)), half.shape[2], half.shape[3])
        share = strength.unsqueeze(-1).unsqueeze(-1)
        if strokes is not None:
            share = share * strokes[:, :, ::2, ::2]  # the places of `half`; of one value it is that value
        x = half + share * (x - half)
        x = crop(self.up2(x, next(offsets)), photo.shape[2], photo.shape[3])
        return F.sigmoid(self.to_rgb(x))

    def norm_weights(self, offsets: Sequence[NormOffset | None]) -> list[paddle.Tensor]:
        """Return scale and shift of all norms in the order of their calls, 1 x C x 1 x 1 or N x C x 1 x 1.

        Args:
            offsets: What a style adds to them; see `offsets`.
        """
        inner = [layer.norm for block in self.blocks for layer in (block.first, block.second)]
        norms = [self.stem.norm, self.down1.norm, self.down2.norm, *inner, self.up1.norm, self.up2.norm]
        found = []
        for norm, offset in zip(norms, offsets, strict=True):
            own = [part.reshape([1, -1, 1, 1]) for part in (norm.weight, norm.bias)]
            found += own if offset is None else [part + added for part, added in zip(own, offset, strict=True)]
        return found

    def offsets(
        self, strength: paddle.Tensor, scales: paddle.Tensor | None, shifts: paddle.Tensor | None
    ) -> list[NormOffset | None]:
        """Return what a style adds to the scale and the shift of each norm; see `forward`."""
        if scales is None or shifts is None:
            return [None] * len(self.norm_channels)
        scales, shifts = strength * scales, strength * shifts
        scales, shifts = scales.unsqueeze(-1).unsqueeze(-1), shifts.unsqueeze(-1).unsqueeze(-1)
        offsets, start = [], 0
        for channels in self.norm_channels:
            offsets.append((scales[:, start : start + channels], shifts[:, start : start + channels]))
            start += channels
        return offsets


class TransformSubgraph(nn.Layer):
    """A `TransformNet` with the inputs that every draft has first."""

    def __init__(self, transform: TransformNet) -> None:
        super().__init__()
        self.transform = transform

    def forward(
        self,
        photo: paddle.Tensor,
        strength: paddle.Tensor,
        strokes: paddle.Tensor,
        scales: paddle.Tensor | None = None,
        shifts: paddle.Tensor | None = None,
    ) -> paddle.Tensor:
        """See `TransformNet.forward`."""
        return self.transform(photo, strength, scales, shifts, strokes)


class TransformPainter(PaintingNet):
    """A painter that drafts with a `TransformNet`.

    The colors come from the painting's mean and covariance, which the photo is given before it is drafted; the draft is
    given those of the recolored photo (not in the papers). So the net is left with strokes and shapes.

    Args:
        channels: See `TransformNet`.
        blocks: See `TransformNet`.
        revision_channels: See `PaintingNet`.
        revisions: See `PaintingNet`.
        revision_size: See `PaintingNet`.
    """

    def __init__(
        self, channels: int, blocks: int, revision_channels: int, revisions: int, revision_size: RevisionSize
    ) -> None:
        super().__init__(revisions, revision_channels, revision_size)
        self.transform = TransformNet(channels, blocks)

    def draft(self, photo: paddle.Tensor, style: StyleTensors, strength: float = 1.0) -> paddle.Tensor:
        """Paint a small photo; see `PaintingNet.draft`."""
        scales, shifts = style.get(NORMS, (None, None))
        recolored = align_colors(photo, *style[IMAGE], strength).clip(0, 1)
        painted = self.transform(recolored, paddle.full([1, 1], strength), scales, shifts)
        return align_colors(painted, *mean_and_covariance(recolored))


class StyleTransferNet(TransformPainter):
    """A feed-forward network for one style: a draft, and revisions up a Laplacian pyramid.

    Args:
        channels: See `TransformNet`.
        blocks: See `TransformNet`.
        revision_channels: See `PaintingNet`.
        revisions: See `PaintingNet`.
        revision_size: See `PaintingNet`.
    """

    def __init__(
        self,
        channels: PositiveInt = 16,
        blocks: NonNegativeInt = 4,
        revision_channels: PositiveInt = 24,
        revisions: NonNegativeInt = 1,
        revision_size: RevisionSize = "full",
    ) -> None:
        super().__init__(channels, blocks, revision_channels, revisions, revision_size)
        self.register_own_style({IMAGE: mean_and_covariance(paddle.zeros([1, 3, 2, 2]))}, ("mean", "covariance"))
