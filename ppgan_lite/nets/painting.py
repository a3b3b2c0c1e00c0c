"""What the nets that paint have in common: a draft, and revisions of it level by level up a Laplacian pyramid.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Mapping

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import ReflectConv, ResidualBlock, resize_bilinear, upsample_nearest

# What a draft needs of a painting: by part, a mean and a spread.
Statistics = Mapping[str, tuple[paddle.Tensor, paddle.Tensor]]


def laplacian(x: paddle.Tensor) -> paddle.Tensor:
    """What halving and doubling (bilinear) takes away from `x`; N x C x H x W, the same shape."""
    height, width = x.shape[2], x.shape[3]
    return x - resize_bilinear(resize_bilinear(x, *halved(height, width)), height, width)


def pyramid(photo: paddle.Tensor, levels: int) -> tuple[paddle.Tensor, list[paddle.Tensor]]:
    """Take a Laplacian pyramid apart: the photo halved `levels` times, and what each halving took, coarsest first."""
    details = []
    for _ in range(levels):
        details.append(laplacian(photo))
        photo = resize_bilinear(photo, *halved(photo.shape[2], photo.shape[3]))
    return photo, details[::-1]


def halved(height: int, width: int) -> tuple[int, int]:
    """The size of the next coarser level of a pyramid."""
    if not paddle.in_dynamic_mode():
        return height // 2, width // 2  # a graph may not ask how large its picture is
    return max(height // 2, 1), max(width // 2, 1)


class RevisionNet(nn.Layer):
    """Adds to a doubled draft the detail of one pyramid level (paper, section 3.3).

    Args:
        channels: Width; 64 is the published net.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.conv1 = ReflectConv(6, channels)
        self.down = ReflectConv(channels, channels, stride=2)
        self.residual = ResidualBlock(channels)
        self.up = ReflectConv(channels, channels)
        self.to_rgb = ReflectConv(channels, 3)
        self.to_rgb.weight.set_value(self.to_rgb.weight * 0.1)  # fresh weights leave the draft nearly as it is

    def forward(self, detail: paddle.Tensor, draft: paddle.Tensor) -> paddle.Tensor:
        """Return the residual to add to `draft`.

        Args:
            detail: N x 3 x H x W, the photo's Laplacian at this level, about [-1, 1].
            draft: N x 3 x H x W, the coarser result, doubled.
        """
        height, width = draft.shape[2], draft.shape[3]
        x = F.relu(self.conv1(paddle.concat([detail, draft], axis=1)))
        x = self.residual(F.relu(self.down(x)))
        x = upsample_nearest(x)[:, :, :height, :width]
        return self.to_rgb(F.relu(self.up(x)))


class PaintingNet(nn.Layer):
    """A net that paints: a subclass drafts.

    Args:
        revisions: How many revision nets there are; 0 drafts only. The first works on the coarsest level.
        revision_channels: Their width.

    Attributes:
        own_style: Whether the net was made for one style and carries what its draft needs of that as buffers.
    """

    own_style = False

    def __init__(self, revisions: int, revision_channels: int) -> None:
        super().__init__()
        self.revisions = nn.LayerList([RevisionNet(revision_channels) for _ in range(revisions)])
        self._own_parts: tuple[str, ...] = ()

    def begin_own_style(self, blank: Statistics) -> None:
        """Become a net of one style, which is not known yet.

        Args:
            blank: Statistics of the sizes that the style's will have.
        """
        self.own_style = True
        self._own_parts = tuple(blank)
        for part, statistics in blank.items():
            for name, value in zip(("mean", "spread"), statistics):
                self.register_buffer(f"{part}_{name}", paddle.zeros_like(value))

    def own_statistics(self) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """The statistics of the one style that this net was made for; none without `own_style`."""
        return {part: (self._buffers[f"{part}_mean"], self._buffers[f"{part}_spread"]) for part in self._own_parts}

    def remember_style(self, style: Statistics, momentum: float = 0.98) -> None:
        """Move the net's own statistics towards those of a batch (the first batch sets them)."""
        for part, own in self.own_statistics().items():
            for buffer, seen in zip(own, style[part]):
                seen = seen.detach().mean(axis=0, keepdim=True)
                fresh = not bool(buffer.any())
                buffer.set_value(seen if fresh else buffer * momentum + seen * (1 - momentum))

    def draft(self, photo: paddle.Tensor, style: Statistics, strength: float = 1.0, coats: int = 1) -> paddle.Tensor:
        """Paint a small photo.

        Args:
            photo: N x 3 x H x W, RGB in [0, 1], sides of at least 16.
            style: From `style_statistics`, or the net's own.
            strength: 0 .. 1.
            coats: How often to paint, each time over the result before.
        """
        raise NotImplementedError

    def revise(self, level: int, detail: paddle.Tensor, coarser: paddle.Tensor, strength: float = 1.0) -> paddle.Tensor:
        """Carry a result up one level of the pyramid.

        Args:
            level: 0 is the level above the draft. Levels beyond the trained ones use the last revision net again.
            detail: N x 3 x H x W, the photo's Laplacian at the new level.
            coarser: N x 3 x h x w, the result so far, about half the size.
            strength: 0 adds the photo's own detail, 1 the painted detail, between them a blend.
        """
        height, width = detail.shape[2], detail.shape[3]
        revision = self.revisions[min(level, len(self.revisions) - 1)]
        # The net sees the coarser result doubled by repetition, its output is added to the bilinear one: so were the
        # published weights trained.
        painted = revision(detail, F.interpolate(coarser, size=[height, width], mode="nearest"))
        doubled = resize_bilinear(coarser, height, width)
        return doubled + (painted if strength == 1.0 else detail + (painted - detail) * strength)

    def forward(
        self, photo: paddle.Tensor, style: Statistics, strength: float = 1.0, levels: int | None = None
    ) -> paddle.Tensor:
        """Paint `photo` (N x 3 x H x W, RGB in [0, 1]) at its own size; the result is about [0, 1], not clipped.

        Args:
            photo: Drafted at 1 / 2 ** levels of its size, whose sides must be at least 16.
            style: As in `draft`.
            strength: 0 .. 1.
            levels: How many times to revise; as often as there are revision nets if not given.
        """
        small, details = pyramid(photo, len(self.revisions) if levels is None else levels)
        result = self.draft(small, style, strength)
        for level, detail in enumerate(details):
            result = self.revise(level, detail, result, strength)
        return result
