"""Convolutions whose weights are divided by their largest singular value."""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F


class SpectralConv(nn.Conv2D):
    """A convolution with spectral normalization (Miyato et al., ICLR 2018, section 2).

    One step of the power iteration with every call in training. Its vectors are buffers, stored with the weights, so
    that a resumed training continues exactly and a loaded net has the outputs of the stored one.

    Args:
        in_channels: Channels that go in.
        out_channels: Channels that come out.
        kernel: Height and width of the filters.
        stride: Of the filters.
        padding: With zeros, on each side.
        bias: Whether there is one; it is not normalized.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, padding: int = 0, bias: bool = True
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel, stride=stride, padding=padding, bias_attr=None if bias else False
        )
        for name, size in (("left", out_channels), ("right", in_channels * kernel * kernel)):
            self.register_buffer(name, F.normalize(paddle.randn([size]), axis=0))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        matrix = self.weight.flatten(1)
        if self.training:
            with paddle.no_grad():
                self.right.set_value(F.normalize(paddle.mv(matrix.t(), self.left), axis=0))
                self.left.set_value(F.normalize(paddle.mv(matrix, self.right), axis=0))
        # Copies: the buffers change with the next call, perhaps before this one's gradient is asked for.
        norm = paddle.dot(self.left.clone(), paddle.mv(matrix, self.right.clone()))
        return F.conv2d(x, self.weight / norm, self.bias, self._stride, self._padding)
