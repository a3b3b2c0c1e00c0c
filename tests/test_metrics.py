"""The metrics of sets and of features, and their table: known answers, invariances, and honest names."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ppgan_lite.encoders import LPIPS_FILE, lpips_weights
from ppgan_lite.errors import UsageError
from ppgan_lite.images import SAMPLE_PHOTO, read_image
from ppgan_lite.metrics.distributions import frechet_distance, kernel_distance
from ppgan_lite.metrics.diversity import diversity, thumbnail
from ppgan_lite.metrics.pairs import MS_SSIM_LEAST_PX, ms_ssim, ssim
from ppgan_lite.metrics.perceptual import perceptual_distance
from ppgan_lite.metrics.stylization import art_distance
from ppgan_lite.metrics.table import BEST_OF_RECIPES, METRICS, direction_of, metrics_that_compare
from ppgan_lite.published import WEIGHTS
from ppgan_lite.recipes import RECIPES
from ppgan_lite.tables import resolve


def noisy(image: np.ndarray, amount: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, amount, image.shape)
    return np.clip(image + noise, 0, 255).round().astype(np.uint8)


# Pairs


@pytest.fixture(scope="module")
def sample() -> np.ndarray:
    return read_image(SAMPLE_PHOTO)[0][:201, :230]


def test_ms_ssim_is_the_product_of_contrast_at_five_scales_and_luminance_at_the_last(sample):
    """With one scale's weight alone it would be SSIM; constant pictures differ in luminance only."""
    bright, dark = np.full((176, 176), 200, np.uint8), np.full((176, 176), 100, np.uint8)
    c1 = (0.01 * 255) ** 2
    luminance = (2 * 200 * 100 + c1) / (200**2 + 100**2 + c1)
    assert ms_ssim(bright, dark) == pytest.approx(luminance**0.1333, abs=1e-6)
    assert ms_ssim(sample, sample) == 1


def test_ms_ssim_falls_with_noise_less_than_ssim_does(sample):
    some, more = noisy(sample, 10), noisy(sample, 30)
    assert 1 > ms_ssim(sample, some) > ms_ssim(sample, more) > 0
    assert ms_ssim(sample, some) > ssim(sample, some)  # noise is averaged out at smaller scales
    assert ms_ssim(sample, some) == pytest.approx(ms_ssim(some, sample))


def test_ms_ssim_refuses_pictures_that_are_too_small():
    small = np.zeros((MS_SSIM_LEAST_PX - 1, 300, 3), np.uint8)
    with pytest.raises(UsageError) as caught:
        ms_ssim(small, small)
    message = "ms_ssim: pictures of 300 x 160 pixels; expected sides of at least 161. Take ssim for smaller ones"
    assert str(caught.value) == message
    ms_ssim(np.zeros((161, 161), np.uint8), np.zeros((161, 161), np.uint8))


# Features


def test_a_perceptual_distance_is_that_of_unit_lengths_weighted_by_channel():
    a = {"one": np.array([3.0, 4.0, 0.0]).reshape(3, 1, 1), "two": np.array([2.0, 0.0]).reshape(2, 1, 1)}
    b = {"one": np.array([0.0, 0.0, 7.0]).reshape(3, 1, 1), "two": np.array([0.0, 5.0]).reshape(2, 1, 1)}
    assert perceptual_distance(a, b) == pytest.approx(2 + 2)
    assert perceptual_distance(a, {name: 9 * features for name, features in a.items()}) == pytest.approx(0)
    weights = {"one": np.array([1.0, 0.0, 0.5]), "two": np.array([0.0, 3.0])}
    assert perceptual_distance(a, b, weights) == pytest.approx(0.36 + 0.5 + 3)


def test_places_without_features_are_no_nan():
    empty = {"one": np.zeros((4, 2, 2), np.float32)}
    assert perceptual_distance(empty, empty) == 0


def test_the_linear_weights_of_lpips_ship_with_their_licence():
    weights = lpips_weights()
    assert {layer: len(values) for layer, values in weights.items()} == {
        "relu1_2": 64,
        "relu2_2": 128,
        "relu3_3": 256,
        "relu4_3": 512,
        "relu5_3": 512,
    }
    assert all(values.dtype == np.float32 and values.min() >= 0 for values in weights.values())
    assert json.loads(LPIPS_FILE.read_text(encoding="utf-8"))["licence"].startswith("BSD 2-Clause")
    assert LPIPS_FILE.stat().st_size < 10_000


# Sets


def spread(count: int, dimensions: int = 8, *, shift: float = 0.0, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    return shift + scale * np.random.default_rng(seed).standard_normal((count, dimensions))


def whitened(features: np.ndarray) -> np.ndarray:
    """Return features with a mean of 0 and the identity as covariance, exactly."""
    centered = features - features.mean(0)
    return centered @ np.linalg.inv(np.linalg.cholesky(np.cov(centered, rowvar=False))).T


def test_the_frechet_distance_of_normal_sets_is_that_of_the_formula():
    a = whitened(spread(50, 4))
    assert frechet_distance(a, a) == 0
    assert frechet_distance(a, 3 * a + 2) == pytest.approx(4 * 2**2 + 4 * (3 - 1) ** 2)
    stretch = np.diag([1.0, 2.0, 3.0, 4.0])
    assert frechet_distance(a, a @ stretch) == pytest.approx(0 + 1 + 4 + 9)


@pytest.mark.parametrize("count", [6, 40])
def test_the_frechet_distance_is_that_of_the_matrix_root(count):
    """With fewer pictures than dimensions the product of covariances is singular."""
    linalg = pytest.importorskip("scipy.linalg", reason="scikit-image of the extra [dev] brings scipy")
    a, b = spread(count, 12), spread(count + 3, 12, shift=0.3, scale=1.4, seed=1)
    first, second = (np.cov(features, rowvar=False) for features in (a, b))
    root = linalg.sqrtm(first @ second + 1e-12 * np.eye(12))
    difference = a.mean(0) - b.mean(0)
    wanted = difference @ difference + np.trace(first + second - 2 * np.real(root))
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-4)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


def test_features_that_never_vary_do_no_harm():
    a, b = spread(20, 6), spread(20, 6, seed=1)
    a[:, 2:] = b[:, 2:] = 5.0
    assert math.isfinite(frechet_distance(a, b))
    assert frechet_distance(np.ones((5, 3)), np.ones((5, 3))) == 0


def test_the_kernel_distance_is_the_unbiased_mmd():
    a, b = spread(7, 5), spread(9, 5, shift=0.5, seed=1)

    def kernel(x, y):
        return (x @ y / 5 + 1) ** 3

    def mmd(a, b):
        own = [np.mean([kernel(x, y) for i, x in enumerate(c) for j, y in enumerate(c) if i != j]) for c in (a, b)]
        return sum(own) - 2 * np.mean([kernel(x, y) for x in a for y in b])

    found = kernel_distance(a, b)
    assert found.value == pytest.approx(mmd(a, b))
    without = [[mmd(np.delete(a, i, 0), b) for i in range(7)], [mmd(a, np.delete(b, i, 0)) for i in range(9)]]
    variance = 6 * np.var(without[0]) + 8 * np.var(without[1])
    assert found.high - found.value == pytest.approx(1.959964 * math.sqrt(variance))
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_the_kernel_distance_does_not_depend_on_how_rows_are_cut_into_blocks(monkeypatch):
    from ppgan_lite.metrics import distributions

    a, b = spread(20), spread(31, seed=1)
    whole = kernel_distance(a, b)
    monkeypatch.setattr(distributions, "_BLOCK", 7)
    cut = kernel_distance(a, b)
    assert (cut.value, cut.low) == (pytest.approx(whole.value), pytest.approx(whole.low))


def test_the_interval_covers_the_true_distance_about_as_often_as_it_says():
    """Of one dimension, N(0, 1) against N(1, 1): the kernel's expectations are moments of normal distributions."""

    def expected(p, q):  # of (x y + 1)^3 with independent x, y
        return 1 + 3 * p[0] * q[0] + 3 * p[1] * q[1] + p[2] * q[2]

    first, second = (0, 1, 0), (1, 2, 4)  # means of x, x^2, x^3
    true = expected(first, first) + expected(second, second) - 2 * expected(first, second)
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = kernel_distance(rng.standard_normal((60, 1)), 1 + rng.standard_normal((60, 1)))
        covered += found.low <= true <= found.high
    assert 0.85 < covered / 200 < 0.99


def test_equal_distributions_have_a_kernel_distance_around_zero():
    found = [kernel_distance(spread(50, seed=2 * k), spread(50, seed=2 * k + 1)).value for k in range(40)]
    assert min(found) < 0 < max(found)


@pytest.mark.parametrize("distance", [kernel_distance, frechet_distance])
def test_sets_of_two_pictures_are_refused(distance):
    with pytest.raises(UsageError) as caught:
        distance(spread(2), spread(10))
    assert str(caught.value) == "metric: 2 and 10 pictures; expected sets of at least 3"


# Results


def test_diversity_is_that_of_results_as_a_share_of_that_of_their_sources():
    rng = np.random.default_rng(0)
    sources = [thumbnail(rng.integers(0, 256, (32, 32, 3), np.uint8)) for _ in range(4)]
    assert diversity(sources, sources) == 1
    assert diversity([0.5 * picture for picture in sources], sources) == 0.5
    assert diversity([sources[0]] * 4, sources) == 0
    assert diversity(sources[:1], sources[:1]) is None
    assert diversity(sources, [sources[0]] * 4) is None


def test_diversity_is_the_mean_over_all_pairs():
    rng = np.random.default_rng(1)
    results, sources = ([rng.random((4, 4, 3)) for _ in range(5)] for _ in range(2))

    def mean(pictures):
        return np.mean([np.abs(pictures[i] - pictures[j]).mean() for i in range(5) for j in range(i)])

    assert diversity(results, sources) == pytest.approx(mean(results) / mean(sources), abs=1e-4)


def test_the_art_distance_grows_with_both_distances():
    rng = np.random.default_rng(0)
    layers = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
    photo, painting = ({layer: rng.random((6, 9, 9)) for layer in layers} for _ in range(2))
    assert art_distance(photo, photo, photo) == pytest.approx(1)
    assert art_distance(photo, photo, painting) > 1
    assert art_distance(painting, photo, painting) == pytest.approx(1 + perceptual_distance(painting, photo))


# The table


def test_metrics_named_after_published_weights_need_these():
    assert {name: metric.weights for name, metric in METRICS.items() if metric.weights} == {
        "lpips": "lpips",
        "kid": "inception",
        "fid": "inception",
    }
    assert all(len(WEIGHTS[name].sha256) == 64 for name in ("lpips", "inception"))


def test_recipes_choose_their_best_by_metrics_of_the_table():
    recipes = [resolve(RECIPES, name, "recipe") for name in RECIPES]
    assert {recipe.best for recipe in recipes if recipe.best} == set(BEST_OF_RECIPES)
    assert set(BEST_OF_RECIPES) <= set(METRICS)
    assert all(recipe.best in recipe.measures for recipe in recipes if recipe.best)


def test_losses_and_distances_are_better_lower_similarities_higher():
    assert {name for name in METRICS if direction_of(name) == "max"} == {"psnr", "ssim", "ms_ssim", "diversity"}
    assert direction_of("some_loss") == "min"
    assert set(metrics_that_compare("set")) == {"kid", "fid", "kid_vgg16", "frechet_vgg16"}
