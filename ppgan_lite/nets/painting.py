"""The base of all painters: a draft, and revisions of it level by level up a Laplacian pyramid.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import crop, resize_bilinear
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.pyramid import HalfSizeRevisionNet, RevisionNet, pyramid

# A style on tensors: part -> two tensors, such as mean and standard deviation, or scales and shifts.
StyleTensors = Mapping[str, tuple[paddle.Tensor, paddle.Tensor]]

RevisionSize = Literal["full", "half"]
_REVISION_NETS = {"full": RevisionNet, "half": HalfSizeRevisionNet}


class PaintingNet(Net):
    """A painter; a subclass drafts.

    `inference.stylization` computes `draft` and `revise` on arrays, in tiles; tests/test_predictor.py compares the two.

    Args:
        revisions: Number of revision nets; 0 drafts only. The first works on the coarsest level.
        revision_channels: Their width.
        revision_size: Where they compute: at the "full" size of their level, as the published ones do, or at "half".

    Attributes:
        own_style: Whether the net was made for one style and carries the statistics of that style as buffers.
    """

    own_style = False

    def __init__(self, revisions: int, revision_channels: int, revision_size: RevisionSize = "full") -> None:
        super().__init__()
        make = _REVISION_NETS[revision_size]
        self.revisions = nn.LayerList([make(revision_channels) for _ in range(revisions)])
        self._own_buffers: dict[str, tuple[str, str]] = {}

    def register_own_style(self, blank: StyleTensors, names: tuple[str, str]) -> None:
        """Become a net of one style, all of whose statistics are 0 until `update_own_style`.

        Args:
            blank: Statistics of the right shapes.
            names: Of the two tensors of each part, such as ("mean", "std").
        """
        self.own_style = True
        for part, statistics in blank.items():
            self._own_buffers[part] = (f"{part}_{names[0]}", f"{part}_{names[1]}")
            for buffer, value in zip(self._own_buffers[part], statistics):
                self.register_buffer(buffer, paddle.zeros_like(value))

    def own_statistics(self) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Return the statistics of the one style that this net was made for; none without `own_style`."""
        return {part: (self._buffers[a], self._buffers[b]) for part, (a, b) in self._own_buffers.items()}

    def update_own_style(self, style: StyleTensors, momentum: float = 0.98) -> None:
        """Move the net's own statistics toward those of a batch (the first batch sets them)."""
        for part, own in self.own_statistics().items():
            for buffer, of_batch in zip(own, style[part]):
                mean = of_batch.detach().mean(axis=0, keepdim=True)
                fresh = not bool(buffer.any())
                buffer.set_value(mean if fresh else buffer * momentum + mean * (1 - momentum))

    def draft(self, photo: paddle.Tensor, style: StyleTensors, strength: float = 1.0) -> paddle.Tensor:
        """Paint a small photo.

        Args:
            photo: N x 3 x H x W, RGB in [0, 1], sides of at least 16.
            style: From `style_statistics`, or the net's own.
            strength: 0 .. 1.
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
        # The net repeats the coarser result, its output is added to the bilinear one: so were the published weights
        # trained.
        longer = F.pad(coarser, [0, 1, 0, 1], mode="replicate")
        painted = crop(revision(detail, crop(longer, (height + 1) // 2, (width + 1) // 2)), height, width)
        upsampled = resize_bilinear(coarser, height, width)
        return upsampled + (painted if strength == 1.0 else detail + (painted - detail) * strength)

    def forward(
        self,
        photo: paddle.Tensor,
        style: StyleTensors,
        strength: float = 1.0,
        levels: int | None = None,
        noise: Callable[[paddle.Tensor], paddle.Tensor] | None = None,
    ) -> paddle.Tensor:
        """Paint `photo` (N x 3 x H x W, RGB in [0, 1]) at its own size; the result is about [0, 1], not clipped.

        `inference.stylization.revising` does the same in tiles on arrays, the recipe `PyramidRevision` one level at a
        time; tests hold them to this.

        Args:
            photo: Drafted at 1 / 2 ** levels of its size, whose sides must be at least 16.
            style: As in `draft`.
            strength: 0 .. 1.
            levels: How many times to revise; once for each revision net if not given.
            noise: Returns the input noise for the photo that is drafted.
        """
        small, details = pyramid(photo, len(self.revisions) if levels is None else levels)
        if noise is not None:
            small = small + noise(small)
        result = self.draft(small, style, strength)
        for level, detail in enumerate(details):
            result = self.revise(level, detail, result, strength)
        return result
