"""The distance of features from those of a photo, as content losses measure it."""

from __future__ import annotations

import paddle

EPSILON = 1e-6


def relative_distance(result: paddle.Tensor, photo: paddle.Tensor) -> paddle.Tensor:
    """Return the squared distance of two feature maps in units of the photo's: one weight serves for every layer.

    Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016, section 3.2.
    Departure: the division; theirs is by the number of values.

    Args:
        result: Features of the painted photo, N x C x H x W.
        photo: Features of the photo, of the same shape.

    Returns:
        N numbers: 0 where they are equal, 1 where the result's are all 0.
    """
    difference = (result - photo).square().sum(axis=[1, 2, 3])
    return difference / (photo.square().sum(axis=[1, 2, 3]) + EPSILON)
