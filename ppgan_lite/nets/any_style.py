"""A painter in any style: one net reads a painting, and so tells another how to paint.

Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", BMVC 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import paddle
from paddle import nn

from ppgan_lite.nets.alignment import IMAGE, NORMS
from ppgan_lite.nets.lapstyle import RevisionNet, Statistics, carry_up, mean_and_covariance, optimal_transport, pyramid
from ppgan_lite.nets.style_transfer import TransformNet
from ppgan_lite.nets.vgg import VGGEncoder

SEEN_EPSILON = 1e-2  # keeps what hardly differs between paintings from being blown up
LEAK = 0.2  # slope of the leaky ReLU below 0


class StylePredictor(nn.Layer):
    """Reads a painting: mean and standard deviation of an encoder's features, and from them the norms of a style.

    Departures from Ghiasi: the encoder is one that knows pictures already and stays as it is, in place of an Inception
    net that learns along: with hundreds of paintings to learn from instead of tens of thousands, one that may learn
    knows its own paintings only. Standard deviations count beside means, as strokes show in those.

    Args:
        encoder_channels: See `VGGEncoder`.
        encoder_convs: See `VGGEncoder`.
        code_channels: Width of what lies between statistics and norms.
        norm_channels: How many channels the norms have in all.
    """

    def __init__(
        self, encoder_channels: Sequence[int], encoder_convs: Sequence[int], code_channels: int, norm_channels: int
    ) -> None:
        super().__init__()
        self.encoder = VGGEncoder(encoder_channels, encoder_convs)
        statistics = 2 * sum(encoder_channels)
        self.register_buffer("seen_mean", paddle.zeros([1, statistics]))
        self.register_buffer("seen_spread", paddle.ones([1, statistics]))
        self.code = nn.Linear(statistics, code_channels)
        self.to_norms = nn.Linear(code_channels, 2 * norm_channels)
        self.to_norms.weight.set_value(self.to_norms.weight * 0.1)  # fresh weights hardly tell paintings apart

    def statistics(self, painting: paddle.Tensor) -> paddle.Tensor:
        """Return means and standard deviations of all channels of all layers, N x 2K, of N x 3 x H x W in [0, 1]."""
        means, deviations = [], []
        for features in self.encoder(painting).values():
            mean = features.mean(axis=[2, 3], keepdim=True)
            variance = (features - mean).square().mean(axis=[2, 3])
            means.append(mean.flatten(1))
            deviations.append((variance + 1e-5).sqrt())
        return paddle.concat([*means, *deviations], axis=1)

    def watch(self, statistics: paddle.Tensor, momentum: float = 0.97) -> None:
        """Take note of what paintings have in common: N x 2K."""
        mean = statistics.mean(axis=0, keepdim=True)
        deviation = (statistics - self.seen_mean).abs().mean(axis=0, keepdim=True)
        for buffer, seen in ((self.seen_mean, mean), (self.seen_spread, deviation)):
            buffer.set_value(buffer * momentum + seen * (1 - momentum))

    def norms(self, statistics: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return what a style adds to the norms' scales and shifts, N x S each, from `statistics`."""
        code = self.code((statistics - self.seen_mean) / (self.seen_spread + SEEN_EPSILON))
        code = paddle.maximum(code, LEAK * code)  # paddle2onnx 2.1 forgets the slope of a leaky ReLU
        scales, shifts = self.to_norms(code).chunk(2, axis=1)
        return scales, shifts

    def forward(self, painting: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the `norms` of a painting, N x 3 x H x W in [0, 1]."""
        return self.norms(self.statistics(painting))


class AnyStyleNet(nn.Layer):
    """Paints in the style of any painting: a draft, and revisions up a Laplacian pyramid.

    The colours come from the painting's mean and covariance, which the photo is given before it is drafted; the draft
    is given back those that the net saw. The predicted norms are left with strokes and shapes (not in the paper).

    Args:
        channels: See `TransformNet`.
        blocks: See `TransformNet`.
        encoder_channels: See `StylePredictor`.
        encoder_convs: See `StylePredictor`.
        code_channels: See `StylePredictor`.
        revision_channels: Width of the revision nets.
        revisions: How many revision nets there are; 0 drafts only. The first works on the coarsest level.

    Attributes:
        own_style: False; see `LapStyleNet`.
    """

    own_style = False

    def __init__(
        self,
        channels: int = 24,
        blocks: int = 5,
        encoder_channels: Sequence[int] = (16, 32, 64, 128, 128),
        encoder_convs: Sequence[int] = (1, 2, 2, 2, 1),
        code_channels: int = 128,
        revision_channels: int = 24,
        revisions: int = 1,
    ) -> None:
        super().__init__()
        self.arguments = {
            "channels": channels,
            "blocks": blocks,
            "encoder_channels": list(encoder_channels),
            "encoder_convs": list(encoder_convs),
            "code_channels": code_channels,
            "revision_channels": revision_channels,
            "revisions": revisions,
        }
        self.transform = TransformNet(channels, blocks)
        norm_channels = sum(self.transform.norm_channels)
        self.predictor = StylePredictor(encoder_channels, encoder_convs, code_channels, norm_channels)
        self.revisions = nn.LayerList([RevisionNet(revision_channels) for _ in range(revisions)])

    def style_statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """What the draft needs of a painting, N x 3 x H x W, RGB in [0, 1]: its norms and its colours."""
        scales, shifts = self.predictor(painting)
        return {NORMS: (shifts, scales), IMAGE: mean_and_covariance(painting)}

    def draft(self, photo: paddle.Tensor, style: Statistics, strength: float = 1.0, coats: int = 1) -> paddle.Tensor:
        """Paint a small photo.

        Args:
            photo: N x 3 x H x W, RGB in [0, 1], sides of at least 16.
            style: From `style_statistics`.
            strength: 0 .. 1.
            coats: How often to paint, each time over the result before.
        """
        shifts, scales = style[NORMS]
        painted = photo
        for _ in range(coats):
            seen = optimal_transport(painted, *style[IMAGE], strength).clip(0, 1)
            painted = self.transform(seen, paddle.full([1, 1], strength), scales, shifts)
            painted = optimal_transport(painted, *mean_and_covariance(seen))
        return painted

    def revise(self, level: int, detail: paddle.Tensor, coarser: paddle.Tensor, strength: float = 1.0) -> paddle.Tensor:
        """Carry a result up one level of the pyramid; see `lapstyle.carry_up`."""
        return carry_up(self.revisions, level, detail, coarser, strength)

    def forward(
        self, photo: paddle.Tensor, style: Statistics, strength: float = 1.0, levels: int | None = None
    ) -> paddle.Tensor:
        """Paint `photo` at its own size, as `LapStyleNet` does."""
        small, details = pyramid(photo, len(self.revisions) if levels is None else levels)
        result = self.draft(small, style, strength)
        for level, detail in enumerate(details):
            result = self.revise(level, detail, result, strength)
        return result
