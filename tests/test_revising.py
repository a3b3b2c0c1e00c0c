"""Resizing on the way up the pyramid, against interpolation axis by axis in float64."""

import numpy as np
import pytest

from ppgan_lite.inference import revising


def interpolated(picture, height, width):
    return along(along(picture, 0, height), 1, width)


def along(picture, axis, to):
    size = picture.shape[axis]
    places = (np.arange(to) + 0.5) * size / to - 0.5
    return np.apply_along_axis(lambda line: np.interp(places, np.arange(size), line), axis, picture)


@pytest.mark.parametrize(
    ("size", "to"),
    [
        ((70, 6), (140, 12)),
        ((1, 1), (2, 2)),
        ((140, 12), (70, 6)),
        ((9, 7), (9, 7)),
        ((9, 7), (19, 14)),
        ((9, 7), (18, 15)),
        ((19, 14), (9, 7)),
    ],
)
def test_any_rows_of_a_resized_picture_are_those_of_bilinear_interpolation(size, to):
    picture = np.random.default_rng(0).random((*size, 3), np.float32)
    expected = interpolated(picture, *to)
    for start in range(0, to[0], 3):
        for stop in {start + 1, (start + 1 + to[0]) // 2, to[0]}:
            found = revising.resized_rows(lambda a, b: picture[a:b], size, to, start, stop)
            assert found.shape == (stop - start, to[1], 3) and found.dtype == np.float32
            assert np.abs(found - expected[start:stop]).max() < 1e-6


def test_a_picture_that_can_be_halved_evenly_is_carried_up_without_opencv(monkeypatch):
    def refuse():
        raise AssertionError("OpenCV is asked for")

    monkeypatch.setattr(revising, "opencv", refuse)
    photo = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    small = interpolated(interpolated(photo / 255, 24, 32), 12, 16)
    found = revising.revise(
        photo,
        small.astype(np.float32),
        2,
        [lambda detail, doubled: (detail,)],
        10,
        strength=1.0,
        strip_px=10_000,
        after_each=lambda: None,
    )
    assert np.abs(found.astype(int) - photo).max() <= 1, "with its own details it is the photo again"
