"""The Gram matrix of features."""

from __future__ import annotations

import paddle
from paddle.autograd import PyLayer, PyLayerContext


def gram(features: paddle.Tensor) -> paddle.Tensor:
    """Return the Gram matrix, N x C x C, divided by the number of positions (Gatys et al., CVPR 2016)."""
    return _Gram.apply(features)


class _Gram(PyLayer):
    """The Gram matrix with a backward pass of one product: Paddle (3.3) would compute two, of copies.

    Its gradient cannot be differentiated again.
    """

    @staticmethod
    def forward(context: PyLayerContext, features: paddle.Tensor) -> paddle.Tensor:
        context.save_for_backward(features)
        flat = features.flatten(2)
        return paddle.matmul(flat, flat, transpose_y=True) / flat.shape[2]

    @staticmethod
    def backward(context: PyLayerContext, gradient: paddle.Tensor) -> paddle.Tensor:
        (features,) = context.saved_tensor()
        flat = features.flatten(2)
        both = (gradient + gradient.transpose([0, 2, 1])) / flat.shape[2]
        return paddle.matmul(both, flat).reshape(features.shape)
