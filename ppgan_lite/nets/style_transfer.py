"""An image transformation net that drafts in one style, and LapStyle's revision nets above it.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016, with instance
normalisation (Ulyanov et al., "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016).
"""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import ResizeConv, SameConv, crop
from ppgan_lite.nets.color_alignment import align_colors, mean_and_covariance
from ppgan_lite.nets.normalization import EPSILON
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.nets.painting import PaintingNet, StyleTensors

Change = tuple[paddle.Tensor, paddle.Tensor]  # of a norm's scale and shift: N x C x 1 x 1 each


class ScaledNorm(nn.Layer):
    """Instance normalisation with a scale and a shift of each channel that are learned.

    Dumoulin et al., "A Learned Representation for Artistic Style", ICLR 2017: what tells one style from another fits
    into these. So a style may be given as a change of them.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = self.create_parameter([channels], default_initializer=nn.initializer.Constant(1.0))
        self.bias = self.create_parameter([channels], default_initializer=nn.initializer.Constant(0.0))

    def forward(self, x: paddle.Tensor, change: Change | None = None) -> paddle.Tensor:
        """Normalise N x C x H x W."""
        if change is None:
            return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=EPSILON)
        scale = self.weight.reshape([1, -1, 1, 1]) + change[0]
        shift = self.bias.reshape([1, -1, 1, 1]) + change[1]
        return F.instance_norm(x, eps=EPSILON) * scale + shift


class NormedConv(nn.Layer):
    """A convolution, a norm and, if asked for, a ReLU.

    Args:
        conv: Gives `channels`; without a bias, which the norm would take away.
        channels: As above.
        rectified: Whether a ReLU follows.
    """

    def __init__(self, conv: nn.Layer, channels: int, *, rectified: bool = True) -> None:
        super().__init__()
        self.conv = conv
        self.norm = ScaledNorm(channels)
        self.rectified = rectified

    def forward(self, x: paddle.Tensor, change: Change | None = None) -> paddle.Tensor:
        x = self.norm(self.conv(x), change)
        return F.relu(x) if self.rectified else x


class NormedResidual(nn.Layer):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = NormedConv(SameConv(channels, channels, 3, "reflect", bias=False), channels)
        self.second = NormedConv(SameConv(channels, channels, 3, "reflect", bias=False), channels, rectified=False)

    def forward(self, x: paddle.Tensor, first: Change | None = None, second: Change | None = None) -> paddle.Tensor:
        return x + self.second(self.first(x, first), second)


class TransformNet(nn.Layer):
    """Turns a small photo into a small painting: two halvings, residual blocks, two doublings.

    Departures from Johnson: what the inner half makes of the features can be blended with what they were, at half of
    the photo's size (`strength`); 5x5 filters at the ends instead of 9x9; doubling by repetition and convolution
    instead of transposed convolutions; mirrored borders everywhere; a sigmoid; fewer channels.

    Args:
        channels: Width at the photo's size; twice and four times as many after the halvings.
        blocks: How many residual blocks.

    Attributes:
        norm_channels: Of all norms, in the order in which they are met.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        wide, widest = 2 * channels, 4 * channels
        self.norm_channels = (channels, wide, widest, *[widest] * (2 * blocks), wide, channels)
        self.stem = NormedConv(SameConv(3, channels, 5, "reflect", bias=False), channels)
        self.down1 = NormedConv(SameConv(channels, wide, 3, "reflect", stride=2, bias=False), wide)
        self.down2 = NormedConv(SameConv(wide, widest, 3, "reflect", stride=2, bias=False), widest)
        self.blocks = nn.LayerList([NormedResidual(widest) for _ in range(blocks)])
        self.up1 = NormedConv(ResizeConv(widest, wide, "reflect", bias=False), wide)
        self.up2 = NormedConv(ResizeConv(wide, channels, "reflect", bias=False), channels)
        self.to_rgb = SameConv(channels, 3, 5, "reflect")
        self.to_rgb.weight.set_value(self.to_rgb.weight * 0.1)  # fresh weights answer with grey

    def forward(
        self,
        photo: paddle.Tensor,
        strength: paddle.Tensor,
        scales: paddle.Tensor | None = None,
        shifts: paddle.Tensor | None = None,
    ) -> paddle.Tensor:
        """Paint.

        Args:
            photo: N x 3 x H x W, RGB in [0, 1], sides of at least 16.
            strength: N x 1 or 1 x 1; 0 gives the photo back in the painting's colours, 1 paints.
            scales: What a style adds to the scales of all norms at strength 1, N x S or 1 x S, in the order of
                `norm_channels`; nothing if not given.
            shifts: The same for their shifts.

        Returns:
            N x 3 x H x W in [0, 1].
        """
        if scales is not None and shifts is not None:
            scales, shifts = strength * scales, strength * shifts
        changes = iter(self._changes(scales, shifts))
        half = self.down1(self.stem(photo, next(changes)), next(changes))
        x = self.down2(half, next(changes))
        for block in self.blocks:
            x = block(x, next(changes), next(changes))
        x = crop(self.up1(x, next(changes)), half.shape[2], half.shape[3])
        x = half + strength.unsqueeze(-1).unsqueeze(-1) * (x - half)
        x = crop(self.up2(x, next(changes)), photo.shape[2], photo.shape[3])
        return F.sigmoid(self.to_rgb(x))

    def _changes(self, scales: paddle.Tensor | None, shifts: paddle.Tensor | None) -> list[Change | None]:
        """Cut scales and shifts into those of each norm."""
        if scales is None or shifts is None:
            return [None] * len(self.norm_channels)
        scales, shifts = scales.unsqueeze(-1).unsqueeze(-1), shifts.unsqueeze(-1).unsqueeze(-1)
        changes, start = [], 0
        for channels in self.norm_channels:
            changes.append((scales[:, start : start + channels], shifts[:, start : start + channels]))
            start += channels
        return changes


class TransformPainter(PaintingNet):
    """A net that paints with a `TransformNet`.

    The colours come from the painting's mean and covariance, which the photo is given before it is drafted; the draft
    is given back those that the net saw (not in the papers). So the net is left with strokes and shapes.

    Args:
        channels: See `TransformNet`.
        blocks: See `TransformNet`.
        revision_channels: See `PaintingNet`.
        revisions: See `PaintingNet`.
    """

    def __init__(self, channels: int, blocks: int, revision_channels: int, revisions: int) -> None:
        super().__init__(revisions, revision_channels)
        self.transform = TransformNet(channels, blocks)

    def draft(self, photo: paddle.Tensor, style: StyleTensors, strength: float = 1.0) -> paddle.Tensor:
        """Paint a small photo; see `PaintingNet.draft`."""
        scales, shifts = style.get(NORMS, (None, None))
        recolored = align_colors(photo, *style[IMAGE], strength).clip(0, 1)
        painted = self.transform(recolored, paddle.full([1, 1], strength), scales, shifts)
        return align_colors(painted, *mean_and_covariance(recolored))


class StyleTransferNet(TransformPainter):
    """Paints in the one style that it was trained for: a draft, and revisions up a Laplacian pyramid.

    Where `LapStyleNet` moves a photo's features to a painting's statistics and decodes them, this net has learned its
    painting by heart, in all its layers: it draws shapes where that one lays texture, and takes no other painting.

    Args:
        channels: See `TransformNet`.
        blocks: See `TransformNet`.
        revision_channels: See `PaintingNet`.
        revisions: See `PaintingNet`.
    """

    def __init__(self, channels: int = 16, blocks: int = 4, revision_channels: int = 24, revisions: int = 1) -> None:
        super().__init__(channels, blocks, revision_channels, revisions)
        self.register_own_style({IMAGE: mean_and_covariance(paddle.zeros([1, 3, 2, 2]))}, ("mean", "covariance"))
