"""A mask as a file, with presets, in the queue, and in the settings of a result."""

from __future__ import annotations

import contextlib
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtWidgets import QApplication, QFileDialog, QInputDialog
from test_mask import brush, drag, middle  # noqa: F401 - a fixture
from window_bench import Bench, FakePredictor

from ppgan_lite import cli
from ppgan_lite.checkpoint import sha256_of
from ppgan_lite.cli import painting
from ppgan_lite.gui.again import read_again
from ppgan_lite.gui.batch_queue import Output
from ppgan_lite.gui.mask import MASK_PX, PAINTED_MASK, Mask
from ppgan_lite.gui.mask_brush import MaskBrush
from ppgan_lite.images import NamedFile, read_image, read_settings, write_image
from ppgan_lite.inference import loading
from ppgan_lite.runtime.user_folders import masks_folder

SHADES = np.linspace(0, 255, 5 * 9, dtype=np.uint8).reshape(5, 9)


@pytest.fixture
def mask_file(tmp_path: Path) -> Path:
    """Return a picture of another shape than the photo's."""
    path = tmp_path / "soft mask.png"
    write_image(path, np.repeat(SHADES[..., None], 3, axis=2))
    return path


@pytest.fixture
def opened(bench: Bench, brush: MaskBrush, mask_file: Path, monkeypatch: pytest.MonkeyPatch) -> Mask:  # noqa: F811
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(mask_file), ""))
    bench.window.mask_row.slider("mask_outside").setValue(30)
    bench.window.mask_row.button("mask_open").click()
    bench.until(lambda: bench.session.state.mask is not None)
    return bench.session.state.mask


def save_as(bench: Bench, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    bench.window.mask_row.button("mask_save").click()


def test_a_stored_mask_comes_back_as_it_was() -> None:
    for mask in (Mask(SHADES), Mask(SHADES, 0.25, None, Path("/a/b.png"), NamedFile("b.png", "f" * 64))):
        found = Mask.from_json(json.loads(json.dumps(mask.to_json())))
        assert found is not None
        np.testing.assert_array_equal(found.pixels, SHADES)
        assert (found.outside, found.feather, found.path, found.file) == (
            *(mask.outside, mask.feather),
            *(mask.path, mask.file),
        )


@pytest.mark.parametrize(
    "change",
    [
        {"size": [5, 5]},
        {"size": [9, 6]},
        {"size": [MASK_PX + 1, 1]},
        {"size": [0, 0]},
        {"size": "many"},
        {"pixels": "%%%"},
        {"pixels": "AAAA"},
        {"outside": 2},
        {"feather": float("nan")},
        {"feather": -1},
        {"path": ...},
    ],
)
def test_a_stored_mask_that_nobody_can_read_is_none(change: dict[str, Any]) -> None:
    values = {**Mask(SHADES).to_json(), **change}
    assert Mask.from_json({key: value for key, value in values.items() if value is not ...}) is None
    assert Mask.from_json([]) is None


def test_a_picture_becomes_the_mask_and_is_undone(bench: Bench, opened: Mask, mask_file: Path) -> None:
    canvas = bench.window.panes.mask_brush.canvas
    assert canvas.pixels.shape == (40, 60) and canvas.pixels[0, 0] < 20 and canvas.pixels[-1, -1] > 235
    assert opened.path == mask_file and opened.outside == 0.3
    bench.window.mask_row.slider("mask_outside").setValue(50)
    assert bench.session.state.mask.file == opened.file and bench.session.state.mask.outside == 0.5
    bench.window.mask_row.button("mask_soften").click()
    assert bench.session.state.mask.file is None, "it is another mask now"
    for _ in range(2):
        bench.window.mask_row.button("mask_undo").click()
    assert bench.session.state.mask is None


def test_a_file_that_is_no_picture_is_told(
    bench: Bench,
    brush: MaskBrush,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "no.png").write_bytes(b"no")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "no.png"), ""))
    bench.window.mask_row.button("mask_open").click()
    bench.until(bench.window.dialog.isVisible)
    assert bench.window.dialog.text() == "The mask could not be opened or saved."
    assert bench.session.state.mask is None


def test_a_painted_mask_is_saved_and_has_its_file_until_it_changes(
    bench: Bench,
    brush: MaskBrush,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drag(brush, middle(brush), middle(brush))
    target = tmp_path / "mine.png"
    save_as(bench, target, monkeypatch)
    bench.until(lambda: bench.session.state.mask.path == target)
    assert bench.window.status.label.text() == f"Saved {target}"
    np.testing.assert_array_equal(read_image(target)[0][..., 1], brush.canvas.pixels)
    bench.paint()
    settings = bench.session.state.result.settings
    assert settings.mask == bench.session.state.mask.file and settings.options["feather"] == 0
    drag(brush, middle(brush), middle(brush))
    assert bench.session.state.mask.path is None
    (tmp_path / "folder.png").mkdir()
    save_as(bench, tmp_path / "folder.png", monkeypatch)
    bench.until(bench.window.dialog.isVisible)


def test_the_command_line_makes_the_same_picture_with_the_masks_file(
    bench: Bench, opened: Mask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Predictor(FakePredictor):
        name = "night"

        def __call__(self, image: np.ndarray, *, progress: Any, **options: Any) -> np.ndarray:
            return super().__call__(image, progress=progress, cancelled=lambda: False, **options)

    bench.paint()
    bench.session.saving.save(bench.session.state.result, tmp_path / "window.png", overwrite=False)
    bench.until(lambda: (tmp_path / "window.png").exists())
    bench.window.commands.actions["copy_command"].trigger()
    program, *arguments = shlex.split(QApplication.clipboard().text())
    predictor = Predictor()
    monkeypatch.setattr(loading, "load_predictor", lambda *_args, **_options: predictor)
    assert program == "paddlegan" and cli.main([*arguments, "-o", str(tmp_path / "cli.png")]) == 0
    ours, theirs = bench.predictors["night"].calls[0]["strength"], predictor.calls[0]["strength"]
    np.testing.assert_array_equal(ours, theirs)
    told, expected = read_settings(tmp_path / "cli.png"), read_settings(tmp_path / "window.png")
    assert told is not None and expected is not None and told.mask == expected.mask
    assert told.options["strength_outside"] == expected.options["strength_outside"] == 0.3


def test_a_preset_has_the_mask(bench: Bench, opened: Mask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("edges", True))
    bench.window.user_actions.keep_preset()
    bench.session.set_mask(None)
    (preset,) = bench.window.user_actions.presets()
    bench.window.user_actions.use_preset(preset)
    found = bench.session.state.mask
    np.testing.assert_array_equal(found.pixels, opened.pixels)
    assert (found.outside, found.file) == (0.3, opened.file)
    bench.window.commands.actions["mask"].trigger()
    assert bench.window.panes.mask_brush.canvas.pixels.shape == (40, 60), "as the photo"


def test_photos_of_the_queue_get_the_mask(bench: Bench, opened: Mask, photo_file: Path, tmp_path: Path) -> None:
    assert "Masked" in bench.window.batch_panel.start_button.toolTip()
    bench.session.paint_many([photo_file], Output(tmp_path / "out"))
    bench.until(lambda: list((tmp_path / "out").glob("*.png")) and not bench.session.batch.queue.active)
    strength = bench.predictors["night"].calls[0]["strength"]
    assert strength.shape == (40, 60) and strength.min() == pytest.approx(0.3) and strength.max() == 1
    settings = read_settings(next((tmp_path / "out").glob("*.png")))
    assert settings is not None and settings.mask == opened.file


def test_a_result_is_made_again_with_its_mask_or_says_that_it_is_gone(
    bench: Bench, opened: Mask, photo_file: Path, mask_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ppgan_lite.inference import stored_settings

    monkeypatch.setattr(stored_settings, "find_style_file", lambda name: Path(__file__) if name == "night" else None)
    bench.paint()
    result = tmp_path / "result.png"
    bench.session.saving.save(bench.session.state.result, result, overwrite=False)
    bench.until(result.exists)
    again = read_again(result)
    assert again.mask is not None and not again.misses_mask
    np.testing.assert_array_equal(again.mask.pixels, opened.pixels)
    assert (again.mask.outside, again.mask.feather) == (0.3, 0.0)
    bench.session.set_mask(None)
    bench.window.user_actions.reuse.file(result)
    bench.until(lambda: bench.session.state.mask is not None)
    assert bench.session.state.photo.path == photo_file and bench.session.state.mask.file == opened.file
    mask_file.unlink()
    assert read_again(result).misses_mask
    bench.window.user_actions.reuse.file(result)
    bench.until(lambda: bench.session.state.mask is None)


def test_a_result_is_made_again_with_a_mask_that_was_painted_and_never_saved(
    bench: Bench,
    brush: MaskBrush,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ppgan_lite.inference import stored_settings

    monkeypatch.setattr(stored_settings, "find_style_file", lambda name: Path(__file__) if name == "night" else None)
    drag(brush, middle(brush), middle(brush))
    painted = bench.session.state.mask
    assert painted.path is None
    bench.paint()
    assert not masks_folder().exists(), "nothing is kept before a result is"
    for name in ("one.png", "two.png"):
        bench.session.saving.save(bench.session.state.result, tmp_path / name, overwrite=False)
        bench.until((tmp_path / name).exists)
    bench.until(lambda: not bench.session.is_running("save"))
    (kept,) = masks_folder().iterdir()
    settings = read_settings(tmp_path / "two.png")
    assert settings is not None and settings.mask == NamedFile(kept.name, sha256_of(kept))
    again = read_again(tmp_path / "two.png")
    assert again.mask is not None
    np.testing.assert_array_equal(again.mask.pixels, painted.pixels)

    bench.window.commands.actions["copy_command"].trigger()
    assert f"--mask {kept}" in QApplication.clipboard().text()
    asked: list[list[str]] = []
    monkeypatch.setattr(painting.stylize, "make_context", lambda _verb, arguments, **_: asked.append(arguments))
    with contextlib.suppress(AttributeError):  # no context was made
        cli.main(["again", str(tmp_path / "two.png")])
    assert f"--mask={kept}" in asked[0]


def test_a_result_is_saved_where_its_mask_cannot_be_kept(
    bench: Bench,
    brush: MaskBrush,  # noqa: F811
    tmp_path: Path,
) -> None:
    masks_folder().parent.mkdir()
    masks_folder().write_text("no folder")
    drag(brush, middle(brush), middle(brush))
    bench.paint()
    bench.session.saving.save(bench.session.state.result, tmp_path / "result.png", overwrite=False)
    bench.until((tmp_path / "result.png").exists)
    settings = read_settings(tmp_path / "result.png")
    assert settings is not None and settings.mask == NamedFile(PAINTED_MASK)
    bench.window.commands.actions["copy_command"].trigger()
    assert bench.window.status.label.text().startswith("No command does the same")
