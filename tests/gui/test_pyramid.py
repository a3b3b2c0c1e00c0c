"""Pictures at halves of their size: what is shown of them at any scale, with opacity and 16 bits."""

from __future__ import annotations

import numpy as np
import pytest

from ppgan_lite.gui.pyramid import Pyramid, to_uint8


def noise(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def test_16_bits_become_8_correctly_rounded() -> None:
    values = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_uint8(values), np.round(values / 257))
    assert to_uint8(np.zeros((0, 3), np.uint16)).dtype == np.uint8


@pytest.mark.parametrize("size", [(1, 1), (128, 3), (129, 1), (301, 200), (2049, 70)])
def test_each_level_is_half_of_the_one_below_rounded_up(size: tuple[int, int]) -> None:
    pyramid = Pyramid.of(noise(*size, 3))
    below = size
    for half in pyramid.halves:
        assert half.shape == ((below[0] + 1) // 2, (below[1] + 1) // 2, 3)
        below = half.shape[:2]
    assert max(below) <= 128
    assert pyramid.halves_bytes <= 0.34 * pyramid.image.nbytes + 3000


def test_a_level_is_the_mean_of_its_pixels_also_across_bands() -> None:
    image = noise(2100, 40, 3)  # more rows than are halved at a time
    expected = image.reshape(1050, 2, 20, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(Pyramid.of(image).halves[0], expected, atol=0.51)
    deep = Pyramid.of(image.astype(np.uint16) * 257)
    np.testing.assert_array_equal(deep.halves[0], Pyramid.of(image).halves[0])


def test_what_is_transparent_has_no_weight_in_a_mean() -> None:
    image, alpha = np.full((200, 200, 3), 255, np.uint8), np.zeros((200, 200), np.uint8)
    image[:, ::2], alpha[:, ::2] = (200, 100, 0), 255
    half = Pyramid.of(image, alpha).halves[0]
    assert half[0, 0].tolist() == [100, 50, 0, 128], "red and green are halved by opacity, not mixed with white"


def test_a_level_is_chosen_that_has_all_of_the_detail() -> None:
    pyramid = Pyramid.of(np.zeros((1000, 1000, 3), np.uint8))  # 500, 250, 125
    scales = {32: 0, 1: 0, 0.75: 0, 0.5: 1, 0.3: 1, 0.25: 2, 0.126: 2, 0.125: 3, 0.01: 3}
    assert {scale: pyramid.level_for(scale) for scale in scales} == scales


def test_a_part_is_the_same_pixels() -> None:
    image, alpha = noise(300, 200, 3), noise(300, 200)
    np.testing.assert_array_equal(Pyramid.of(image).part(0, 20, 30, 50, 70), image[30:70, 20:50])
    assert np.shares_memory(Pyramid.of(image).part(0, 20, 30, 50, 70), image)
    part = Pyramid.of(image, alpha).part(0, 20, 30, 50, 70)
    np.testing.assert_array_equal(part[..., 3], alpha[30:70, 20:50])
    np.testing.assert_array_equal(
        part[..., :3], np.round(image[30:70, 20:50] / 255 * alpha[30:70, 20:50, None]).astype(np.uint8)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_thumbnail_is_8_bits_without_alpha(dtype: type) -> None:
    pyramid = Pyramid.of(noise(301, 200, 3, dtype=dtype), noise(301, 200, dtype=dtype))
    assert (pyramid.thumbnail(100).shape, pyramid.thumbnail(100).dtype) == ((100, 66, 3), np.uint8)
    assert pyramid.thumbnail(5000).shape == (301, 200, 3)
