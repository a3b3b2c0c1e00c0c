"""What the content of a painting is compared with: planes without texture, and the painting's tones."""

from __future__ import annotations

import numpy as np
import pytest

from ppgan_lite.recipes.content_targets import brightness, flattened, toned


def step(noise: float) -> np.ndarray:
    """Return a dark and a bright half with noise on both, 1 x 3 x 32 x 40."""
    photo = np.full((1, 3, 32, 40), 0.2, np.float32)
    photo[..., 20:] = 0.7
    return photo + noise * np.random.default_rng(0).standard_normal(photo.shape).astype(np.float32)


@pytest.mark.parametrize("radius", [2, 3, 5])
def test_flattening_takes_texture_and_leaves_contours(radius):
    photo = step(0.04)
    found = flattened(photo, radius)
    assert found.shape == photo.shape
    assert found[..., 4:16].std() < 0.6 * photo[..., 4:16].std()
    np.testing.assert_allclose(found, step(0.0), atol=0.12)  # a blur would be off by 0.25 at the edge


def test_flattening_leaves_what_is_flat_and_a_radius_of_zero_everything():
    photo = step(0.04)
    assert flattened(photo, 0) is photo
    even = np.full((2, 3, 20, 24), 0.4, np.float32)
    np.testing.assert_allclose(flattened(even, 3), even, atol=1e-6)


def test_a_photo_gets_the_tones_of_an_ink_drawing():
    rng = np.random.default_rng(0)
    photo = (0.4 + 0.2 * rng.random((1, 30, 40)) + 0.05 * rng.random((3, 30, 40))).astype(np.float32)
    ink = np.where(rng.random((1, 50, 50)) < 0.3, 0.1, 0.9).repeat(3, 0).astype(np.float32)
    found = toned(photo, photo, ink, 1.0)
    bright = brightness(found)
    assert 0.25 < (bright < 0.2).mean() < 0.35 and (bright > 0.8).mean() > 0.6
    order = np.argsort(brightness(photo).ravel())
    assert (np.diff(bright.ravel()[order]) > -1e-5).all()  # what was darker is still no brighter
    np.testing.assert_allclose(found[0] - found[1], photo[0] - photo[1], atol=1e-5)
    half = toned(photo, photo, ink, 0.5)
    np.testing.assert_allclose(half, 0.5 * (photo + found), atol=1e-5)


def test_the_tones_of_a_crop_are_those_of_its_whole_photo():
    rng = np.random.default_rng(1)
    photo, painting = rng.random((2, 3, 24, 24)).astype(np.float32)
    whole = toned(photo, photo, painting, 0.7)
    np.testing.assert_allclose(toned(photo[:, 3:9, 5:17], photo, painting, 0.7), whole[:, 3:9, 5:17])
