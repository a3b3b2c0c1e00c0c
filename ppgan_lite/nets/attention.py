"""Self-attention over all positions of a feature map."""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F

PAIRS_AT_ONCE = 16_000_000  # weights of pairs of positions that are in memory at one time, 4 bytes each


class SelfAttention(nn.Layer):
    """x + gamma * attention(x), with gamma 0 at first (Zhang et al., SAGAN, ICML 2019, section 3).

    Every position attends to all others, so time grows with the square of their number, and in training memory does:
    64 MB for 64 x 64. In evaluation mode the queries are taken in parts.

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

    def forward(self, x: paddle.Tensor, context: paddle.Tensor | None = None) -> paddle.Tensor:
        """Return N x C x H x W of the same.

        Args:
            x: Makes the queries.
            context: Makes keys and values, N x C x h x w, such as a reduced copy of all of which `x` is a strip; None
                for `x` itself.
        """
        shape = x.shape
        source = x if context is None else context
        query, key, value = (
            layer(of).flatten(2) for layer, of in ((self.query, x), (self.key, source), (self.value, source))
        )
        positions, pairs = shape[2] * shape[3], shape[2] * shape[3] * source.shape[2] * source.shape[3]
        if self.training or not paddle.in_dynamic_mode() or pairs <= PAIRS_AT_ONCE:
            attended = _attention(query, key, value)
        else:
            step = max(PAIRS_AT_ONCE * positions // pairs, 1)
            parts = [_attention(query[:, :, at : at + step], key, value) for at in range(0, positions, step)]
            attended = paddle.concat(parts, axis=2)
        return x + self.gamma * self.out(attended.reshape([shape[0], attended.shape[1], shape[2], shape[3]]))


def _attention(query: paddle.Tensor, key: paddle.Tensor, value: paddle.Tensor) -> paddle.Tensor:
    """Return the values averaged by the softmax of query times key; N x channels x positions each."""
    weights = F.softmax(paddle.bmm(query.transpose([0, 2, 1]), key), axis=-1)  # N x queries x keys
    return paddle.bmm(value, weights.transpose([0, 2, 1]))
