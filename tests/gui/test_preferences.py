"""What the window remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import QDir, QSettings
from PyQt5.QtWidgets import QFileDialog
from window_bench import Bench

from ppgan_lite.gui.preferences import FOLDERS, Preferences


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
