"""Pictures painted by rules: tools/render_paintings.py."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ppgan_lite.images import read_image, write_image

TOOLS = Path(__file__).parents[1] / "tools"
SIDE = 64


@pytest.fixture(scope="module")
def script() -> Any:
    """Return the script as a module; Python puts a script's own folder on its path, and so must we."""
    sys.path.insert(0, str(TOOLS))
    try:
        yield importlib.import_module("render_paintings")
    finally:
        sys.path.remove(str(TOOLS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two photos: discs on slopes of color, one lying and one upright."""
    folder = tmp_path_factory.mktemp("photos")
    for number, (height, width) in enumerate([(80, 130), (120, 90)]):
        rows, columns = np.mgrid[0:height, 0:width]
        image = np.stack([rows * 2, columns, (rows + columns) * (1 - number)], axis=-1).astype(np.uint8)
        image[np.hypot(rows - 40, columns - 50) < 25] = (230, 60, 30)
        write_image(folder / f"{number}.png", image)
    return folder


@pytest.fixture(scope="module")
def rendered(script: Any, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Return one picture by every rule, by its file's name."""
    return render(script, folder, tmp_path_factory.mktemp("rendered"), len(script.RULES), seed=0)


def render(script: Any, photos: Path, output: Path, count: int, seed: int) -> dict[str, np.ndarray]:
    script.main([str(photos), "-o", str(output), f"--count={count}", f"--short-side={SIDE}", f"--seed={seed}"])
    return {path.name: read_image(path)[0] for path in sorted(output.iterdir())}


def test_every_rule_paints_a_picture_of_the_short_side(script: Any, rendered: dict[str, np.ndarray]) -> None:
    assert sorted(rendered) == sorted(f"{rule}_{number:05d}.jpg" for number, rule in enumerate(script.RULES))
    for image in rendered.values():
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
        assert min(image.shape[:2]) == SIDE
        assert max(image.shape[:2]) <= script.LONGEST * SIDE + 1
        assert image.std() > 10  # not blank


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others(
    script: Any, folder: Path, tmp_path: Path, rendered: dict[str, np.ndarray]
) -> None:
    again = render(script, folder, tmp_path / "again", 5, seed=0)
    assert list(again) == sorted(name for name in rendered if int(name[-9:-4]) < 5)
    for name, image in again.items():
        np.testing.assert_array_equal(image, rendered[name])
    others = render(script, folder, tmp_path / "others", 5, seed=1)
    for name, image in others.items():
        assert image.shape != again[name].shape or (image != again[name]).mean() > 0.5


def test_each_rule_makes_something_else_of_one_photo(script: Any, folder: Path) -> None:
    photo = script.cropped(read_image(folder / "0.png")[0], SIDE, np.random.default_rng(0))
    images = [np.clip(rule(photo, np.random.default_rng(3)), 0, 1) for rule in script.RULES.values()]
    for number, image in enumerate(images):
        assert image.shape == photo.shape
        for other in [photo, *images[:number]]:
            assert np.abs(image - other).mean() > 0.02


def test_colors_of_another_picture_are_its_mean_and_spread(script: Any) -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 1, (40, 40, 3)).astype(np.float32)
    other = (0.5 + 0.05 * rng.standard_normal((30, 50, 3)) @ [[1, 0.5, 0], [0, 1, 0], [0, 0.2, 0.6]]).astype(np.float32)
    from painting_rules.palettes import with_colors_of

    colored = with_colors_of(image, other)
    np.testing.assert_allclose(colored.mean(axis=(0, 1)), other.mean(axis=(0, 1)), atol=1e-3)
    np.testing.assert_allclose(np.cov(colored.reshape(-1, 3).T), np.cov(other.reshape(-1, 3).T), atol=2e-4)


def test_a_folder_without_pictures_is_refused(script: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        script.main([str(tmp_path), "-o", str(tmp_path / "out")])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {tmp_path}: no pictures there, expected at least one photo\n")
