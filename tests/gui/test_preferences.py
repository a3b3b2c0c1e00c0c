"""What the window remembers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import QDir, QSettings
from PyQt5.QtWidgets import QFileDialog
from window_bench import Bench, FakePredictor

from ppgan_lite.gui.preferences import FOLDERS, Preferences
from ppgan_lite.gui.remembering import restore
from ppgan_lite.gui.state import StyleSettings


@pytest.fixture
def store(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.IniFormat)


def test_each_kind_of_file_has_a_folder_of_its_own(store: QSettings, tmp_path: Path) -> None:
    preferences = Preferences(store)
    for kind in FOLDERS:
        assert preferences.folder(kind) == Path(QDir.homePath())
        (tmp_path / kind).mkdir()
        preferences.remember_folder(kind, tmp_path / kind)
    assert [preferences.folder(kind).name for kind in FOLDERS] == list(FOLDERS)
    (tmp_path / "results").rmdir()
    assert preferences.folder("results") == Path(QDir.homePath()), "a folder that is gone is none to start in"


def test_a_value_that_nobody_can_read_is_the_default(store: QSettings) -> None:
    for key in ("language", "geometry", "folders/photos"):
        store.setValue(key, ["odd", 3])
    preferences = Preferences(store)
    assert preferences.language is None and preferences.geometry is None
    assert preferences.folder("photos") == Path(QDir.homePath())


def test_the_language_of_the_system_counts_until_one_is_chosen(bench: Bench) -> None:
    assert bench.preferences.language is None, "a start chooses none"
    bench.window.choose_language("zh")
    assert bench.preferences.language == "zh"


def test_after_a_save_the_next_photo_is_looked_for_where_photos_are(
    bench: Bench, photo_file: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "out").mkdir()
    starts = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *words: starts.append(words[2]) or (str(photo_file), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *words: (str(tmp_path / "out" / "a.png"), ""))
    bench.window.user_actions.pick_photo()
    bench.until(lambda: bench.session.state.photo is not None)
    bench.paint()
    bench.window.user_actions.pick_save()
    bench.window.user_actions.pick_photo()
    assert starts[1] == str(photo_file.parent)
    assert bench.preferences.folder("results") == tmp_path / "out"
    bench.until(lambda: not bench.session.is_running("save"))


def test_what_was_chosen_is_there_at_the_next_start(bench: Bench, photo_file: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "zebra.ppgan"
    checkpoint.touch()
    bench.predictors[str(checkpoint)] = FakePredictor(task="translate", directions=("a_to_b", "b_to_a"))
    bench.session.load_checkpoint(checkpoint)
    bench.until(lambda: bench.session.state.choice.source == str(checkpoint))
    bench.session.cards.choose_direction("b_to_a")
    bench.session.cards.choose("any")
    bench.session.open_painting(photo_file)
    bench.until(lambda: bench.session.state.painting is not None)
    bench.open_photo(photo_file)
    settings = StyleSettings(0.4, keep_colors=True, brush=0.05, spare_faces=False)
    bench.session.set_settings(settings)
    before = bench.session.state.choices
    bench.window.quit()
    bench.window = bench.open_window()
    restore(bench.session, bench.preferences)
    state = bench.session.state
    assert state.choices == before and state.choices[1].direction == "b_to_a"
    assert state.choices[1].title["en"] == "zebra"
    assert state.choice.source == "any" and state.settings == settings
    bench.until(lambda: state.painting is not None)
    assert bench.preferences.recent_photos == [photo_file]
    bench.window.quit()
    checkpoint.unlink()
    photo_file.unlink()
    bench.window = bench.open_window()
    restore(bench.session, bench.preferences)
    assert [choice.source for choice in bench.session.state.choices] == ["any", "night", "wave"]
    assert bench.preferences.painting is None and bench.window.user_actions.recent_photos() == []


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("{", StyleSettings()),
        ("[1]", StyleSettings()),
        ('{"strength": 7, "brush": 99.0, "keep_colors": 1}', StyleSettings(1.0, brush=1 / 8)),
        ('{"strength": true, "brush": "wide", "spare_faces": false}', StyleSettings(spare_faces=False)),
    ],
)
def test_stored_settings_that_are_odd_are_the_default_or_the_nearest_that_is_possible(
    store: QSettings, stored: str, expected: StyleSettings
) -> None:
    store.setValue("settings", stored)
    assert Preferences(store).settings == expected


def test_odd_checkpoints_and_photos_are_left_out(store: QSettings, tmp_path: Path) -> None:
    store.setValue("checkpoints", json.dumps([3, {"source": str(tmp_path)}, {"source": 1, "title": 2}]))
    store.setValue("recent_photos", json.dumps(["a.png", 3]))
    preferences = Preferences(store)
    assert preferences.checkpoints == [] and preferences.recent_photos == [Path("a.png")]
    for number in range(20):
        preferences.add_recent_photo(Path(f"{number}.png"))
    assert [path.name for path in preferences.recent_photos[:2]] == ["19.png", "18.png"]
    assert len(preferences.recent_photos) == 10


def test_recent_photos_stand_in_the_menu(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    menu = bench.window.commands._menus["menu_recent"]
    menu.aboutToShow.emit()
    (action,) = menu.actions()
    assert action.text() == photo_file.name
    with bench.qtbot.waitSignal(bench.session.photo_changed):
        action.trigger()
