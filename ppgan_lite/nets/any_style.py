"""A painter in any style: a transformation network, and a style-prediction network that conditions it.

Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", BMVC 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import paddle
from paddle import nn

from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.nets.painting import RevisionSize
from ppgan_lite.nets.style_transfer import TransformPainter
from ppgan_lite.nets.vgg import VGGEncoder
from ppgan_lite.signatures import NonNegativeInt, PositiveInt

STD_EPSILON = 1e-2  # keeps features that hardly differ between paintings from being amplified
LEAK = 0.2  # slope of the leaky ReLU below 0


class StylePredictor(nn.Layer):
    """Predicts the norms of a style from mean and standard deviation of an encoder's features of a painting.

    Departures from Ghiasi: the encoder is pretrained and frozen, in place of an Inception net that is trained too: with
    hundreds of paintings instead of tens of thousands, a trained one would memorize them. Standard deviations are used
    too, as strokes show in those. Both are normalized by running statistics over paintings.

    Args:
        encoder_channels: See `VGGEncoder`.
        encoder_convs: See `VGGEncoder`.
        code_channels: Width of the hidden layer between statistics and norms.
        norm_channels: Channels of all norms together.
    """

    def __init__(
        self, encoder_channels: Sequence[int], encoder_convs: Sequence[int], code_channels: int, norm_channels: int
    ) -> None:
        super().__init__()
        self.encoder = VGGEncoder(encoder_channels, encoder_convs)
        statistics = 2 * sum(encoder_channels)
        self.register_buffer("running_mean", paddle.zeros([1, statistics]))
        self.register_buffer("running_std", paddle.ones([1, statistics]))
        self.code = nn.Linear(statistics, code_channels)
        self.to_norms = nn.Linear(code_channels, 2 * norm_channels)
        self.to_norms.weight.set_value(self.to_norms.weight * 0.1)  # fresh weights hardly depend on the painting

    def statistics(self, painting: paddle.Tensor) -> paddle.Tensor:
        """Return means and standard deviations of all channels of all layers, N x 2K, of N x 3 x H x W in [0, 1]."""
        means, deviations = [], []
        for features in self.encoder(painting).values():
            mean = features.mean(axis=[2, 3], keepdim=True)
            variance = (features - mean).square().mean(axis=[2, 3])
            means.append(mean.flatten(1))
            deviations.append((variance + 1e-5).sqrt())
        return paddle.concat([*means, *deviations], axis=1)

    def update_running_stats(self, statistics: paddle.Tensor, momentum: float = 0.97) -> None:
        """Move the running mean and std toward those of a batch of paintings: N x 2K.

        The std is a mean absolute deviation, which outliers move less.
        """
        mean = statistics.mean(axis=0, keepdim=True)
        deviation = (statistics - self.running_mean).abs().mean(axis=0, keepdim=True)
        for buffer, of_batch in ((self.running_mean, mean), (self.running_std, deviation)):
            buffer.set_value(buffer * momentum + of_batch * (1 - momentum))

    def norms(self, statistics: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the offsets to scales and shifts of all norms, N x S each, from `statistics`."""
        code = self.code((statistics - self.running_mean) / (self.running_std + STD_EPSILON))
        code = paddle.maximum(code, LEAK * code)  # paddle2onnx 2.1 forgets the slope of a leaky ReLU
        scales, shifts = self.to_norms(code).chunk(2, axis=1)
        return scales, shifts

    def forward(self, painting: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the `norms` of a painting, N x 3 x H x W in [0, 1]."""
        return self.norms(self.statistics(painting))


class AnyStyleNet(TransformPainter):
    """Paints in the style of any painting: a draft, and revisions up a Laplacian pyramid.

    Args:
        channels: See `TransformNet`.
        blocks: See `TransformNet`.
        encoder_channels: See `StylePredictor`.
        encoder_convs: See `StylePredictor`.
        code_channels: See `StylePredictor`.
        revision_channels: See `PaintingNet`.
        revisions: See `PaintingNet`.
        revision_size: See `PaintingNet`.
    """

    def __init__(
        self,
        channels: PositiveInt = 24,
        blocks: NonNegativeInt = 5,
        encoder_channels: Sequence[PositiveInt] = (16, 32, 64, 128, 128),
        encoder_convs: Sequence[PositiveInt] = (1, 2, 2, 2, 1),
        code_channels: PositiveInt = 128,
        revision_channels: PositiveInt = 24,
        revisions: NonNegativeInt = 1,
        revision_size: RevisionSize = "full",
    ) -> None:
        super().__init__(channels, blocks, revision_channels, revisions, revision_size)
        norm_channels = sum(self.transform.norm_channels)
        self.predictor = StylePredictor(encoder_channels, encoder_convs, code_channels, norm_channels)

    def style_statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Return norms and colors of a painting, N x 3 x H x W, RGB in [0, 1]."""
        return {NORMS: self.predictor(painting), IMAGE: mean_and_covariance(painting)}
