"""Mean and covariance of pictures' colors, and pictures given those of others, on tensors.

`color_statistics` does the same on arrays, and computes the numbers here too; while a net is traced, `traced_alignment`
takes its place.
"""

from __future__ import annotations

import numpy as np
import paddle

from ppgan_lite.nets import color_statistics, traced_alignment


def mean_and_covariance(image: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Return mean (N x C x 1 x 1) and covariance (N x C x C) of the channels; constants in training."""
    if not paddle.in_dynamic_mode():
        return traced_alignment.mean_and_covariance(image)
    measured = [color_statistics.mean_and_covariance(picture) for picture in image.detach().numpy()]
    means, covariances = (paddle.to_tensor(np.stack(part)) for part in zip(*measured))
    return means.unsqueeze(-1).unsqueeze(-1), covariances


def align_colors(
    image: paddle.Tensor, mean: paddle.Tensor, covariance: paddle.Tensor, strength: float = 1.0
) -> paddle.Tensor:
    """Give pictures the mean and the covariance of a style's colors, moving colors as little as possible.

    See `color_statistics.transport_map`. The linear map counts as a constant in training.

    Args:
        image: N x C x H x W of the photo.
        mean: N x C x 1 x 1 (or 1 x C x 1 x 1) of the style.
        covariance: N x C x C (or 1 x C x C) of the style, from `mean_and_covariance`.
        strength: 0 returns the picture as it is, 1 the aligned one, between them a blend of the two.
    """
    if not paddle.in_dynamic_mode():
        moved = traced_alignment.optimal_transport(image, mean, covariance)
        return moved if strength == 1.0 else image + (moved - image) * strength
    own = [statistic.detach().numpy() for statistic in mean_and_covariance(image)]
    of_style = [statistic.detach().numpy() for statistic in (mean, covariance)]
    style = [np.broadcast_to(statistic, like.shape) for statistic, like in zip(of_style, own)]
    maps = [
        color_statistics.transport_map((own_mean.ravel(), own_covariance), (mean.ravel(), covariance), strength)
        for own_mean, own_covariance, mean, covariance in zip(*own, *style)
    ]
    matrices, offsets = (paddle.to_tensor(np.stack(part)) for part in zip(*maps))
    return apply_map(image, matrices, offsets)


def apply_map(image: paddle.Tensor, matrix: paddle.Tensor, offset: paddle.Tensor) -> paddle.Tensor:
    """Apply affine maps of the channels: N x C x H x W, matrices N x C x C, offsets N x C."""
    return paddle.bmm(matrix, image.flatten(2)).reshape(image.shape) + offset.unsqueeze(-1).unsqueeze(-1)
