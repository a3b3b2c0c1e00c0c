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


def shift_consistency_loss(result: paddle.Tensor, shifted: paddle.Tensor, rows: int, columns: int) -> paddle.Tensor:
    """Return the mean squared difference of results for a photo and for the same photo moved by a few pixels.

    Stability training (Zheng et al., "Improving the Robustness of Deep Neural Networks via Stability Training", CVPR
    2016, equation 4, with moved photos instead of noisy ones): strokes then lie where the photo has something, and not
    where its border happens to be. Neither Gatys nor Johnson has it.

    Args:
        result: N x C x H x W, of the photo.
        shifted: Of the same shape, of the photo moved up by `rows` and to the left by `columns`: its (y, x) is
            `result`'s (y + rows, x + columns).
        rows: How far, down if negative; less than H.
        columns: How far, to the right if negative; less than W.

    Returns:
        A scalar over the pixels that both have.

    Raises:
        PpganError: The shapes differ.
    """
    _require_one_shape(result, shifted)
    down, right = max(rows, 0), max(columns, 0)
    up, left = max(-rows, 0), max(-columns, 0)
    height, width = result.shape[2] - abs(rows), result.shape[3] - abs(columns)
    return mse_loss(
        result[:, :, down : down + height, right : right + width], shifted[:, :, up : up + height, left : left + width]
    )


def _difference(result: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    _require_one_shape(result, target)
    return result - target


def _require_one_shape(result: paddle.Tensor, target: paddle.Tensor) -> None:
    if result.shape != target.shape:
        raise PpganError(
            "pixel loss",
            f"the result has shape {list(result.shape)}, the target {list(target.shape)}",
            "one shape",
            "Check scale, channels and crop sizes in the config",
        )
