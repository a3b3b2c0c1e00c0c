"""Degradations: how much they change, and that nothing but a name and a seed decides how."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ppgan_lite.degradations import mean_blur, rng_for, salt_and_pepper
from ppgan_lite.errors import MissingDependencyError, UsageError

try:
    mean_blur(np.zeros((1, 1), np.uint8), 1)
except MissingDependencyError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.mark.parametrize("shape", [(200, 300, 3), (200, 300)])
def test_the_shares_of_black_and_white_are_as_asked(shape: tuple[int, ...]) -> None:
    image = np.full(shape, 100, np.uint8)
    worse = salt_and_pepper(image, 0.1, rng=rng_for("a", 0))
    assert worse.shape == shape
    assert (worse == 0).mean() == pytest.approx(0.1, abs=0.005)
    assert (worse == 255).mean() == pytest.approx(0.1, abs=0.005)
    assert (image == 100).all()
    if len(shape) == 3:
        assert (worse.min(axis=2) == worse.max(axis=2)).all()  # all channels of a pixel together


def test_the_extremes_of_noise_are_exact() -> None:
    image = np.full((64, 64, 3), 100, np.uint8)
    assert np.array_equal(salt_and_pepper(image, 0, rng=rng_for("a", 0)), image)
    assert not (salt_and_pepper(image, 0.5, rng=rng_for("a", 0)) == 100).any()


@pytest.mark.parametrize("amount", [-0.1, 0.6, float("nan")])
def test_an_impossible_share_is_refused(amount: float) -> None:
    with pytest.raises(UsageError, match=r"amount: .* expected a number from 0 to 0\.5"):
        salt_and_pepper(np.zeros((4, 4), np.uint8), amount, rng=rng_for("a", 0))


def test_noise_depends_on_name_and_seed_only() -> None:
    image = np.full((32, 32), 100, np.uint8)

    def noise(name: str, seed: int) -> np.ndarray:
        return salt_and_pepper(image, 0.2, rng=rng_for(name, seed))

    assert np.array_equal(noise("照片.png", 0), noise("照片.png", 0))
    assert not np.array_equal(noise("照片.png", 0), noise("b.png", 0))
    assert not np.array_equal(noise("照片.png", 0), noise("照片.png", 1))


def test_blur_takes_the_mean_of_a_square() -> None:
    image = np.zeros((21, 21), np.uint8)
    image[10, 10] = 225
    blurred = mean_blur(image, 5)
    assert (blurred[8:13, 8:13] == 9).all()
    assert blurred.sum() == 225
    assert np.array_equal(mean_blur(image, 1), image)
    assert image[10, 10] == 225


def test_blur_works_on_pictures_smaller_than_its_square() -> None:
    assert mean_blur(np.full((1, 1, 3), 7, np.uint8), 20).tolist() == [[[7, 7, 7]]]
    assert (mean_blur(np.full((3, 50, 3), 7, np.uint8), 20) == 7).all()


def test_a_blur_of_no_size_is_refused() -> None:
    with pytest.raises(UsageError, match=r"size: 0 .an integer.; expected an integer from 1 to 999"):
        mean_blur(np.zeros((4, 4), np.uint8), 0)


def test_opencv_does_not_lead_qt_to_its_own_plugins() -> None:
    mean_blur(np.zeros((4, 4), np.uint8), 2)
    assert "cv2" not in os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH", "")
