"""Self-attention over all positions of a feature map."""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F

LOOKS = 16_000_000  # pairs of positions that are in memory at a time, 4 bytes each


class SelfAttention(nn.Layer):
    """x + gamma * attention(x), with gamma 0 at first (Zhang et al., SAGAN, ICML 2019, section 3).

    Every position looks at every other one, so time grows with the square of their number, and in training memory does:
    64 MB for 64 x 64. In use, a part of the positions looks at a time.

    Args:
        channels: Of the feature map, at least 8; the attention works with an eighth of them.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // 8, 1)
        self.query = nn.Conv2D(channels, inner, 1, bias_attr=False)
        self.key = nn.Conv2D(channels, inner, 1, bias_attr=False)
        self.value = nn.Conv2D(channels, inner, 1, bias_attr=False)
        self.out = nn.Conv2D(inner, channels, 1, bias_attr=False)
        self.gamma = self.create_parameter([1], default_initializer=nn.initializer.Constant(0.0))

    def forward(self, x: paddle.Tensor, seen: paddle.Tensor | None = None) -> paddle.Tensor:
        """Return N x C x H x W of the same.

        Args:
            x: What looks.
            seen: What it looks at, N x C x h x w, such as a reduced copy of all of which `x` is a strip; None: itself.
        """
        shape = x.shape
        around = x if seen is None else seen
        query, key, value = (
            layer(of).flatten(2) for layer, of in ((self.query, x), (self.key, around), (self.value, around))
        )
        positions, pairs = shape[2] * shape[3], shape[2] * shape[3] * around.shape[2] * around.shape[3]
        if self.training or not paddle.in_dynamic_mode() or pairs <= LOOKS:
            seen = _looked(query, key, value)
        else:
            step = max(LOOKS * positions // pairs, 1)
            parts = [_looked(query[:, :, at : at + step], key, value) for at in range(0, positions, step)]
            seen = paddle.concat(parts, axis=2)
        return x + self.gamma * self.out(seen.reshape([shape[0], seen.shape[1], shape[2], shape[3]]))


def _looked(query: paddle.Tensor, key: paddle.Tensor, value: paddle.Tensor) -> paddle.Tensor:
    """What some positions see of all; N x channels x positions each."""
    weights = F.softmax(paddle.bmm(query.transpose([0, 2, 1]), key), axis=-1)  # N x looking x seen
    return paddle.bmm(value, weights.transpose([0, 2, 1]))
