"""Losses between pictures, value by value. They refuse shapes that differ: Paddle would stretch one to the other."""

from __future__ import annotations

import paddle

from ppgan_lite.errors import PpganError


def l1_loss(result: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """Return the mean absolute difference of two tensors of one shape, as a scalar.

    Raises:
        PpganError: The shapes differ.
    """
    return _difference(result, target).abs().mean()


def mse_loss(result: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """Return the mean squared difference of two tensors of one shape, as a scalar.

    Raises:
        PpganError: The shapes differ.
    """
    return _difference(result, target).square().mean()


def _difference(result: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    if result.shape != target.shape:
        raise PpganError(
            "pixel loss",
            f"the result has shape {list(result.shape)}, the target {list(target.shape)}",
            "one shape",
            "Check scale, channels and crop sizes in the config",
        )
    return result - target
