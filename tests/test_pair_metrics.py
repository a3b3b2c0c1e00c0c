"""PSNR and SSIM against the formulas of their papers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ppgan_lite.errors import UsageError
from ppgan_lite.metrics.pairs import psnr, psnr_and_ssim, ssim


def other(image: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 12, image.shape)
    return np.clip(image + noise, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("channels", [slice(None), 0])
def test_psnr_is_the_ratio_of_white_to_the_error_in_decibels(photo: np.ndarray, channels: slice | int) -> None:
    a, b = photo[..., channels], other(photo)[..., channels]
    error = ((a.astype(float) - b) ** 2).mean()
    assert psnr(a, b) == pytest.approx(20 * math.log10(255 / math.sqrt(error)))
    assert psnr(a, b) == psnr(b, a)
    assert psnr(a, a) == math.inf


def test_ssim_is_that_of_wang_2004_away_from_the_border(photo: np.ndarray) -> None:
    a, b = photo[..., 0].astype(float), other(photo)[..., 0].astype(float)
    steps = np.arange(11) - 5
    bell = np.exp(-(steps**2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2

    def mean(values: np.ndarray) -> np.ndarray:
        return (np.lib.stride_tricks.sliding_window_view(values, (11, 11)) * window).sum((2, 3))

    covariance = mean(a * b) - mean(a) * mean(b)
    variances = mean(a**2) - mean(a) ** 2 + mean(b**2) - mean(b) ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * mean(a) * mean(b) + c1) * (2 * covariance + c2)
    similarity /= (mean(a) ** 2 + mean(b) ** 2 + c1) * (variances + c2)
    assert ssim(photo[..., 0], other(photo)[..., 0]) == pytest.approx(similarity.mean(), abs=1e-6)


def test_ssim_of_colors_is_the_mean_of_the_channels(photo: np.ndarray) -> None:
    noisy = other(photo)
    single = [ssim(photo[..., channel], noisy[..., channel]) for channel in range(3)]
    assert ssim(photo, noisy) == pytest.approx(np.mean(single))
    assert ssim(photo, photo) == 1


def test_the_depth_of_the_pictures_does_not_matter(photo: np.ndarray) -> None:
    noisy = other(photo)
    for metric in (psnr, ssim):
        expected = metric(photo, noisy)
        assert metric(photo.astype(np.uint16) * 257, noisy.astype(np.uint16) * 257) == pytest.approx(expected)
        assert metric(photo.astype(np.float32) / 255, noisy.astype(np.float32) / 255) == pytest.approx(
            expected, rel=1e-4
        )


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 30), (10, 10, 3)])
def test_pictures_smaller_than_the_window_are_measured_too(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    assert ssim(image, image) == 1
    assert ssim(image, 255 - image) < 0.9


def test_batches_are_averaged_over_their_pictures(photo: np.ndarray) -> None:
    pairs = [(photo, other(photo)), (photo, 255 - other(photo))]
    a, b = (np.stack([pair[side] for pair in pairs]).transpose(0, 3, 1, 2).astype(np.float32) / 255 for side in (0, 1))
    found = psnr_and_ssim(a, b)
    assert found["psnr"] == pytest.approx(np.mean([psnr(*pair) for pair in pairs]), rel=1e-4)
    assert found["ssim"] == pytest.approx(np.mean([ssim(*pair) for pair in pairs]), rel=1e-4)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_what_does_not_compare_is_refused(metric: object, photo: np.ndarray) -> None:
    assert callable(metric)
    for unlike in (photo[:-1], photo.astype(float), photo[..., 0]):
        with pytest.raises(UsageError, match=r"metric: .* expected two pictures of one shape and type"):
            metric(photo, unlike)
