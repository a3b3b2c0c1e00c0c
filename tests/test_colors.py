"""Mean and covariance of colors, and pictures given those of others: on arrays and on tensors."""

from __future__ import annotations

import numpy as np
import paddle
from net_examples import picture

from ppgan_lite.nets import color_statistics
from ppgan_lite.nets.color_alignment import align_colors, mean_and_covariance


def test_aligned_colors_have_the_mean_and_covariance_of_the_style():
    photo, style = picture(12, 11), picture(12, 13, phase=2.0)
    style = paddle.concat([style[:, :1], style[:, 1:2] + style[:, :1], style[:, 2:] * 2], axis=1) + 1
    wanted = mean_and_covariance(style)
    moved = align_colors(photo, *wanted)
    found = mean_and_covariance(moved)
    np.testing.assert_allclose(found[0].numpy(), wanted[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(found[1].numpy(), wanted[1].numpy(), atol=0.03 * float(wanted[1].abs().max()))
    np.testing.assert_array_equal(align_colors(photo, *wanted, strength=0.0).numpy(), photo.numpy())
    still = align_colors(photo, *mean_and_covariance(photo))
    np.testing.assert_allclose(still.numpy(), photo.numpy(), atol=1e-3)


def test_arrays_are_aligned_as_tensors_are():
    photo, style = picture(31, 40), 0.2 + 0.5 * picture(12, 13, phase=2.0)
    found = color_statistics.align_colors(photo.numpy()[0], color_statistics.mean_and_covariance(style.numpy()[0]), 0.7)
    np.testing.assert_allclose(
        found, align_colors(photo, *mean_and_covariance(style), strength=0.7).numpy()[0], atol=1e-6
    )


def test_statistics_and_maps_of_many_positions_are_found_in_parts():
    image = picture(97, 203).numpy()[0]
    flat = image.reshape(3, -1).astype(np.float64)
    mean, covariance = color_statistics.mean_and_covariance(image)
    np.testing.assert_allclose(mean, flat.mean(axis=1), atol=1e-4)
    wanted = np.cov(flat)
    ridge = 0.01 * np.diagonal(wanted).mean() + 1e-5
    np.testing.assert_allclose(covariance, wanted + ridge * np.eye(3), atol=1e-5)
    matrix, offset = np.random.default_rng(0).random((3, 3), np.float32), np.arange(3, dtype="f4")
    found = color_statistics.apply_map(image, matrix, offset)
    assert found.shape == image.shape and found.dtype == np.float32
    np.testing.assert_allclose(found.reshape(3, -1), matrix @ flat + offset[:, None], rtol=1e-4)


def test_photos_keep_the_contrast_of_black_on_white_after_clipping():
    rng = np.random.default_rng(0)
    ink = np.where(rng.random((1, 40, 40)) < 0.3, 0.1, 0.95).repeat(3, 0).astype(np.float32)
    photos = [rng.random((3, 30, 30)).astype(np.float32) ** power for power in (0.7, 1.0, 1.5)]
    wanted = color_statistics.mean_and_covariance(ink)
    given = color_statistics.before_clipping(photos, wanted)

    def deviation(colors: color_statistics.ColorStatistics) -> float:
        clipped = [color_statistics.align_colors(photo, colors).clip(0, 1) for photo in photos]
        return float(np.mean([np.sqrt(color_statistics.mean_and_covariance(photo)[1][0, 0]) for photo in clipped]))

    ink_deviation = np.sqrt(wanted[1][0, 0])
    assert deviation(wanted) < 0.85 * ink_deviation
    assert abs(deviation(given) - ink_deviation) < 0.07 * ink_deviation


def test_colors_that_no_photo_clips_stay_as_they_are():
    photos = [picture(20, 20).numpy()[0], picture(24, 18, phase=1.0).numpy()[0]]
    wanted = np.full(3, 0.5, np.float32), np.diag(np.float32([0.004, 0.006, 0.005]))
    for found, own in zip(color_statistics.before_clipping(photos, wanted), wanted, strict=True):
        np.testing.assert_allclose(found, own, atol=2e-4)
