"""The strip of results in the window: undo, redo, comparison, saving, and closing with unsaved work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QFileDialog, QMessageBox
from window_bench import Bench

from ppgan_lite.gui import dialogs
from ppgan_lite.gui.dialogs import asks_about_unsaved
from ppgan_lite.images import read_image, write_image


def shown(pane: Any) -> np.ndarray:
    return np.asarray(pane.picture.image)


def paint_in(bench: Bench, *sources: str) -> None:
    for source in sources:
        bench.session.cards.choose(source)
        bench.paint()


@pytest.fixture
def two_photos(tmp_path: Path, photo: np.ndarray) -> tuple[Path, Path]:
    paths = tmp_path / "first.png", tmp_path / "second.png"
    write_image(paths[0], photo)
    write_image(paths[1], photo[::-1].copy())
    return paths


def test_the_strip_appears_with_the_second_result(bench: Bench, photo_file: Path) -> None:
    strip = bench.window.history_strip
    bench.open_photo(photo_file)
    paint_in(bench, "night")
    assert not strip.isVisible()
    paint_in(bench, "wave")
    assert strip.isVisible() and strip.count() == 2
    assert [strip.item(row).text() for row in range(2)] == ["The Wave", "The Night"], "the newest one is on top"
    assert strip.currentRow() == 0
    assert "not saved yet" in strip.item(0).toolTip() and "60 × 40" in strip.item(0).toolTip()
    assert "photo.png" in strip.item(0).data(Qt.AccessibleTextRole)
    assert strip.accessibleName() == "Results"
    bench.window.choose_language("zh")
    assert strip.item(0).text() == "浪" and "尚未保存" in strip.item(0).toolTip()


def test_undo_and_redo_show_the_results_one_after_the_other(bench: Bench, photo_file: Path) -> None:
    actions = bench.window.commands.actions
    bench.open_photo(photo_file)
    assert not actions["undo"].isEnabled()
    paint_in(bench, "night", "wave")
    assert actions["undo"].isEnabled() and not actions["redo"].isEnabled()
    actions["undo"].trigger()
    assert bench.window.panes.result_detail.text().startswith("The Night")
    assert not actions["undo"].isEnabled() and bench.window.history_strip.currentRow() == 1
    actions["redo"].trigger()
    assert bench.window.panes.result_detail.text().startswith("The Wave")
    assert actions["undo"].shortcuts() == QKeySequence.keyBindings(QKeySequence.Undo)


def test_another_photo_keeps_the_results_of_the_first_and_each_brings_its_photo_back(
    bench: Bench, photo: np.ndarray, two_photos: tuple[Path, Path]
) -> None:
    bench.open_photo(two_photos[0])
    paint_in(bench, "night")
    bench.open_photo(two_photos[1])
    assert bench.session.state.result is None and len(bench.session.history.entries) == 1
    paint_in(bench, "wave")
    bench.qtbot.keyClick(bench.window.history_strip, Qt.Key_Down)
    bench.until(lambda: bench.session.state.photo.path == two_photos[0])
    np.testing.assert_array_equal(shown(bench.window.panes.photo_pane), photo)
    np.testing.assert_array_equal(shown(bench.window.panes.result_pane), 255 - photo)


def test_results_on_disk_are_shown_again(
    bench: Bench, photo: np.ndarray, two_photos: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.session.history._store, "_memory_bytes", lambda: 0)
    for path in two_photos:
        bench.open_photo(path)
        paint_in(bench, "night")
    first = bench.session.history.entries[0]
    bench.until(lambda: first.result.path is not None and first.photo.path is not None)
    assert first.result.picture is None and first.photo.picture is None
    bench.window.commands.actions["undo"].trigger()
    bench.until(lambda: bench.session.state.photo.path == two_photos[0])
    np.testing.assert_array_equal(shown(bench.window.panes.result_pane), 255 - photo)
    folder = first.result.path.parent
    bench.window.quit()
    assert not folder.exists(), "nothing is left on disk"


def test_a_key_removes_a_result_and_the_one_before_is_shown(bench: Bench, photo_file: Path) -> None:
    strip = bench.window.history_strip
    bench.open_photo(photo_file)
    paint_in(bench, "night", "wave", "night")
    bench.qtbot.keyClick(strip, Qt.Key_Delete)
    assert strip.count() == 2 and bench.window.panes.result_detail.text().startswith("The Wave")
    bench.qtbot.keyClick(strip, Qt.Key_Delete)
    assert not strip.isVisible() and bench.window.panes.result_detail.text().startswith("The Night")


def test_two_results_are_compared_side_by_side(bench: Bench, photo: np.ndarray, photo_file: Path) -> None:
    strip, panes = bench.window.history_strip, bench.window.panes
    bench.open_photo(photo_file)
    paint_in(bench, "night")
    bench.session.state.settings = type(bench.session.state.settings)(strength=0.3)
    paint_in(bench, "wave")
    strip.compare.emit(bench.session.history.entries[0])
    assert (panes.photo_title.text(), panes.photo_detail.text()[:9]) == ("Compared with", "The Night")
    np.testing.assert_array_equal(shown(panes.photo_pane), 255 - photo)
    assert "compared with the result" in strip.item(1).toolTip()
    bench.qtbot.keyClick(strip, Qt.Key_Down)
    bench.qtbot.keyClick(strip, Qt.Key_C)
    assert panes.photo_title.text() == "Photo"
    np.testing.assert_array_equal(shown(panes.photo_pane), photo)


def test_the_style_and_the_settings_of_a_result_are_used_again(
    bench: Bench, photo_file: Path, two_photos: tuple[Path, Path]
) -> None:
    bench.open_photo(photo_file)
    bench.window.controls.strength.setValue(40)
    bench.session.open_painting(two_photos[1])
    bench.until(lambda: bench.session.state.painting is not None)
    bench.paint()
    bench.window.controls.strength.setValue(90)
    paint_in(bench, "wave")
    bench.session.open_painting(two_photos[0])
    bench.until(lambda: bench.session.state.painting.path == two_photos[0])
    bench.qtbot.keyClick(bench.window.history_strip, Qt.Key_Down)
    bench.qtbot.keyClick(bench.window.history_strip, Qt.Key_Return)
    bench.until(lambda: bench.session.state.settings.strength == 0.4)
    assert bench.session.state.choice.kind == "painting"
    assert bench.session.state.painting.path == two_photos[1]
    assert bench.window.controls.strength.value() == 40


def test_every_entry_of_the_menu_does_what_it_says(bench: Bench, photo_file: Path) -> None:
    strip = bench.window.history_strip
    bench.open_photo(photo_file)
    paint_in(bench, "night", "wave")
    told: list[tuple[str, Any]] = []
    for name in ("compare", "reuse", "save", "remove"):
        getattr(strip, name).disconnect()
        getattr(strip, name).connect(lambda entry, name=name: told.append((name, entry)))
    entry = bench.session.history.entries[0]
    for action in strip.menu(entry).actions():
        action.trigger()
    assert told == [(name, entry) for name in ("compare", "reuse", "save", "remove")]


def test_saving_marks_the_result_that_was_saved(bench: Bench, photo_file: Path, tmp_path: Path) -> None:
    strip = bench.window.history_strip
    bench.open_photo(photo_file)
    paint_in(bench, "night", "wave")
    bench.session.saving.save(bench.session.state.result, tmp_path / "wave.png", overwrite=False)
    bench.until(lambda: (tmp_path / "wave.png").exists() and "Saved" in strip.item(0).toolTip())
    assert "not saved yet" in strip.item(1).toolTip()
    assert [entry.outline.request.choice.source for entry in bench.session.history.unsaved] == ["night"]


def answer(monkeypatch: pytest.MonkeyPatch, value: str) -> list[int]:
    counts: list[int] = []

    def ask(_parent: Any, count: int, _language: str) -> str:
        counts.append(count)
        return value

    monkeypatch.setattr(dialogs, "asks_about_unsaved", ask)
    return counts


def test_closing_asks_about_unsaved_results_once(
    bench: Bench, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = answer(monkeypatch, "cancel")
    bench.open_photo(photo_file)
    paint_in(bench, "night", "wave")
    bench.window.close()
    assert counts == [2] and bench.window.isVisible()
    answer(monkeypatch, "close")
    bench.window.close()
    assert not bench.window.isVisible() and bench.window.stopped


def test_closing_does_not_ask_where_all_is_saved(
    bench: Bench, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = answer(monkeypatch, "cancel")
    bench.open_photo(photo_file)
    paint_in(bench, "night")
    bench.session.saving.save(bench.session.state.result, tmp_path / "night.png", overwrite=False)
    bench.until(lambda: not bench.session.history.unsaved)
    bench.window.close()
    assert counts == [] and bench.window.stopped


def test_save_all_writes_every_unsaved_result_under_a_free_name_and_closes(
    bench: Bench, photo: np.ndarray, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "save")
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "photo_night.png").write_bytes(b"of another day")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    bench.open_photo(photo_file)
    paint_in(bench, "night", "night", "wave")
    bench.window.close()
    bench.until(lambda: bench.window.stopped)
    assert sorted(os.listdir(folder)) == [
        "photo_night (2).png",
        "photo_night (3).png",
        "photo_night.png",
        "photo_wave.png",
    ]
    np.testing.assert_array_equal(read_image(folder / "photo_night (3).png")[0], 255 - photo)
    assert (folder / "photo_night.png").read_bytes() == b"of another day"


def test_a_save_that_fails_keeps_the_window_open(
    bench: Bench, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "save")
    (tmp_path / "file").touch()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "file"))
    bench.open_photo(photo_file)
    paint_in(bench, "night")
    bench.window.close()
    bench.until(lambda: bench.window.dialog.isVisible())
    assert bench.window.isVisible() and len(bench.session.history.unsaved) == 1


def test_the_question_has_three_answers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    for number, expected in enumerate(["save", "close", "cancel"]):

        def click(box: QMessageBox, number: int = number) -> int:
            texts.append(box.text())
            wanted = [QMessageBox.AcceptRole, QMessageBox.DestructiveRole, QMessageBox.RejectRole][number]
            next(button for button in box.buttons() if box.buttonRole(button) == wanted).click()
            return 0

        monkeypatch.setattr(QMessageBox, "exec_", click)
        assert asks_about_unsaved(bench.window, number + 1, "en") == expected
    assert texts == ["One result is not saved.", "2 results are not saved.", "3 results are not saved."]


def test_a_signal_closes_without_a_question(bench: Bench, photo_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = answer(monkeypatch, "cancel")
    bench.open_photo(photo_file)
    paint_in(bench, "night")
    bench.window.quit()
    assert counts == [] and bench.window.stopped
