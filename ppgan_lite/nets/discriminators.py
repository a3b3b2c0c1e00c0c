"""Nets that judge whether a picture belongs to a domain."""

from __future__ import annotations

from itertools import pairwise

import paddle
from paddle import nn
from paddle.nn import functional as F


class PatchDiscriminator(nn.Layer):
    """LapStyle's shallow patch discriminator (Lin et al., CVPR 2021, section 3.3): judges 7x7 patches, keeps the size.

    Args:
        in_channels: Channels of the pictures.
        base_channels: Width of the hidden layers.
        layers: Number of convolutions, at least 2.
    """

    def __init__(self, in_channels: int = 3, base_channels: int = 32, layers: int = 3) -> None:
        super().__init__()
        self.arguments = {"in_channels": in_channels, "base_channels": base_channels, "layers": layers}
        widths = [in_channels] + [base_channels] * (layers - 1)
        self.convs = nn.LayerList([nn.Conv2D(a, b, 3, padding=1) for a, b in pairwise(widths)])
        self.norms = nn.LayerList([nn.BatchNorm2D(width) for width in widths[1:]])
        self.to_logits = nn.Conv2D(base_channels, 1, 3, padding=1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return logits N x 1 x H x W (positive: looks real) of N x in_channels x H x W in [0, 1]."""
        for conv, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(conv(x)), 0.2)
        return self.to_logits(x)
