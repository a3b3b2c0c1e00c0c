"""The photo's colors in a painted picture: hues, luma, limits."""

from __future__ import annotations

import numpy as np
import pytest

from ppgan_lite.inference.arrays import LUMA
from ppgan_lite.inference.stylization import kept_colors
from ppgan_lite.inference.stylization.kept_colors import take_chroma


def kept(painted: np.ndarray, photo: np.ndarray) -> np.ndarray:
    result = painted.copy()
    take_chroma(result, photo)
    return result


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Return a painted picture and a photo of all colors, 64 x 64."""
    photo, painted = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    return painted, photo


def hue(image: np.ndarray) -> np.ndarray:
    """Return the angle of colors around the axis of grays."""
    red, green, blue = image.astype(float).transpose(2, 0, 1)
    return np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)


def test_hues_are_the_photos_also_where_colors_are_at_their_limits(pair: tuple[np.ndarray, np.ndarray]) -> None:
    painted, photo = pair
    result = kept(painted, photo)
    spread = np.ptp(result.astype(int), axis=2)
    assert ((result == 255) | (result == 0)).any(axis=2).mean() > 0.1, "many are at a limit"
    off = np.abs(np.angle(np.exp(1j * (hue(result) - hue(photo)))))
    assert off[spread > 40].max() < 0.04


def test_the_luma_is_the_paintings_at_the_photos_mean_and_contrast(pair: tuple[np.ndarray, np.ndarray]) -> None:
    painted, photo = pair
    painted = (painted * 0.6 + 20).astype(np.uint8)
    found, own, wanted = (image @ LUMA for image in (kept(painted, photo), painted, photo))
    scaled = (own - own.mean()) / own.std() * wanted.std() + wanted.mean()
    np.testing.assert_allclose(found, scaled.clip(0, 255), atol=1.5)


def test_a_gray_photo_stays_gray_and_a_plain_one_plain(pair: tuple[np.ndarray, np.ndarray]) -> None:
    painted, photo = pair
    gray = np.repeat(photo[..., :1], 3, axis=2)
    assert np.ptp(kept(painted, gray).astype(int), axis=2).max() <= 1
    for color in ((255, 0, 0), (0, 0, 0), (255, 255, 255)):
        plain = np.full_like(photo, color)
        assert np.abs(kept(painted, plain).astype(int) - plain).max() <= 1


def test_lighter_paint_is_more_colorful_and_darker_paint_less() -> None:
    photo = np.full((8, 16, 3), (150, 90, 60), np.uint8)
    photo[:, 8:] = (60, 100, 160)
    painted = np.full((8, 16, 3), 90, np.uint8)
    painted[:4] = 130
    spread = np.ptp(kept(painted, photo).astype(int), axis=2)
    assert (spread[:4].mean(axis=0) >= spread[4:].mean(axis=0)).all()


def test_a_picture_of_one_pixel_is_no_trouble() -> None:
    assert kept(np.uint8([[[9, 200, 3]]]), np.uint8([[[200, 10, 10]]])).tolist() == [[[200, 10, 10]]]


def test_strips_give_what_the_whole_gives(pair: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = kept(*pair)
    monkeypatch.setattr(kept_colors, "_STRIP_PX", 64 * 5)
    assert np.abs(kept(*pair).astype(int) - whole).max() <= 1
