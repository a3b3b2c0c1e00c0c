"""Photos of 16 bits in the window: as fine in the saved result as by the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_user_styles import write_style
from window_bench import Bench

from ppgan_lite import cli
from ppgan_lite.gui import app
from ppgan_lite.gui.batch_queue import Output
from ppgan_lite.gui.state import StyleSettings
from ppgan_lite.images import read_image, write_image


@pytest.fixture
def deep_file(tmp_path: Path) -> Path:
    path = tmp_path / "deep.png"
    values = np.arange(48 * 64 * 3, dtype=np.uint16).reshape(48, 64, 3) * 7
    write_image(path, values)
    return path


def test_a_photo_keeps_its_16_bits_to_the_saved_result(bench: Bench, deep_file: Path, tmp_path: Path) -> None:
    asked: list[tuple[str, bool]] = []
    load = bench.session.predictors._load

    def note(source: str, direction: str | None, is_deep: bool, cancelled: object) -> object:
        asked.append((source, is_deep))
        return load(source, direction, is_deep, cancelled)

    bench.session.predictors._load = note
    bench.open_photo(deep_file)
    photo = read_image(deep_file, keeps_16_bits=True)[0]
    assert bench.window.panes.photo_detail.text() == "deep.png  ·  64 × 48  ·  16 bits"
    bench.paint()
    assert asked == [("night", True)], "an engine that is fine enough"
    assert bench.window.panes.result_detail.text().endswith("64 × 48  ·  16 bits")
    for name in ("a.png", "a.tif", "a.jpg", "a.webp"):
        bench.session.saving.save(bench.session.state.result, tmp_path / name, overwrite=False)
    bench.until(lambda: not bench.session.is_running("save"))
    for name in ("a.png", "a.tif"):
        saved = read_image(tmp_path / name, keeps_16_bits=True)[0]
        assert saved.dtype == np.uint16
        np.testing.assert_array_equal(saved, 255 - photo)  # what the fake predictor makes
    assert read_image(tmp_path / "a.jpg")[0].dtype == read_image(tmp_path / "a.webp")[0].dtype == np.uint8
    bench.open_photo(write_small(tmp_path))
    bench.paint()
    assert asked[1:] == [("night", False)]


def write_small(folder: Path) -> Path:
    write_image(folder / "small.png", np.zeros((8, 8, 3), np.uint8))
    return folder / "small.png"


def test_photos_of_the_queue_keep_what_their_results_can_hold(bench: Bench, deep_file: Path, tmp_path: Path) -> None:
    for suffix, kind in ((".png", np.uint16), (".jpg", np.uint8)):
        bench.session.paint_many([deep_file], Output(tmp_path / suffix[1:], suffix=suffix))
        bench.until(lambda suffix=suffix: list((tmp_path / suffix[1:]).glob("*")))
        bench.until(lambda: not bench.session.batch.queue.active)
        (result,) = (tmp_path / suffix[1:]).glob("*")
        assert read_image(result, keeps_16_bits=True)[0].dtype == kind


def test_window_and_command_line_make_the_same_16_bits(
    bench: Bench, deep_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    style = write_style(tmp_path / "tiny.ppgan")
    bench.session.predictors._load = app._load
    bench.session.set_settings(StyleSettings(0.4))
    bench.session.load_checkpoint(style)
    bench.until(lambda: bench.session.state.choice.source == str(style))
    bench.open_photo(deep_file)
    bench.paint()
    bench.session.saving.save(bench.session.state.result, tmp_path / "window.png", overwrite=False)
    bench.until((tmp_path / "window.png").exists)
    arguments = ["stylize", str(deep_file), "--style", str(style), "--strength", "0.4", "-o", str(tmp_path / "cli.png")]
    assert cli.main(arguments) == 0
    ours, theirs = (read_image(tmp_path / name, keeps_16_bits=True)[0] for name in ("window.png", "cli.png"))
    assert ours.dtype == np.uint16 and len(np.unique(ours)) > 300
    np.testing.assert_array_equal(ours, theirs)
