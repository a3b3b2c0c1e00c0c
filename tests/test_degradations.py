"""Degradations: how much they change, and that nothing but a name and a seed decides how."""

from __future__ import annotations

import inspect
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ppgan_lite.degradations import (
    DEGRADATIONS,
    check_chain,
    degrade,
    downscale,
    gaussian_blur,
    gaussian_noise,
    grayscale,
    jpeg,
    line_art,
    mean_blur,
    median_blur,
    motion_blur,
    pencil_sketch,
    poisson_noise,
    resolve_chain,
    rng_for,
    salt_and_pepper,
    speckle_noise,
)
from ppgan_lite.errors import MissingDependencyError, UsageError
from ppgan_lite.signatures import Within

try:
    mean_blur(np.zeros((1, 1), np.uint8), 1)
except MissingDependencyError as missing:
    pytest.skip(str(missing), allow_module_level=True)

FLAT = np.full((250, 300, 3), 100, np.uint8)  # of more than one strip


def rng() -> np.random.Generator:
    return rng_for("a", 0)


def done(name: str, image: np.ndarray, **parameters: Any) -> np.ndarray:
    return degrade(image, [{"name": name, **parameters}], rng=rng())


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(40, 60, 3), (40, 60), (1, 1, 3), (3, 1)])
def test_each_degradation_takes_gray_and_rgb_of_8_and_16_bits(
    name: str, dtype: type, shape: tuple[int, ...], photo: np.ndarray
) -> None:
    image = np.resize(photo, shape).astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    before = image.copy()
    worse = done(name, image)
    assert worse.dtype == dtype
    assert worse.flags.c_contiguous
    size = (max(1, round(shape[0] / 2)), max(1, round(shape[1] / 2))) if name == "downscale" else shape[:2]
    assert worse.shape == (*size, *shape[2:])
    assert np.array_equal(image, before)
    assert not np.shares_memory(worse, image)
    assert np.array_equal(done(name, image), worse)


@pytest.mark.parametrize("name", [name for name in DEGRADATIONS if not name.endswith(("noise", "pepper"))])
def test_sixteen_bits_are_degraded_as_eight_are(name: str, photo: np.ndarray) -> None:
    eight, sixteen = done(name, photo), done(name, photo.astype(np.uint16) * 257)
    difference = np.abs(sixteen / 257 - eight)
    assert difference.mean() < 0.5
    assert difference.max() < 1.2 or name in (
        "pencil_sketch",
        "line_art",
    )  # which exaggerate the rounding of luma


@pytest.mark.parametrize("name", ["gaussian_noise", "poisson_noise", "speckle_noise"])
def test_sixteen_bit_noise_is_as_strong_as_that_of_eight(name: str) -> None:
    eight, sixteen = done(name, FLAT), done(name, FLAT.astype(np.uint16) * 257)
    assert sixteen.std() / 257 == pytest.approx(eight.std(), rel=0.01)
    assert sixteen.mean() / 257 == pytest.approx(eight.mean(), rel=0.01)


@pytest.mark.parametrize("shape", [(250, 300, 3), (250, 300)])
@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65_535)])
def test_the_shares_of_black_and_white_are_as_asked(shape: tuple[int, ...], dtype: type, white: int) -> None:
    image = np.full(shape, 100, dtype)
    worse = salt_and_pepper(image, 0.1, rng=rng())
    assert (worse == 0).mean() == pytest.approx(0.1, abs=0.005)
    assert (worse == white).mean() == pytest.approx(0.1, abs=0.005)
    assert ((worse == 0) | (worse == white) | (worse == 100)).all()
    if len(shape) == 3:
        assert (worse.min(axis=2) == worse.max(axis=2)).all()  # all channels of a pixel together


def test_salt_and_pepper_do_not_repeat_from_strip_to_strip() -> None:
    black = (salt_and_pepper(np.full((512, 512), 100, np.uint8), 0.5, rng=rng()) == 0).reshape(8, -1)
    assert np.corrcoef(black) == pytest.approx(np.eye(8), abs=0.03)
    assert np.corrcoef(black[:, 1:].ravel(), black[:, :-1].ravel())[0, 1] == pytest.approx(0, abs=0.01)


def test_the_extremes_of_noise_are_exact() -> None:
    assert np.array_equal(salt_and_pepper(FLAT, 0, rng=rng()), FLAT)
    assert not (salt_and_pepper(FLAT, 0.5, rng=rng()) == 100).any()
    assert np.array_equal(gaussian_noise(FLAT, 0, rng=rng()), FLAT)
    assert np.array_equal(speckle_noise(FLAT, 0, rng=rng()), FLAT)


def test_noise_has_the_strength_that_it_names() -> None:
    assert gaussian_noise(FLAT, 12, rng=rng()).std() == pytest.approx(12, rel=0.02)
    assert speckle_noise(FLAT, 0.2, rng=rng()).std() == pytest.approx(20, rel=0.02)
    counted = poisson_noise(FLAT, 50, rng=rng())
    assert counted.std() == pytest.approx(math.sqrt(100 / 255 * 50) / 50 * 255, rel=0.02)
    assert counted.mean() == pytest.approx(100, abs=0.5)
    assert set(np.unique(counted)) <= {round(photons * 255 / 50) for photons in range(51)}


def test_noise_is_clipped_at_black_and_white_and_does_not_wrap_around() -> None:
    for level in (0, 255):
        image = np.full((100, 100), level, np.uint8)
        noisy = gaussian_noise(image, 30, rng=rng()).astype(int)
        assert (np.abs(noisy - level) < 180).all()
        assert (noisy == level).mean() == pytest.approx(0.5, abs=0.05)


def test_noise_depends_on_name_and_seed_only() -> None:
    def noise(name: str, seed: int) -> np.ndarray:
        return salt_and_pepper(FLAT, 0.2, rng=rng_for(name, seed))

    assert np.array_equal(noise("照片.png", 0), noise("照片.png", 0))
    assert not np.array_equal(noise("照片.png", 0), noise("b.png", 0))
    assert not np.array_equal(noise("照片.png", 0), noise("照片.png", 1))


def test_mean_blur_takes_the_mean_of_a_square() -> None:
    image = np.zeros((21, 21), np.uint8)
    image[10, 10] = 225
    blurred = mean_blur(image, 5)
    assert (blurred[8:13, 8:13] == 9).all()
    assert blurred.sum() == 225
    assert np.array_equal(mean_blur(image, 1), image)
    even = mean_blur(image, 4)
    assert (np.argwhere(even).min(0).tolist(), np.argwhere(even).max(0).tolist()) == ([9, 9], [12, 12])


def test_mean_blur_works_on_pictures_smaller_than_its_square() -> None:
    assert mean_blur(np.full((1, 1, 3), 7, np.uint8), 20).tolist() == [[[7, 7, 7]]]
    assert (mean_blur(np.full((3, 50, 3), 7, np.uint8), 20) == 7).all()


def test_gaussian_blur_is_a_bell_of_the_given_width() -> None:
    image = np.zeros((61, 61), np.uint16)
    image[30, 30] = 65_535
    row = gaussian_blur(image, 3.0).sum(0).astype(float)
    deviation = math.sqrt((row * (np.arange(61) - 30) ** 2).sum() / row.sum())
    assert deviation == pytest.approx(3, abs=0.05)
    assert np.array_equal(gaussian_blur(image, 0), image)


@pytest.mark.parametrize(("angle", "along"), [(0, (0, 1)), (90, (1, 0)), (45, (-1, 1)), (-45, (1, 1)), (180, (0, 1))])
def test_motion_blur_draws_a_line_of_the_given_length_and_angle(angle: float, along: tuple[int, int]) -> None:
    image = np.zeros((41, 41), np.uint16)
    image[20, 20] = 60_000
    blurred = motion_blur(image, 11, angle, rng=rng()).astype(float)
    assert blurred.sum() == pytest.approx(60_000, rel=0.001)
    places = np.argwhere(blurred > 0) - 20
    weights = blurred[blurred > 0]
    direction = np.array(along) / math.hypot(*along)
    along_line, across = places @ direction, places @ direction[::-1] * [1] * (along[0] == 0 or along[1] == 0)
    assert np.average(along_line, weights=weights) == pytest.approx(0, abs=0.05)
    assert np.average(along_line**2, weights=weights) == pytest.approx(10**2 / 12, rel=0.15)
    assert np.abs(across).max() <= 1


def test_a_random_angle_comes_from_the_generator(photo: np.ndarray) -> None:
    turned = [motion_blur(photo, 9, rng=rng_for(name, 0)) for name in "aab"]
    assert np.array_equal(turned[0], turned[1])
    assert not np.array_equal(turned[0], turned[2])


@pytest.mark.parametrize(("dtype", "size"), [(np.uint8, 3), (np.uint8, 9), (np.uint16, 5), (np.uint16, 9)])
def test_median_blur_is_the_median_of_a_square(dtype: type, size: int) -> None:
    image = rng().integers(0, np.iinfo(dtype).max, (20, 30, 3)).astype(dtype)
    reach = size // 2
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (0, 1))
    assert np.array_equal(median_blur(image, size), np.median(windows, axis=(3, 4)))


def test_jpeg_is_worse_at_lower_quality_and_keeps_the_colors(photo: np.ndarray) -> None:
    errors = [np.abs(jpeg(photo, quality).astype(int) - photo).mean() for quality in (95, 50, 5)]
    assert errors == sorted(errors)
    assert errors[0] < 3 < errors[2]
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(jpeg(red, 90).astype(int) - red).max() < 5


def test_a_picture_too_large_for_jpeg_is_refused() -> None:
    with pytest.raises(UsageError, match="jpeg: 70000 x 1 pixels; expected sides up to 65500"):
        jpeg(np.zeros((1, 70_000), np.uint8))


def test_downscale_averages_areas() -> None:
    image = rng().integers(0, 256, (12, 20, 3)).astype(np.uint8)
    expected = image.reshape(3, 4, 5, 4, 3).mean((1, 3))
    assert np.abs(downscale(image, 4) - expected).max() <= 0.5
    assert downscale(image, 1.7).shape == (7, 12, 3)
    assert np.array_equal(downscale(image, 1), image)


def test_grayscale_is_the_luma_of_rec_601_in_every_channel(photo: np.ndarray) -> None:
    gray = grayscale(photo)
    assert np.abs(gray[..., 0] - photo @ [0.299, 0.587, 0.114]).max() <= 0.51
    assert (gray == gray[..., :1]).all()
    assert np.abs(gray[..., 0].astype(int) - np.asarray(Image.fromarray(photo).convert("L"))).max() <= 1


@pytest.mark.parametrize("draw", [pencil_sketch, line_art])
def test_drawings_are_white_where_nothing_is_and_dark_at_edges(draw: Any) -> None:
    image = np.full((40, 60, 3), 60, np.uint8)
    image[:, 30:] = 200
    drawing = draw(image)
    assert (drawing[:, :5] > 250).all()
    assert (drawing[:, -5:] > 250).all()
    assert drawing[20, 27:30].min() < 100
    assert (drawing == drawing[..., :1]).all()


def test_line_art_is_the_extended_difference_of_gaussians(photo: np.ndarray) -> None:
    gray = grayscale(photo)[..., 0] / 255

    def gaussian(sigma: float) -> np.ndarray:
        reach = round(4 * sigma)
        bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        bell /= bell.sum()
        padded = np.pad(gray, reach, mode="reflect")
        rows = np.lib.stride_tricks.sliding_window_view(padded, bell.size, axis=0) @ bell
        return np.lib.stride_tricks.sliding_window_view(rows, bell.size, axis=1) @ bell

    fine, coarse = gaussian(1.5), gaussian(1.5 * 1.6)
    sharp = 11 * fine - 10 * coarse
    expected = np.where(sharp >= 0.5, 1, 1 + np.tanh(4 * (sharp - 0.5))) * 255
    drawn = line_art(photo, sigma=1.5, sharpness=10, threshold=0.5, softness=4)[..., 1]
    assert np.abs(drawn - expected).mean() < 1
    assert 20 < drawn.mean() < 235


def test_a_chain_is_done_in_its_order(photo: np.ndarray) -> None:
    noise, blur = {"name": "salt_and_pepper", "amount": 0.2}, {"name": "mean_blur", "size": 7}
    noisy_then_blurred = mean_blur(salt_and_pepper(photo, 0.2, rng=rng()), 7)
    blurred_then_noisy = salt_and_pepper(mean_blur(photo, 7), 0.2, rng=rng())
    assert np.array_equal(degrade(photo, [noise, blur], rng=rng()), noisy_then_blurred)
    assert np.array_equal(degrade(photo, [blur, noise], rng=rng()), blurred_then_noisy)
    same = degrade(photo, [], rng=rng())
    assert np.array_equal(same, photo)
    assert not np.shares_memory(same, photo)


def test_steps_of_one_chain_draw_different_noise() -> None:
    step = {"name": "gaussian_noise", "sigma": 10}
    once, twice = degrade(FLAT, [step], rng=rng()), degrade(FLAT, [step, step], rng=rng())
    assert (twice.astype(float) - 100).std() == pytest.approx(10 * math.sqrt(2), rel=0.02)
    assert (once.astype(float) - 100).std() == pytest.approx(10, rel=0.02)


def test_a_range_is_drawn_anew_for_each_picture_and_both_ends_occur() -> None:
    step = {"name": "gaussian_noise", "sigma": {"between": [5, 25]}}
    generator = rng()
    strengths = [float((degrade(FLAT, [step], rng=generator).astype(float) - 100).std()) for _ in range(30)]
    assert 4.8 < min(strengths) < 9
    assert 21 < max(strengths) < 25.5
    again = rng()
    assert [float((degrade(FLAT, [step], rng=again).astype(float) - 100).std()) for _ in range(3)] == strengths[:3]


def test_a_range_of_whole_numbers_keeps_to_those_that_the_step_takes(photo: np.ndarray) -> None:
    exact = {size: median_blur(photo, size).tobytes() for size in (3, 5, 7)}
    generator = rng()
    chain = [{"name": "median_blur", "size": {"between": [3, 7]}}]
    assert {degrade(photo, chain, rng=generator).tobytes() for _ in range(30)} == set(exact.values())


def test_two_chains_that_do_the_same_are_equal_when_resolved() -> None:
    assert resolve_chain([{"name": "mean_blur"}]) == resolve_chain([{"size": 20, "name": "mean_blur"}])
    assert resolve_chain([{"name": "motion_blur", "length": 3}]) == [
        {"name": "motion_blur", "length": 3, "angle": None}
    ]
    assert resolve_chain([{"name": "salt_and_pepper"}]) == [{"name": "salt_and_pepper", "amount": 0.1}]


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ("mean_blur", "chain: 'mean_blur' (text); expected a list of steps such as"),
        ([3], "chain: step 1: 3 (an integer); expected a mapping with the name of a degradation"),
        ([{"size": 3}], "expected a mapping with the name of a degradation"),
        ([{"name": "mean_blurr"}], "step 1: name: 'mean_blurr' is not known; expected one of salt_and_pepper, "),
        ([{"name": "mean_blurr"}], "Did you mean 'mean_blur'?"),
        ([{"name": ["mean_blur"]}], "is not known"),
        ([{"name": "grayscale"}, {"name": "mean_blur", "sze": 3}], "step 2 (mean_blur) sze: mean_blur has no such key"),
        ([{"name": "mean_blur", "rng": 3}], "rng: mean_blur has no such key"),
        ([{"name": "mean_blur", "size": 2.5}], "size: 2.5 (a number); expected an integer from 1 to 999"),
        ([{"name": "mean_blur", "size": 0}], "size: 0 (an integer); expected an integer from 1 to 999"),
        ([{"name": "median_blur", "size": 4}], "size: 4 (an integer); expected an integer from 1 to 255, odd"),
        ([{"name": "motion_blur", "angle": "up"}], "expected a number from -360 to 360 or null"),
        ([{"name": "salt_and_pepper", "amount": math.nan}], "amount: nan (a number); expected a number from 0 to 0.5"),
        ([{"name": "salt_and_pepper", "amount": True}], "amount: True (true/false); expected a number from 0 to 0.5"),
        (
            [{"name": "jpeg", "quality": 0}, {"name": "x"}],
            "step 1 (jpeg) quality: 0 (an integer); expected an integer ",
        ),
        ([{"name": "jpeg", "quality": {"between": [0, 70]}}], "quality: 0 (an integer); expected an integer from 1"),
        ([{"name": "jpeg", "quality": {"between": [20, 170]}}], "quality: 170 (an integer); expected an integer from"),
        ([{"name": "jpeg", "quality": {"between": [70, 20]}}], 'expected {"between": [lowest, highest]}'),
        ([{"name": "jpeg", "quality": {"between": [20]}}], 'expected {"between": [lowest, highest]}'),
        ([{"name": "jpeg", "quality": {"between": "ab"}}], 'expected {"between": [lowest, highest]}'),
        ([{"name": "jpeg", "quality": {"between": [1, 2], "odd": 1}}], 'expected {"between": [lowest, highest]}'),
        ([{"name": "mean_blur", "sze": {"between": [1, 2]}}], "sze: mean_blur has no such key"),
        ([{"name": "jpeg", "quality": 0}, {"name": "x"}], "; step 2: name: 'x' is not known"),
    ],
)
def test_everything_wrong_with_a_chain_is_told(chain: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_chain(chain)
    assert message in str(caught.value)
    if isinstance(chain, list) and isinstance(chain[0], dict):
        with pytest.raises(UsageError):
            degrade(FLAT, chain, rng=rng())


@pytest.mark.parametrize("amount", [-0.1, 0.6, float("nan")])
def test_an_impossible_share_is_refused(amount: float) -> None:
    with pytest.raises(UsageError, match=r"salt_and_pepper: amount: .* expected a number from 0 to 0\.5"):
        salt_and_pepper(np.zeros((4, 4), np.uint8), amount, rng=rng())


@pytest.mark.parametrize("image", [np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4)), np.zeros(4, np.uint8)])
@pytest.mark.parametrize("name", DEGRADATIONS)
def test_an_array_that_is_no_picture_is_refused(name: str, image: np.ndarray) -> None:
    with pytest.raises(UsageError, match=rf"{name}: an array of .*; expected uint8 or uint16, \(height, width\) or"):
        done(name, image)


def test_opencv_does_not_lead_qt_to_its_own_plugins() -> None:
    mean_blur(np.zeros((4, 4), np.uint8), 2)
    assert "cv2" not in os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH", "")


def test_the_page_about_degradations_tells_every_parameter_as_it_is() -> None:
    page = (Path(__file__).parents[1] / "docs" / "degradations.md").read_text(encoding="utf-8")
    told: dict[str, dict[str, tuple[str, str]]] = {}
    name = ""
    for line in page.partition("## The operations")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and not cells[0].startswith(("name", "-")):
            name = cells[0].strip("`") or name
            parameters = told.setdefault(name, {})
            if cells[2]:
                parameters[cells[2].split("`")[1]] = (cells[3], cells[4])
    ranges = re.compile(r"Within\(lowest=([^,]+), highest=([^,]+), odd=(\w+)[^)]*\)")
    actual = {}
    for name, degradation in DEGRADATIONS.items():
        actual[name] = {
            parameter.name: (
                str(Within(*(float(end) for end in ends[:2]), ends[2] == "True")),
                json.dumps(parameter.default),
            )
            for parameter in inspect.signature(degradation, eval_str=True).parameters.values()
            for ends in ranges.findall(str(parameter.annotation))
        }
    assert told == actual
