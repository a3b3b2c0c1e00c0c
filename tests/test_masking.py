"""Masks: where a photo gets the style, as a function and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ppgan_lite.errors import UsageError
from ppgan_lite.images import ImageMetadata, NamedFile, read_image, read_settings, write_image
from ppgan_lite.inference.arrays import resized
from ppgan_lite.inference.masking import MASK_PX, mask_of, strength_map

Run = Callable[..., tuple[int, str, str]]


def half(height: int = 60, width: int = 80) -> np.ndarray:
    """Return a mask, black on the left and white on the right."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, width // 2 :] = 255
    return mask


def test_white_gets_the_style_black_and_transparent_do_not() -> None:
    image = np.zeros((2, 4, 3), np.uint8)
    image[:, 1:] = 255
    image[:, 2] = 128
    alpha = np.full((2, 4), 255, np.uint8)
    alpha[1] = 0
    assert mask_of(image).tolist() == [[0, 255, 128, 255]] * 2
    assert mask_of(image, alpha).tolist() == [[0, 255, 128, 255], [0, 0, 0, 0]]
    assert mask_of(np.zeros((10, 5000, 3), np.uint8), np.zeros((10, 5000), np.uint8)).shape == (2, MASK_PX)


@pytest.mark.parametrize("mask_size", [(60, 80), (1, 2), (3000, 4000), (80, 20)])
@pytest.mark.parametrize("size", [(600, 800), (2400, 3200), (3, 4)])
def test_a_mask_of_any_size_is_stretched_over_the_photo(mask_size: tuple[int, int], size: tuple[int, int]) -> None:
    found = strength_map(half(*mask_size), size, feather_px=0)
    scale = min(1, MASK_PX / max(size))
    assert found.shape == (round(size[0] * scale), round(size[1] * scale)) and found.dtype == np.float32
    quarter = found.shape[1] // 4
    assert found[:, :quarter].max(initial=0) == 0
    assert found[:, -quarter:].min() == 1


def test_strengths_inside_and_outside_are_those_that_were_asked_for() -> None:
    found = strength_map(half(), (60, 80), inside=0.3, outside=0.9, feather_px=0)
    np.testing.assert_allclose(found[:, [0, 39, 40, 79]], np.float32([[0.9, 0.9, 0.3, 0.3]] * 60))
    found = strength_map(half(), (60, 80))
    assert found.min() == 0 and found.max() == 1, "no rounding leaves the range"


def test_the_edge_fades_over_the_width_that_was_asked_for_at_every_size() -> None:
    for size, feather in (((400, 800), 40), ((4000, 8000), 400), ((400, 800), 16)):
        row = strength_map(half(512, 1024), size, feather_px=feather)[20]
        fading = np.count_nonzero((row > 0.025) & (row < 0.975)) * size[1] / len(row)
        assert fading == pytest.approx(feather, rel=0.25)
    default, sharp = (strength_map(half(1000, 1000), (1000, 1000), feather_px=px)[5] for px in (None, 0))
    fading = np.count_nonzero((default > 0.025) & (default < 0.975))
    assert fading == pytest.approx(20, rel=0.25)
    assert set(sharp.tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inside": 1.5}, "strength: 1.5; expected a number from 0 to 1"),
        ({"outside": float("nan")}, "strength outside: nan; expected a number from 0 to 1"),
        ({"feather_px": -1.0}, "feather: -1.0; expected a number of pixels, 0 or more"),
        ({"feather_px": float("inf")}, "feather: inf; expected a number of pixels, 0 or more"),
    ],
)
def test_what_is_out_of_its_range_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        strength_map(half(), (10, 10), **options)
    assert str(refused.value) == message


# the command line -----------------------------------------------------------------------------------------------------


class Blender:
    """A predictor that inverts the photo as far as the strength goes."""

    name, device, device_note, engine = "wave", "cpu", "", "paddle"
    checkpoint, painting, blend, colors = NamedFile("wave.ppgan"), None, (), None
    spec = SimpleNamespace(task="stylize", inputs=("photo",))

    def __call__(self, image: np.ndarray, *, strength: float | np.ndarray, **_options: object) -> np.ndarray:
        shares = resized(np.asarray(strength, np.float32), *image.shape[:2])[..., None]
        return np.rint(image + shares * (255.0 - 2.0 * image)).astype(np.uint8)


@pytest.fixture
def blender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ppgan_lite.cli.styling.StyleChoice.load", lambda *_: Blender())


@pytest.fixture
def mask_file(tmp_path: Path) -> Path:
    path = tmp_path / "mask.png"
    write_image(path, np.repeat(half()[..., None], 3, axis=2))
    return path


@pytest.mark.usefixtures("blender")
def test_a_masked_photo_is_painted_where_the_mask_is_white(
    run: Run, photo_file: Path, photo: np.ndarray, mask_file: Path
) -> None:
    options = ("--strength", "0.8", "--strength-outside", "0.2", "--feather", "0")
    code, _, err = run("stylize", photo_file, "--style", "wave", "-o", "a.png", "--mask", mask_file, *options)
    assert code == 0, err
    expected = np.where(np.arange(60)[None, :, None] < 30, 0.2, 0.8) * (255.0 - 2.0 * photo) + photo
    np.testing.assert_allclose(read_image("a.png")[0], expected, atol=1)
    stored = read_settings("a.png")
    assert stored is not None and stored.mask is not None
    assert stored.mask.name == "mask.png" and len(stored.mask.sha256 or "") == 64
    assert stored.options["strength"] == 0.8
    assert (stored.options["strength_outside"], stored.options["feather"]) == (0.2, 0.0)


@pytest.mark.usefixtures("blender")
def test_one_mask_is_for_photos_of_all_sizes(run: Run, mask_file: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name, size in (("a.png", (40, 90)), ("b.png", (33, 20))):
        write_image(tmp_path / "photos" / name, np.full((*size, 3), 40, np.uint8))
    assert run("stylize", "photos", "--style", "wave", "-o", "painted", "--mask", mask_file)[0] == 0
    for name in ("a.png", "b.png"):
        found = read_image(tmp_path / "painted" / name)[0]
        assert found[:, 0].max() == 40 and found[:, -1].min() == 215


@pytest.mark.usefixtures("blender")
def test_the_opacity_of_a_mask_counts(run: Run, photo_file: Path, photo: np.ndarray, tmp_path: Path) -> None:
    write_image(tmp_path / "m.png", np.full((60, 80, 3), 255, np.uint8), ImageMetadata(alpha=half()))
    assert run("stylize", photo_file, "--style", "wave", "-o", "a.png", "--mask", "m.png", "--feather", "0")[0] == 0
    np.testing.assert_array_equal(read_image("a.png")[0][:, :30], photo[:, :30])


def test_a_mask_that_is_no_picture_ends_the_command_before_a_photo_is_read(
    run: Run, photo_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "words.png").write_text("hello")
    code, _, err = run("stylize", photo_file, "--style", "wave", "--mask", "words.png")
    assert code == 1 and err.startswith("paddlegan: error: words.png: is not a picture")
    code, _, err = run("stylize", photo_file, "--style", "wave", "--mask", "missing.png")
    assert code == 1 and err.startswith("paddlegan: error: missing.png: does not exist")


@pytest.mark.parametrize("option", ["--strength-outside", "--feather"])
def test_options_of_a_mask_need_one(run: Run, photo_file: Path, option: str) -> None:
    code, _, err = run("stylize", photo_file, "--style", "wave", option, "0.5")
    message = f"{option}: says nothing without a mask. Name one with --mask PICTURE"
    assert (code, err) == (2, f"paddlegan: error: {message}\n")


def test_a_mask_is_never_replaced_by_a_result(run: Run, photo_file: Path, mask_file: Path) -> None:
    code, _, err = run("stylize", photo_file, "--style", "wave", "-o", mask_file, "--overwrite", "--mask", mask_file)
    assert code == 1 and "is the file of --mask" in err
