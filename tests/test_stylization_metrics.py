"""Style and content distance, on features made by hand."""

import numpy as np
import pytest

from ppgan_lite.metrics.stylization import content_distance, style_distance


def features(seed, scale=1.0):
    rng = np.random.default_rng(seed)
    sizes = {"relu1_1": (4, 32, 40), "relu3_1": (8, 8, 10), "relu4_1": (8, 4, 5)}
    return {layer: scale * rng.random(size, dtype=np.float32) for layer, size in sizes.items()}


def test_a_picture_is_at_no_distance_from_itself():
    assert style_distance(features(0), features(0)) == 0
    assert content_distance(features(0), features(0)) == 0


def test_style_distance_is_the_difference_of_mean_and_deviation():
    a, b = features(0), {layer: f + 0.25 for layer, f in features(0).items()}
    assert style_distance(a, b) == pytest.approx(0.25, abs=1e-5)


def test_style_distance_does_not_see_where_things_are_but_content_distance_does():
    a = features(0)
    mirrored = {layer: f[:, :, ::-1] for layer, f in a.items()}
    assert style_distance(mirrored, a) == pytest.approx(0, abs=1e-5)
    assert content_distance(mirrored, a) > 0.05


def test_content_distance_does_not_see_brightness():
    assert content_distance(features(0, scale=3.0), features(0)) == pytest.approx(0, abs=1e-4)
