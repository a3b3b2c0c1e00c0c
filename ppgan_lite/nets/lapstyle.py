"""LapStyle: paint a small draft, then revise it level by level up a Laplacian pyramid.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets import traced_alignment
from ppgan_lite.nets.alignment import (
    ALIGNED_LAYERS,
    EPSILON,
    IMAGE,
    Alignment,
    aligned_parts,
    alignment_map,
    measure,
)
from ppgan_lite.nets.blocks import ReflectConv, ResidualBlock, upsample_nearest
from ppgan_lite.nets.grain import soft_grain
from ppgan_lite.nets.lapstyle_sizes import PUBLISHED_CHANNELS
from ppgan_lite.nets.painting import PaintingNet, Statistics
from ppgan_lite.nets.vgg import VGGEncoder


def mean_and_std(features: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Mean and (unbiased) standard deviation of each channel over height and width, N x C x 1 x 1 each."""
    mean = features.mean(axis=[2, 3], keepdim=True)
    count = features.shape[2] * features.shape[3] - 1
    if paddle.in_dynamic_mode():
        count = max(count, 1)
    variance = (features - mean).square().sum(axis=[2, 3], keepdim=True) / count
    return mean, (variance + EPSILON).sqrt()


def adain(features: paddle.Tensor, mean: paddle.Tensor, std: paddle.Tensor, strength: float = 1.0) -> paddle.Tensor:
    """Give `features` the channel statistics of a style (Huang and Belongie, ICCV 2017, section 5).

    Args:
        features: N x C x H x W of the photo.
        mean: N x C x 1 x 1 (or 1 x C x 1 x 1) of the style.
        std: The same, standard deviation.
        strength: 0 returns the features as they are, 1 the style's statistics, between them a blend of the two.
    """
    own_mean, own_std = mean_and_std(features)
    styled = (features - own_mean) / own_std * std + mean
    return styled if strength == 1.0 else features + (styled - features) * strength


def mean_and_covariance(features: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Mean (N x C x 1 x 1) and covariance (N x C x C) of the channels; constants in training."""
    if not paddle.in_dynamic_mode():
        return traced_alignment.mean_and_covariance(features)
    measured = [measure(picture, "optimal_transport") for picture in features.detach().numpy()]
    means, covariances = (paddle.to_tensor(np.stack(part)) for part in zip(*measured))
    return means.unsqueeze(-1).unsqueeze(-1), covariances


def optimal_transport(
    features: paddle.Tensor, mean: paddle.Tensor, covariance: paddle.Tensor, strength: float = 1.0
) -> paddle.Tensor:
    """Give `features` the mean and the full covariance of a style, moving them as little as possible.

    Lu et al., "A Closed-Form Solution to Universal Style Transfer", ICCV 2019, equation 9. Unlike AdaIN it carries
    which channels fire together, which is where a painting's texture lies. The linear map counts as a constant in
    training.

    Args:
        features: N x C x H x W of the photo.
        mean: N x C x 1 x 1 (or 1 x C x 1 x 1) of the style.
        covariance: N x C x C (or 1 x C x C) of the style, from `mean_and_covariance`.
        strength: As in `adain`.
    """
    if not paddle.in_dynamic_mode():
        moved = traced_alignment.optimal_transport(features, mean, covariance)
        return moved if strength == 1.0 else features + (moved - features) * strength
    own = [statistic.detach().numpy() for statistic in mean_and_covariance(features)]
    of_style = [statistic.detach().numpy() for statistic in (mean, covariance)]
    style = [np.broadcast_to(statistic, like.shape) for statistic, like in zip(of_style, own)]
    maps = [
        alignment_map((own_mean.ravel(), own_spread), (style_mean.ravel(), style_spread), strength)
        for own_mean, own_spread, style_mean, style_spread in zip(*own, *style)
    ]
    matrices, offsets = (paddle.to_tensor(np.stack(part)) for part in zip(*maps))
    return apply_map(features, matrices, offsets)


def apply_map(features: paddle.Tensor, matrix: paddle.Tensor, offset: paddle.Tensor) -> paddle.Tensor:
    """Apply affine maps of the channels: N x C x H x W, matrices N x C x C, offsets N x C."""
    return paddle.bmm(matrix, features.flatten(2)).reshape(features.shape) + offset.unsqueeze(-1).unsqueeze(-1)


# Name -> (what is measured of a style, how a photo's features are given it).
ALIGNMENTS = {"adain": (mean_and_std, adain), "optimal_transport": (mean_and_covariance, optimal_transport)}


def add_grain(photo: paddle.Tensor, noise: paddle.Tensor, amount: float) -> paddle.Tensor:
    """Lay soft grain over a photo; see `soft_grain`.

    Args:
        photo: N x 3 x H x W, RGB in [0, 1].
        noise: N x 1 x H x W, white, of unit variance.
        amount: Standard deviation of the grain of each size.
    """
    return photo + amount * paddle.to_tensor(soft_grain(noise.numpy()))


class DraftDecoder(nn.Layer):
    """Turns AdaIN-aligned features into a picture, with a skip at each granularity (paper, section 3.2).

    Args:
        channels: The encoder's widths at stages 1 to 4.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        c1, c2, c3, c4 = channels
        self.residual4 = ResidualBlock(c4)
        self.conv4 = ReflectConv(c4, c3)
        self.residual3 = ResidualBlock(c3)
        self.conv3 = ReflectConv(c3, c2)
        self.conv2_1 = ReflectConv(c2, c2)
        self.conv2_2 = ReflectConv(c2, c1)
        self.conv1 = ReflectConv(c1, c1)
        self.to_rgb = ReflectConv(c1, 3)
        # Fresh weights answer with grey: results far outside [0, 1] would give the first losses gradients so large that
        # Adam takes a thousand steps to forget them.
        self.to_rgb.weight.set_value(self.to_rgb.weight * 0.1)
        self.to_rgb.bias.set_value(self.to_rgb.bias + 0.5)

    def forward(self, features: Mapping[str, paddle.Tensor], height: int, width: int) -> paddle.Tensor:
        """Decode relu2_1, relu3_1 and relu4_1 (already aligned) to N x 3 x `height` x `width`, about [0, 1]."""
        x = features["relu4_1"]
        x = F.relu(self.conv4(self.residual4(x)))
        x = self._up(x, *features["relu3_1"].shape[2:]) + features["relu3_1"]
        x = F.relu(self.conv3(self.residual3(x)))
        x = self._up(x, *features["relu2_1"].shape[2:]) + features["relu2_1"]
        x = F.relu(self.conv2_2(F.relu(self.conv2_1(x))))
        x = self._up(x, height, width)
        return self.to_rgb(F.relu(self.conv1(x)))

    @staticmethod
    def _up(x: paddle.Tensor, height: int, width: int) -> paddle.Tensor:
        """Double, then cut what the encoder's rounding up had added."""
        x = upsample_nearest(x)
        return x if paddle.in_dynamic_mode() and x.shape[2:] == [height, width] else x[:, :, :height, :width]


class EncodeSubgraph(nn.Layer):
    """An encoder up to what the draft aligns, with tensors out: a part that an engine can execute."""

    def __init__(self, encoder: VGGEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, photo: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor, paddle.Tensor]:
        """Return relu2_1, relu3_1 and relu4_1 of N x 3 x H x W, RGB in [0, 1]."""
        features = self.encoder(photo, last="relu4_1")
        return features["relu2_1"], features["relu3_1"], features["relu4_1"]


class DecodeSubgraph(nn.Layer):
    """A decoder with tensors in: a part that an engine can execute."""

    def __init__(self, decoder: DraftDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, photo: paddle.Tensor, relu2_1: paddle.Tensor, relu3_1: paddle.Tensor, relu4_1: paddle.Tensor
    ) -> paddle.Tensor:
        """Decode to the size of the photo, of which nothing else counts."""
        features = {"relu2_1": relu2_1, "relu3_1": relu3_1, "relu4_1": relu4_1}
        return self.decoder(features, photo.shape[2], photo.shape[3])


class LapStyleNet(PaintingNet):
    """The whole of LapStyle: what training and inference both call.

    Published sizes: the defaults. The small net that ships: encoder_channels (16, 32, 64, 128, 128), encoder_convs
    (1, 2, 2, 2, 1), revision_channels 24.

    Departures from the paper: the style enters as the channel statistics of three layers, so that its painting is not
    needed any more; these may be full covariances, and then the colours of the draft are aligned too (`alignment`); odd
    sizes are handled.

    Args:
        encoder_channels: See `VGGEncoder`.
        encoder_convs: See `VGGEncoder`.
        revision_channels: Width of the revision nets.
        revisions: How many revision nets there are; 0 drafts only. The first works on the coarsest level.
        alignment: "adain" (published) or "optimal_transport": what of a style the features are given.
        own_style: Whether the net was made for one style and carries that style's statistics as buffers.
    """

    def __init__(
        self,
        encoder_channels: Sequence[int] = PUBLISHED_CHANNELS,
        encoder_convs: Sequence[int] = (2, 2, 4, 4, 1),
        revision_channels: int = 64,
        revisions: int = 2,
        alignment: Alignment = "adain",
        own_style: bool = False,
    ) -> None:
        super().__init__(revisions, revision_channels)
        self.arguments = {
            "encoder_channels": list(encoder_channels),
            "encoder_convs": list(encoder_convs),
            "revision_channels": revision_channels,
            "revisions": revisions,
            "alignment": alignment,
            "own_style": own_style,
        }
        self.encoder = VGGEncoder(encoder_channels, encoder_convs)
        self.decoder = DraftDecoder(encoder_channels[:4])
        self.measure, self.align = ALIGNMENTS[alignment]
        self.aligned = aligned_parts(alignment)
        if own_style:
            widths = {**dict(zip(ALIGNED_LAYERS, encoder_channels[1:4])), IMAGE: 3}
            blank = {layer: self.measure(paddle.zeros([1, widths[layer], 2, 2])) for layer in self.aligned}
            self.begin_own_style(blank)

    def style_statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """What the draft needs of a painting (N x 3 x H x W, RGB in [0, 1]): mean and spread of each aligned layer."""
        features = {**self.encoder(painting, last=ALIGNED_LAYERS[-1]), IMAGE: painting}
        return {layer: self.measure(features[layer]) for layer in self.aligned}

    def draft(
        self, photo: paddle.Tensor, style: Statistics | None, strength: float = 1.0, coats: int = 1
    ) -> paddle.Tensor:
        """Paint a small photo.

        Args:
            photo: N x 3 x H x W, RGB in [0, 1], sides of at least 16.
            style: From `style_statistics`; None gives the photo back as the net reconstructs it.
            strength: 0 .. 1.
            coats: How often to paint; each coat beyond the first paints over the one before it, which brings the style
                nearer than a small net gets in one go (not in the paper).
        """
        painted = photo
        for coat in range(coats):
            before = painted.clip(0, 1) if coat else photo
            features = self.encoder(before, last=ALIGNED_LAYERS[-1])
            painted = self.decode(features, style, photo.shape[2], photo.shape[3], strength)
            if style is not None and IMAGE in self.aligned:
                painted = self.align(painted, *style[IMAGE], strength)
            if coat and strength != 1.0:
                painted = before + strength * (painted - before)
        return painted

    def decode(
        self,
        features: Mapping[str, paddle.Tensor],
        style: Statistics | None,
        height: int,
        width: int,
        strength: float = 1.0,
    ) -> paddle.Tensor:
        """Align the encoder's features with a style and decode them: `draft` as it is trained.

        The colours of the result are aligned in `draft` alone. Trained through, that alignment undoes every change of
        contrast that the losses ask for, and the decoder's output drifts away.
        """
        if style is not None:
            features = {layer: self.align(features[layer], *style[layer], strength) for layer in ALIGNED_LAYERS}
        return self.decoder(features, height, width)
