"""Parts of a net that do a large picture in tiles, each a net by itself that an engine can execute."""

from __future__ import annotations

import paddle
from paddle import nn

from ppgan_lite.nets.normalisation import fixed_statistics, instance_norms, recorded_statistics


class StatisticsPiece(nn.Layer):
    """What a net normalises a picture by.

    Args:
        net: One with instance norms; shared, not copied.
    """

    def __init__(self, net: nn.Layer) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return means and variances of all layers of 1 x C x H x W, one after the other: 2 x their channels."""
        with recorded_statistics(self.net) as found:
            self.net(x)
        return paddle.stack([paddle.concat([pair[place].flatten() for pair in found.values()]) for place in (0, 1)])


class TilePiece(nn.Layer):
    """A net that paints a tile as a part of its whole picture.

    Args:
        net: As for `StatisticsPiece`; shared, not copied.
    """

    def __init__(self, net: nn.Layer) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: paddle.Tensor, statistics: paddle.Tensor) -> paddle.Tensor:
        """Return the result of 1 x C x H x W, normalised by what a `StatisticsPiece` has returned."""
        channels = {name: norm.channels for name, norm in instance_norms(self.net).items()}
        parts = paddle.split(statistics.reshape([2, 1, -1, 1, 1]), list(channels.values()), axis=2)
        with fixed_statistics(self.net, {name: (part[0], part[1]) for name, part in zip(channels, parts)}):
            return self.net(x)
