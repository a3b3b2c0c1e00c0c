"""Losses between features of pictures: style and content.

Features are N x C x H x W as encoders return them. The pairwise losses cost (H W)^2 memory: meant for maps of up
to about 48 x 48.
"""

from __future__ import annotations

import paddle

from ppgan_lite.nets.normalization import mean_and_std


def content_loss(result: paddle.Tensor, photo: paddle.Tensor, *, normalize: bool = True) -> paddle.Tensor:
    """Return the mean squared difference of two feature maps, each channel brought to mean 0 and std 1 if asked for."""
    if normalize:
        result, photo = (
            (features - mean) / std for features, (mean, std) in ((f, mean_and_std(f)) for f in (result, photo))
        )
    return (result - photo).square().mean()


def style_loss(result: paddle.Tensor, of_painting: tuple[paddle.Tensor, paddle.Tensor]) -> paddle.Tensor:
    """Return the mean squared difference of channel means, plus that of standard deviations (Huang, ICCV 2017).

    Args:
        result: Features.
        of_painting: The `mean_and_std` of the painting's.
    """
    (result_mean, result_std), (style_mean, style_std) = mean_and_std(result), of_painting
    return (result_mean - style_mean).square().mean() + (result_std - style_std).square().mean()


def relative_gram_loss(result: paddle.Tensor, of_painting: paddle.Tensor) -> paddle.Tensor:
    """Return the squared distance of Gram matrices in units of the painting's.

    Departure from Gatys: the division, which makes one weight serve for all layers and paintings.

    Args:
        result: N x C x C, of features of the painted photo; see `gram`.
        of_painting: Those of the painting's features: N x C x C or 1 x C x C.
    """
    difference = (result - of_painting).square().sum(axis=[1, 2])
    return (difference / (of_painting.square().sum(axis=[1, 2]) + 1e-8)).mean()


def cosine_distances(a: paddle.Tensor, b: paddle.Tensor) -> paddle.Tensor:
    """Return 1 - cosine between all positions of `a` and of `b`: N x (H W of a) x (H W of b), in [0, 2]."""
    flat_a, flat_b = (features.flatten(2) for features in (a, b))
    flat_a, flat_b = (flat / ((flat * flat).sum(axis=1, keepdim=True) + 1e-8).sqrt() for flat in (flat_a, flat_b))
    return 1 - paddle.bmm(flat_a.transpose([0, 2, 1]), flat_b)


def relaxed_emd_loss(result: paddle.Tensor, painting: paddle.Tensor) -> paddle.Tensor:
    """Return the relaxed earth mover's distance of two sets of features (Kolkin et al., CVPR 2019, section 2.2)."""
    distances = cosine_distances(result, painting)
    return paddle.maximum(_smallest(distances, axis=2).mean(), _smallest(distances, axis=1).mean())


def _smallest(distances: paddle.Tensor, axis: int) -> paddle.Tensor:
    """Return the minimum along an axis; the backward pass of `paddle.min` is a thousand times slower on a CPU (3.3)."""
    return paddle.take_along_axis(distances, distances.detach().argmin(axis=axis, keepdim=True), axis=axis)


def self_similarity_loss(result: paddle.Tensor, photo: paddle.Tensor) -> paddle.Tensor:
    """Return the difference of two maps' self-similarity (STROTSS, section 2.3; LapStyle's L_ss)."""
    own, wanted = (cosine_distances(features, features) for features in (result, photo))
    own, wanted = (d / (d.sum(axis=1, keepdim=True) + 1e-8) for d in (own, wanted))
    return (own - wanted).abs().mean() * (result.shape[2] * result.shape[3])
