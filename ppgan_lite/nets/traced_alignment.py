"""The full alignment (`color_alignment.align_colors`) as a graph of matrix products, for nets that leave Python.

A graph has no eigenvectors to take square roots by. Newton's iteration, coupled so that root and inverse root come out
together and no matrix is inverted, needs products alone (Higham, "Functions of Matrices", SIAM 2008, chapter 6).
"""

from __future__ import annotations

import paddle

from ppgan_lite.nets.color_statistics import EPSILON, RIDGE

# Each iteration brings a root nearer by half as much again until it is there. A covariance with its ridge spans four
# decades, so its smallest root starts two decades away; a product of two covariances spans eight. On the paintings that
# ship, 18 and 26 iterations give the result of eigenvectors to 1e-6.
_ITERATIONS = 20
_ITERATIONS_OF_PRODUCT = 28


def mean_and_covariance(features: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Mean (N x C x 1 x 1) and covariance with its ridge (N x C x C) of the channels of N x C x H x W."""
    channels = features.shape[1]
    flat = features.flatten(2)
    mean = flat.mean(axis=2, keepdim=True)
    centered = flat - mean
    freedom = (features.shape[2] * features.shape[3] - 1) * paddle.ones([1])
    covariance = paddle.bmm(centered, centered.transpose([0, 2, 1])) / freedom
    diagonal = paddle.eye(channels).unsqueeze(0)
    ridge = RIDGE / channels * (covariance * diagonal).sum(axis=[1, 2], keepdim=True) + EPSILON
    return mean.unsqueeze(-1), covariance + ridge * diagonal


def optimal_transport(features: paddle.Tensor, mean: paddle.Tensor, covariance: paddle.Tensor) -> paddle.Tensor:
    """Give N x C x H x W the mean and the covariance of a style.

    The roots are computed in float64: the smallest directions of a painting would drown in the rounding of float32.
    """
    own_mean, own_covariance = mean_and_covariance(features)
    root, inverse = roots(own_covariance.astype("float64"), _ITERATIONS)
    product = paddle.bmm(paddle.bmm(root, covariance.astype("float64")), root)
    middle, _ = roots(product, _ITERATIONS_OF_PRODUCT)
    matrix = paddle.bmm(paddle.bmm(inverse, middle), inverse).astype("float32")
    moved = paddle.bmm(matrix, (features - own_mean).flatten(2))
    return moved.reshape(features.shape) + mean


def roots(matrices: paddle.Tensor, iterations: int) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Square roots and inverse square roots of symmetric positive definite matrices, N x C x C each.

    Args:
        matrices: N x C x C.
        iterations: A direction whose variance is a share v of the Frobenius norm needs about log(1 / v) / 0.81 + 5.
    """
    identity = paddle.eye(matrices.shape[1], dtype=matrices.dtype).unsqueeze(0)
    norm = matrices.square().sum(axis=[1, 2], keepdim=True).sqrt()
    # Half of the inverse is carried along, so that no step has a factor: paddle2onnx 2.1 has float32 multiply by those.
    first, root, half_inverse = 1.5 * identity, matrices / norm, 0.5 * identity
    for _ in range(iterations):
        correction = first - paddle.bmm(half_inverse, root)
        root, half_inverse = paddle.bmm(root, correction), paddle.bmm(correction, half_inverse)
    return root * norm.sqrt(), (half_inverse + half_inverse) / norm.sqrt()
