"""LapStyle: paint a small draft, then revise it level by level up a Laplacian pyramid.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.adain import ALIGNED_LAYERS
from ppgan_lite.nets.blocks import ReflectConv, ResidualBlock, crop, upsample_nearest
from ppgan_lite.nets.normalization import mean_and_std
from ppgan_lite.nets.painting import PaintingNet, StyleTensors
from ppgan_lite.nets.vgg import PUBLISHED_CHANNELS, PUBLISHED_CONVS, VGGEncoder
from ppgan_lite.signatures import NonNegativeInt, PositiveInt


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


class DraftDecoder(nn.Layer):
    """Decodes AdaIN-aligned features to a picture, with a skip at each granularity (paper, section 3.2).

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
        # Fresh weights answer with gray: results far outside [0, 1] would give the first losses gradients so large that
        # Adam takes a thousand steps to forget them.
        self.to_rgb.weight.set_value(self.to_rgb.weight * 0.1)
        self.to_rgb.bias.set_value(self.to_rgb.bias + 0.5)

    def forward(self, features: Mapping[str, paddle.Tensor], height: int, width: int) -> paddle.Tensor:
        """Decode relu2_1, relu3_1 and relu4_1 (already aligned) to N x 3 x `height` x `width`, about [0, 1]."""
        x = features["relu4_1"]
        x = F.relu(self.conv4(self.residual4(x)))
        x = crop(upsample_nearest(x), *features["relu3_1"].shape[2:]) + features["relu3_1"]
        x = F.relu(self.conv3(self.residual3(x)))
        x = crop(upsample_nearest(x), *features["relu2_1"].shape[2:]) + features["relu2_1"]
        x = F.relu(self.conv2_2(F.relu(self.conv2_1(x))))
        x = crop(upsample_nearest(x), height, width)
        return self.to_rgb(F.relu(self.conv1(x)))


class EncodeSubgraph(nn.Layer):
    """The encoder up to the layers that the draft aligns, with tensors out: a subgraph that an engine executes."""

    def __init__(self, encoder: VGGEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, photo: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor, paddle.Tensor]:
        """Return relu2_1, relu3_1 and relu4_1 of N x 3 x H x W, RGB in [0, 1]."""
        features = self.encoder(photo, last="relu4_1")
        return features["relu2_1"], features["relu3_1"], features["relu4_1"]


class DecodeSubgraph(nn.Layer):
    """The decoder with tensors in: a subgraph that an engine executes."""

    def __init__(self, decoder: DraftDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, photo: paddle.Tensor, relu2_1: paddle.Tensor, relu3_1: paddle.Tensor, relu4_1: paddle.Tensor
    ) -> paddle.Tensor:
        """Decode to the size of the photo, of which only the size counts."""
        features = {"relu2_1": relu2_1, "relu3_1": relu3_1, "relu4_1": relu4_1}
        return self.decoder(features, photo.shape[2], photo.shape[3])


class LapStyleNet(PaintingNet):
    """The whole of LapStyle, for training and inference. The defaults are the published sizes.

    Departures from the paper: the style enters as the channel statistics of three layers, so that its painting is not
    needed any more; odd sizes are handled.

    Args:
        encoder_channels: See `VGGEncoder`.
        encoder_convs: See `VGGEncoder`.
        revision_channels: Width of the revision nets.
        revisions: Number of revision nets; 0 drafts only. The first works on the coarsest level.
        own_style: Whether the net was made for one style and carries that style's statistics as buffers.
    """

    def __init__(
        self,
        encoder_channels: Sequence[PositiveInt] = PUBLISHED_CHANNELS,
        encoder_convs: Sequence[PositiveInt] = PUBLISHED_CONVS,
        revision_channels: PositiveInt = 64,
        revisions: NonNegativeInt = 2,
        own_style: bool = False,
    ) -> None:
        super().__init__(revisions, revision_channels)
        self.encoder = VGGEncoder(encoder_channels, encoder_convs)
        self.decoder = DraftDecoder(encoder_channels[:4])
        if own_style:
            widths = dict(zip(ALIGNED_LAYERS, encoder_channels[1:4]))
            blank = {layer: mean_and_std(paddle.zeros([1, width, 2, 2])) for layer, width in widths.items()}
            self.register_own_style(blank, ("mean", "std"))

    def style_statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Measure a painting, N x 3 x H x W, RGB in [0, 1]: mean and standard deviation of each aligned layer."""
        features = self.encoder(painting, last=ALIGNED_LAYERS[-1])
        return {layer: mean_and_std(features[layer]) for layer in ALIGNED_LAYERS}

    def draft(self, photo: paddle.Tensor, style: StyleTensors | None, strength: float = 1.0) -> paddle.Tensor:
        """Paint a small photo; see `PaintingNet.draft`. Without a style, reconstruct the photo."""
        features = self.encoder(photo, last=ALIGNED_LAYERS[-1])
        return self.decode(features, style, photo.shape[2], photo.shape[3], strength)

    def decode(
        self,
        features: Mapping[str, paddle.Tensor],
        style: StyleTensors | None,
        height: int,
        width: int,
        strength: float = 1.0,
    ) -> paddle.Tensor:
        """Align the encoder's features with a style and decode them: the second half of `draft`."""
        if style is not None:
            features = {layer: adain(features[layer], *style[layer], strength) for layer in ALIGNED_LAYERS}
        return self.decoder(features, height, width)
