"""Settings that are used again: presets, those of a picture's file, and as a command line."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication, QFileDialog, QInputDialog
from window_bench import Bench, FakePredictor

import ppgan_lite.inference.loading  # noqa: F401 - its function is replaced
from ppgan_lite import cli
from ppgan_lite.gui.again import read_again, style_settings
from ppgan_lite.gui.choices import ANY_PAINTING, Choice
from ppgan_lite.gui.command_line import command_line
from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.presets import Preset, with_preset
from ppgan_lite.gui.state import Picture, Request, StyleSettings
from ppgan_lite.images import read_settings, write_image

NIGHT = Choice("night", "style")


# presets ---------------------------------------------------------------------------------------------------------


def test_a_preset_comes_back_from_json_as_it_was() -> None:
    for settings in (StyleSettings(), StyleSettings(0.35, True, 0.05, False)):
        preset = Preset("soft", "night", settings)
        assert Preset.from_json(preset.to_json()) == preset


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": 3},
        {"source": None},
        {"settings": {}},
        {"settings": None},
        {"settings": {"strength": "x"}},
    ],
)
def test_a_stored_preset_that_nobody_can_read_is_none(change: dict[str, Any]) -> None:
    stored = Preset("soft", "night", StyleSettings()).to_json()
    assert Preset.from_json({**stored, **change}) is None
    for settings in ({"strength": 1.5}, {"brush": 7.0}, {"keep_colors": 1}, {"strength": float("nan")}):
        assert Preset.from_json({**stored, "settings": {**stored["settings"], **settings}}) is None
    assert Preset.from_json([stored]) is None and Preset.from_json(None) is None


def test_presets_are_sorted_by_name_and_one_of_the_same_name_is_replaced() -> None:
    presets: list[Preset] = []
    for name, strength in (("b", 0.1), ("A", 0.2), ("b", 0.3)):
        presets = with_preset(presets, Preset(name, "night", StyleSettings(strength)))
    assert [(preset.name, preset.settings.strength) for preset in presets] == [("A", 0.2), ("b", 0.3)]


def test_a_preset_is_kept_used_and_removed_from_the_menu(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Soft & dark", True))
    presets = bench.window.commands._presets
    bench.session.cards.choose("wave")
    bench.session.set_settings(StyleSettings(0.4, True, None, False))
    presets.fill()
    next(action for action in presets._menu.actions() if action.text().startswith("&Keep")).trigger()
    assert bench.window.status.label.text() == "Kept as “Soft & dark”"
    bench.session.cards.choose("night")
    bench.session.set_settings(StyleSettings())
    bench.window.quit()
    bench.window = bench.open_window()
    presets = bench.window.commands._presets
    presets.fill()
    presets._menu.actions()[0].trigger()
    assert presets._menu.actions()[0].text() == "Soft && dark"
    assert bench.session.state.choice.source == "wave"
    assert bench.session.state.settings == StyleSettings(0.4, True, None, False)
    assert bench.window.controls.strength.value() == 40
    bench.window.user_actions.remove_preset("Soft & dark")
    assert bench.window.user_actions.presets() == [] == bench.preferences.presets


# as a command ----------------------------------------------------------------------------------------------------


def request(photo: Path, choice: Choice, settings: StyleSettings, painting: Path | None = None) -> Request:
    image = np.zeros((40, 60, 3), np.uint8)
    picture = None if painting is None else Picture.of(image, path=painting)
    return Request(Picture.of(image, path=photo), choice, settings, picture)


@pytest.mark.parametrize(
    ("choice", "settings", "painting", "command"),
    [
        (NIGHT, StyleSettings(), None, "paddlegan stylize '/p/my photo.jpg' --style night"),
        (
            NIGHT,
            StyleSettings(0.35, True, 1 / 16, False),
            None,
            "paddlegan stylize '/p/my photo.jpg' --style night --strength 0.35 --keep-colors --brush 2.5 --faces 1",
        ),
        (
            ANY_PAINTING,
            StyleSettings(),
            Path("/p/it's $HOME.png"),
            "paddlegan stylize '/p/my photo.jpg' --style '/p/it'\"'\"'s $HOME.png'",
        ),
        (
            Choice("/c/lap.ppgan", "checkpoint", inputs=("photo", "style")),
            StyleSettings(),
            Path("/p/a.png"),
            "paddlegan stylize '/p/my photo.jpg' --style /c/lap.ppgan --painting /p/a.png",
        ),
        (
            Choice("/c/gan.ppgan", "checkpoint", task="translate", directions=("a_to_b", "b_to_a"), direction="b_to_a"),
            StyleSettings(0.3),
            None,
            "paddlegan translate '/p/my photo.jpg' --checkpoint /c/gan.ppgan --direction b_to_a",
        ),
        (
            Choice("/c/clean.ppgan", "checkpoint", task="restore"),
            StyleSettings(),
            None,
            "paddlegan restore '/p/my photo.jpg' --checkpoint /c/clean.ppgan",
        ),
    ],
)
def test_a_request_as_a_command(choice: Choice, settings: StyleSettings, painting: Path | None, command: str) -> None:
    asked = request(Path("/p/my photo.jpg"), choice, settings, painting)
    assert command_line(asked, windows=False) == command
    windows = command_line(asked, windows=True)
    assert windows is not None and '"/p/my photo.jpg"' in windows and "'/p" not in windows


def test_what_no_command_does_is_none() -> None:
    asked = request(Path("/p/a.jpg"), NIGHT, StyleSettings())
    pasted = replace(asked, photo=replace(asked.photo, path=None))
    masked = replace(asked, mask=Mask(np.zeros((4, 6), np.uint8), 0.0))
    painting = replace(asked, choice=ANY_PAINTING, painting=pasted.photo)
    assert [command_line(one, windows=False) for one in (pasted, masked, painting)] == [None] * 3


@pytest.mark.parametrize("settings", [StyleSettings(), StyleSettings(0.35, True, 1 / 16, False)])
def test_the_copied_command_makes_the_same_picture_with_the_same_settings(
    bench: Bench, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: StyleSettings
) -> None:
    class Predictor(FakePredictor):
        name = "night"

        def __call__(self, image: np.ndarray, *, progress: Any, **options: Any) -> np.ndarray:
            return super().__call__(image, progress=progress, cancelled=lambda: False, **options)

    spaced = photo_file.rename(tmp_path / "my photo's.png")
    bench.open_photo(spaced)
    bench.session.set_settings(settings)
    bench.paint()
    bench.session.saving.save(bench.session.state.result, tmp_path / "window.png", overwrite=False)
    bench.until(lambda: (tmp_path / "window.png").exists())
    bench.window.commands.actions["copy_command"].trigger()
    program, *arguments = shlex.split(QApplication.clipboard().text())
    assert program == "paddlegan" and bench.window.status.label.text().startswith("Copied: paddlegan stylize")
    predictor = Predictor()
    module = sys.modules["ppgan_lite.inference.loading"]
    monkeypatch.setattr(module, "load_predictor", lambda *_args, **_options: predictor)
    assert cli.main([*arguments, "-o", str(tmp_path / "cli.png")]) == 0
    assert predictor.calls == bench.predictors["night"].calls
    theirs, ours = read_settings(tmp_path / "cli.png"), read_settings(tmp_path / "window.png")
    assert ours is not None and theirs == replace(ours, options={**ours.options, "depth": None})


def test_windows_reads_the_command_as_it_was_meant() -> None:
    """`list2cmdline` is the inverse of how programs on Windows split their command line."""
    asked = request(Path('C:/my photos/a "b".jpg'), NIGHT, StyleSettings(0.5))
    line = command_line(asked, windows=True)
    assert line == subprocess.list2cmdline(shlex.split(command_line(asked, windows=False) or ""))


# as in a file ----------------------------------------------------------------------------------------------------


def saved_result(bench: Bench, photo: Path, target: Path, settings: StyleSettings) -> None:
    bench.open_photo(photo)
    bench.session.cards.choose("wave")
    bench.session.set_settings(settings)
    bench.paint()
    bench.session.saving.save(bench.session.state.result, target, overwrite=False)
    bench.until(lambda: not bench.session.history.unsaved)


@pytest.fixture
def _wave_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the fake style found by its name, as those that ship are."""
    from ppgan_lite.inference import stored_settings

    monkeypatch.setattr(stored_settings, "find_style_file", lambda name: Path(__file__) if name == "wave" else None)


@pytest.mark.usefixtures("_wave_is_there")
def test_an_opened_result_offers_its_settings_and_its_photo(
    bench: Bench, photo_file: Path, tmp_path: Path, photo: np.ndarray
) -> None:
    settings = StyleSettings(0.4, True, 1 / 16, False)
    saved_result(bench, photo_file, tmp_path / "result.png", settings)
    write_image(tmp_path / "other.png", photo[::-1].copy())
    bench.open_photo(tmp_path / "other.png")
    bench.session.cards.choose("night")
    bench.session.set_settings(StyleSettings())
    row = bench.window.again_row
    bench.open_photo(tmp_path / "result.png")
    bench.until(row.isVisible)
    assert row.label.text() == "result.png was made here, in the style wave"
    bench.qtbot.mouseClick(row.use, Qt.LeftButton)
    bench.until(lambda: bench.session.state.photo.path == photo_file)
    assert bench.session.state.choice.source == "wave" and not row.isVisible()
    found = bench.session.state.settings
    assert (found.strength, found.keep_colors, found.spare_faces) == (0.4, True, False)
    assert found.brush == pytest.approx(1 / 16)


def test_a_photo_offers_nothing(bench: Bench, photo_file: Path, qtbot: Any) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    assert not bench.window.again_row.isVisible()


@pytest.mark.usefixtures("_wave_is_there")
def test_a_file_is_picked_whose_settings_are_used(
    bench: Bench, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved_result(bench, photo_file, tmp_path / "result.png", StyleSettings(0.25))
    bench.session.cards.choose("night")
    bench.session.set_settings(StyleSettings())
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "result.png"), ""))
    bench.window.commands.actions["again"].trigger()
    bench.until(lambda: bench.session.state.settings.strength == 0.25)
    assert bench.session.state.choice.source == "wave"


def test_a_file_without_settings_or_without_its_style_is_told(bench: Bench, photo_file: Path, tmp_path: Path) -> None:
    bench.window.user_actions.reuse.file(photo_file)
    bench.until(lambda: bench.window.dialog.isVisible())
    assert bench.window.dialog.informativeText() == f"{photo_file}: holds no settings of ours"
    bench.window.dialog.close()
    saved_result(bench, photo_file, tmp_path / "result.png", StyleSettings())
    (tmp_path / "alone").mkdir()
    moved = (tmp_path / "result.png").rename(tmp_path / "alone" / "result.png")
    bench.window.user_actions.reuse.file(moved)
    bench.until(lambda: bench.window.dialog.isVisible())
    assert "which is neither here nor beside it" in bench.window.dialog.informativeText()


def test_odd_options_of_a_file_are_the_defaults() -> None:
    default = StyleSettings()
    assert style_settings({}, 100) == default
    odd = {"strength": "all", "brush": float("nan"), "keep_colors": "yes", "faces": None}
    assert style_settings(odd, 100) == default
    assert style_settings({"strength": 7, "brush": 1e9, "faces": 1}, 100) == StyleSettings(1.0, False, 1 / 8, False)


def test_the_style_of_a_painting_is_found_with_it(tmp_path: Path, photo: np.ndarray, photo_file: Path) -> None:
    from ppgan_lite.images import NamedFile, ResultSettings

    write_image(tmp_path / "painting.png", photo)
    options = {"strength": 0.5, "keep_colors": False, "brush": None, "faces": 0.6}
    settings = ResultSettings("stylize", options, style=NamedFile("any"), painting=NamedFile("painting.png"))
    write_image(tmp_path / "result.png", photo, settings=settings)
    again = read_again(tmp_path / "result.png")
    assert (again.source, again.painting, again.checkpoint) == ("any", tmp_path / "painting.png", None)
    assert again.settings == StyleSettings(0.5)
