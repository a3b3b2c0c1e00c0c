"""The window with a fake predictor: actions of the user, and errors."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QImage
from PyQt5.QtWidgets import QApplication, QFileDialog, QLabel, QToolTip
from pytestqt.qtbot import QtBot
from window_bench import Bench, FakePredictor

from ppgan_lite.errors import CancelledError, CheckpointError, MissingDependencyError
from ppgan_lite.gui.app import main
from ppgan_lite.gui.jobs import Job
from ppgan_lite.gui.pixels import from_qimage
from ppgan_lite.gui.worker import Worker
from ppgan_lite.images import SAMPLE_PHOTO, NamedFile, ResultSettings, read_image, read_settings, write_image
from ppgan_lite.inference import cost, estimate


def shown(pane: Any) -> np.ndarray:
    return np.asarray(pane.picture.image)


def mime_of(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(bench: Bench, mime: QMimeData, at: QPoint) -> bool:
    """Drop content on the window; False where the window refuses it."""
    enter = QDragEnterEvent(at, Qt.CopyAction, mime, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(bench.window, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(at), Qt.CopyAction, mime, Qt.LeftButton, Qt.NoModifier)
        QApplication.sendEvent(bench.window, event)
    return enter.isAccepted()


def test_a_photo_is_painted_and_shown_beside_itself(bench: Bench, photo: np.ndarray, photo_file: Path) -> None:
    assert not bench.window.controls.run.isEnabled(), "there is nothing to paint yet"
    bench.open_photo(photo_file)
    bench.window.controls.strength.setValue(70)
    bench.window.controls.keep_colors.setChecked(True)
    bench.qtbot.mouseClick(bench.window.controls.run, Qt.LeftButton)
    bench.until(lambda: bench.session.state.result is not None)
    np.testing.assert_array_equal(shown(bench.window.panes.photo_pane), photo)
    np.testing.assert_array_equal(shown(bench.window.panes.result_pane), 255 - photo)
    assert bench.predictors["night"].calls == [{"strength": 0.7, "keep_colors": True, "brush": None}]
    assert bench.window.status.device_label.text() == "Device: GPU 0"
    assert bench.window.panes.result_detail.text() == "The Night  ·  70 %  ·  Keep colors  ·  60 × 40"
    assert bench.window.status.label.text().startswith("Done in ")


def test_a_face_gets_fewer_strokes_unless_the_box_is_unchecked(bench: Bench, tmp_path: Path) -> None:
    bench.open_photo(SAMPLE_PHOTO)
    for spared in (True, False):
        bench.window.controls.spare_faces.setChecked(spared)
        bench.session.state.result = None
        bench.qtbot.mouseClick(bench.window.controls.run, Qt.LeftButton)
        bench.until(lambda: bench.session.state.result is not None)
        assert ("strokes" in bench.predictors["night"].calls[-1]) == spared
        assert ("Spare faces" in bench.window.panes.result_detail.text()) == spared
        assert bench.session.state.result.settings.options["faces"] == (0.6 if spared else 1)


def test_what_is_local_to_a_thread_stays_from_one_job_to_the_next(qtbot: QtBot) -> None:
    worker, local = Worker("test"), threading.local()
    answers: list[object] = []
    worker.finished.connect(lambda _job, value: answers.append(value))
    worker.submit(Job(1, "photo"), lambda _callbacks, _cancelled: setattr(local, "mode", "eager"))
    worker.submit(Job(2, "photo"), lambda _callbacks, _cancelled: getattr(local, "mode", "lost"))
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert worker.stop(1000)
    assert answers == [None, "eager"]


def test_the_painter_works_on_a_thread_of_its_own(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    bench.paint()
    ((source, thread),) = bench.loaded
    assert source == "night", "a style is loaded once"
    assert thread != threading.current_thread().name


def test_progress_is_shown_and_cancel_answers_at_once(bench: Bench, photo_file: Path) -> None:
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    bench.open_photo(photo_file)
    bench.qtbot.keyClick(bench.window, Qt.Key_Return, Qt.ControlModifier)
    bench.until(lambda: bench.window.panes.result_pane.note == "Working… 42 %")
    assert bench.window.controls.cancel.isVisible() and not bench.window.controls.run.isEnabled()
    began = time.perf_counter()
    bench.qtbot.mouseClick(bench.window.controls.cancel, Qt.LeftButton)
    assert bench.window.panes.result_pane.note == "" and bench.window.controls.run.isEnabled()
    assert bench.window.status.label.text() == "Canceled"
    assert time.perf_counter() - began < 0.5
    assert bench.session.state.result is None


def test_the_focus_goes_to_cancel_and_back(bench: Bench, photo_file: Path) -> None:
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    bench.open_photo(photo_file)
    bench.window.activateWindow()
    bench.window.controls.run.setFocus()
    bench.qtbot.keyClick(bench.window.controls.run, Qt.Key_Space)
    assert bench.window.focusWidget() is bench.window.controls.cancel
    bench.predictors["night"].gate.set()
    bench.until(lambda: bench.session.state.result is not None)
    assert bench.window.focusWidget() is bench.window.controls.run


def test_the_title_tells_the_task_bar_how_far_it_is_and_calls_when_it_is_done(
    bench: Bench, photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = []
    monkeypatch.setattr(QApplication, "alert", called.append)
    monkeypatch.setattr(bench.window, "isActiveWindow", lambda: False)
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.window.windowTitle() == "42 % – ppgan_lite")
    assert called == []
    bench.predictors["night"].gate.set()
    bench.until(lambda: bench.window.windowTitle() == "ppgan_lite")
    assert called == [bench.window]


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (40.2, "Working… 42 %  ·  about 40 s, 1.2 GB", "正在处理… 42 %  ·  预计 40 秒，内存 1.2 GB"),
        (300.0, "Working… 42 %  ·  about 5 min, 1.2 GB", "正在处理… 42 %  ·  预计 5 分钟，内存 1.2 GB"),
        (None, "Working… 42 %  ·  1.2 GB", "正在处理… 42 %  ·  1.2 GB"),
    ],
)
def test_what_a_large_picture_will_take_is_shown_in_both_languages(
    bench: Bench, photo_file: Path, monkeypatch: Any, seconds: float | None, english: str, chinese: str
) -> None:
    monkeypatch.setattr(estimate, "LARGE_PX", 60 * 40)
    predictor = bench.predictors["night"] = FakePredictor(gate=threading.Event(), cost=cost.Cost(seconds, 1.24e9))
    monkeypatch.setattr(predictor, "calibrate", lambda image, *, cancelled: None, raising=False)
    bench.open_photo(photo_file)
    statuses: list[str] = []
    bench.session.jobs.costed.connect(lambda _job, _cost: statuses.append(bench.window.status.label.text()))
    bench.session.run()
    bench.until(lambda: bench.window.status.label.text() == english)
    assert statuses == [
        english.replace("Working… 42 %", "Measuring how long it will take…" if seconds is None else "Getting ready…")
    ], "before the first of it is done"
    assert bench.window.panes.result_pane.note == "Working… 42 %"
    bench.window.choose_language("zh")
    assert bench.window.status.label.text() == chinese
    bench.session.cancel()
    assert bench.window.status.label.text() == "已取消"
    bench.window.choose_language("en")
    monkeypatch.setattr(estimate, "LARGE_PX", 60 * 40 + 1)
    bench.session.run()
    bench.until(lambda: bench.window.status.label.text() == "Working… 42 %")


def test_a_picture_that_does_not_fit_into_memory_is_refused_and_the_window_goes_on(
    bench: Bench, photo_file: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(estimate, "LARGE_PX", 60 * 40)
    predictor = bench.predictors["night"] = FakePredictor(cost=cost.Cost(9.0, 1e15))
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.window.dialog.isVisible())
    assert bench.window.dialog.informativeText().startswith("60 x 40 pixels: needs about 1000000.0 GB of memory")
    assert predictor.calls == [] and bench.window.controls.run.isEnabled()


def test_what_loads_a_painter_is_told_of_cancel(bench: Bench, photo_file: Path, monkeypatch: Any) -> None:
    began, ended = threading.Event(), threading.Event()

    def load(source: str, direction: str | None, is_deep: bool, cancelled: Callable[[], bool]) -> FakePredictor:
        began.set()
        while not cancelled():
            time.sleep(0.005)
        ended.set()
        raise CancelledError

    monkeypatch.setattr(bench.session.predictors, "_load", load)
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(began.is_set)
    assert bench.window.status.label.text() == "Getting ready…"
    bench.session.cancel()
    bench.until(ended.is_set)
    assert not bench.window.dialog.isVisible() and bench.session.state.result is None


def test_the_last_result_stays_when_the_next_is_cancelled(bench: Bench, photo: np.ndarray, photo_file: Path) -> None:
    bench.predictors["wave"] = FakePredictor(gate=threading.Event())
    bench.open_photo(photo_file)
    bench.paint()
    assert bench.session.cards.choose("wave")
    bench.session.run()
    bench.until(lambda: bench.window.panes.result_pane.note == "Working… 42 %")
    bench.qtbot.keyClick(bench.window, Qt.Key_Escape)
    np.testing.assert_array_equal(shown(bench.window.panes.result_pane), 255 - photo)
    assert bench.window.panes.result_detail.text().startswith("The Night")


def test_a_result_that_comes_after_cancel_is_thrown_away(bench: Bench, photo_file: Path) -> None:
    gate = threading.Event()
    bench.predictors["night"] = FakePredictor(gate=gate, deaf=True)
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.predictors["night"].calls)
    bench.session.cancel()
    assert bench.session.cards.choose("wave")
    bench.session.run()  # waits behind the deaf one
    gate.set()
    bench.until(lambda: bench.session.state.result is not None)
    assert bench.session.state.result.request.choice.source == "wave"


def test_a_result_of_the_photo_before_is_thrown_away(bench: Bench, photo_file: Path) -> None:
    gate = threading.Event()
    bench.predictors["night"] = FakePredictor(gate=gate, deaf=True)
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.predictors["night"].calls)
    other = photo_file.with_name("other.png")
    other.write_bytes(photo_file.read_bytes())
    bench.open_photo(other)
    gate.set()
    bench.paint()
    assert bench.session.state.result.request.photo.path == other


def test_an_error_while_painting_becomes_a_dialog_and_the_window_goes_on(
    bench: Bench, photo_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench.predictors["night"] = FakePredictor(error=RuntimeError("out of\npaint"))
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.window.dialog.isVisible())
    assert bench.window.dialog.text() == "The picture could not be made."
    assert bench.window.dialog.informativeText() == "RuntimeError: out of paint"
    assert "Traceback" in caplog.text, "an error that we did not foresee leaves its trace"
    bench.window.dialog.close()
    bench.predictors["night"].error = None
    bench.paint()


def test_a_name_with_html_in_it_is_shown_as_it_is_everywhere(bench: Bench, photo_file: Path) -> None:
    named = photo_file.with_name("<h1>a<b>&amp;.png")
    named.write_bytes(photo_file.read_bytes())
    bench.open_photo(named)
    bench.session.open_painting(named)
    bench.until(lambda: bench.session.state.painting is not None)
    bench.session.load_checkpoint(Path("<i>mine.ppgan"))
    bench.until(lambda: bench.session.state.choice.kind == "checkpoint")
    bench.session.open_photo(named.with_name("<u>missing.png"))
    bench.until(lambda: bench.window.dialog.isVisible())
    labels = bench.window.findChildren(QLabel)
    assert {label.textFormat() for label in labels} == {Qt.PlainText}
    shown = "\n".join(label.text() for label in labels)
    assert all(name in shown for name in ("<h1>a<b>&amp;.png", "<u>missing.png: does not exist"))
    assert bench.window.gallery.item(1).toolTip().startswith("<i>mine\n")
    QToolTip.showText(QPoint(0, 0), bench.window.gallery.item(1).toolTip())
    (tip,) = (widget for widget in QApplication.topLevelWidgets() if widget.inherits("QTipLabel"))
    assert tip.textFormat() == Qt.PlainText
    QToolTip.hideText()


def test_too_little_memory_is_told_in_the_users_language(bench: Bench, photo_file: Path) -> None:
    bench.predictors["night"] = FakePredictor(error=MemoryError())
    bench.open_photo(photo_file)
    bench.window.choose_language("zh")
    bench.session.run()
    bench.until(lambda: bench.window.dialog.isVisible())
    assert bench.window.dialog.text() == "无法生成图片。"
    assert bench.window.dialog.informativeText().startswith("内存不足")


def test_closing_during_a_run_ends_cleanly(bench: Bench, photo_file: Path) -> None:
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.predictors["night"].calls)
    bench.window.close()
    assert bench.window.stopped and not bench.window.isVisible()


def test_a_photo_that_cannot_be_read_leaves_the_old_one_and_its_result(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    before = bench.session.state.photo, bench.session.state.result
    fake = photo_file.with_name("words.jpg")
    fake.write_text("not a picture")
    for path, words in (
        (fake, "is not a picture"),
        (fake.with_name("无.png"), "does not exist"),
        (fake.parent, "folder"),
    ):
        bench.session.open_photo(path)
        bench.until(lambda: bench.window.dialog.isVisible())
        assert bench.window.dialog.text() == "The photo could not be opened."
        assert words in bench.window.dialog.informativeText() and str(path) in bench.window.dialog.informativeText()
        assert "still there" in bench.window.dialog.informativeText()
        bench.window.dialog.close()
        assert (bench.session.state.photo, bench.session.state.result) == before


def test_a_checkpoint_shows_the_pickers_that_it_needs(bench: Bench, photo_file: Path) -> None:
    controls = bench.window.controls
    assert controls.strength_group.isVisible() and not controls.painting_group.isVisible()
    bench.predictors["mine.ppgan"] = FakePredictor(inputs=("photo", "style"))
    bench.session.load_checkpoint(Path("mine.ppgan"))
    bench.until(lambda: bench.session.state.choice.source == "mine.ppgan")
    assert controls.strength_group.isVisible() and controls.painting_group.isVisible()
    bench.predictors["zebra.ppgan"] = FakePredictor(task="translate")
    bench.session.load_checkpoint(Path("zebra.ppgan"))
    bench.until(lambda: bench.session.state.choice.source == "zebra.ppgan")
    assert not controls.strength_group.isVisible() and not controls.painting_group.isVisible()
    assert controls.run.text() == "Translate"
    bench.open_photo(photo_file)
    bench.paint()
    assert bench.predictors["zebra.ppgan"].calls == [{}]


def test_a_checkpoint_of_two_directions_shows_a_picker_and_each_has_its_net(
    bench: Bench, photo: np.ndarray, photo_file: Path
) -> None:
    controls, directions = bench.window.controls, ("a_to_b", "b_to_a")
    bench.predictors["zebra.ppgan"] = FakePredictor(task="translate", directions=directions)
    bench.predictors["zebra.ppgan b_to_a"] = FakePredictor(task="translate", directions=directions, scale=2)
    assert not controls.direction_group.isVisible()
    bench.session.load_checkpoint(Path("zebra.ppgan"))
    bench.until(lambda: bench.session.state.choice.source == "zebra.ppgan")
    assert controls.direction_group.isVisible()
    assert [controls.direction.itemText(index) for index in range(2)] == ["A → B", "B → A"]
    assert controls.direction.currentText() == "A → B"
    bench.open_photo(photo_file)
    bench.paint()
    bench.qtbot.keyClick(controls.direction, Qt.Key_Down)
    assert controls.direction.currentText() == "B → A"
    bench.paint()
    assert bench.window.panes.result_detail.text() == "zebra  ·  B → A  ·  120 × 80"
    result = bench.session.state.result
    assert (result.settings.verb, result.settings.options) == ("translate", {"direction": "b_to_a"})
    assert result.file_name() == "photo_zebra_b_to_a.png"
    assert [source for source, _ in bench.loaded] == ["zebra.ppgan", "zebra.ppgan b_to_a"]
    assert bench.session.cards.choose("night") and bench.session.cards.choose("zebra.ppgan")
    assert controls.direction.currentText() == "B → A", "it is turned as it was left"


def test_a_larger_result_is_shown_at_the_scale_of_the_photo(bench: Bench, photo_file: Path) -> None:
    bench.predictors["restore_x4.ppgan"] = FakePredictor(task="restore", scale=4)
    bench.session.load_checkpoint(Path("restore_x4.ppgan"))
    bench.until(lambda: bench.session.state.choice.source == "restore_x4.ppgan")
    controls = bench.window.controls
    groups = (controls.strength_group, controls.painting_group, controls.direction_group)
    assert not any(group.isVisible() for group in groups)
    assert controls.run.text() == "Restore"
    bench.window.choose_language("zh")
    assert controls.run.text() == "开始修复" and bench.window.gallery.item(1).text() == "restore_x4"
    bench.open_photo(photo_file)
    bench.paint()
    assert bench.window.panes.result_pane.picture.size == (240, 160)
    area = bench.window.panes.viewport.target.toRect().adjusted(20, 20, -20, -20)
    on_screen, inverted = (
        from_qimage(pane.grab(area).toImage())[0].astype(int)
        for pane in (bench.window.panes.photo_pane, bench.window.panes.result_pane)
    )
    assert on_screen.std() > 20
    assert np.median(np.abs(on_screen + inverted - 255)) <= 3, "the same places of the photo lie at the same places"


def test_a_checkpoint_that_cannot_be_loaded_leaves_the_choice(bench: Bench) -> None:
    bench.predictors["bad.ppgan"] = CheckpointError("bad.ppgan", "is truncated", remedy="Copy it again")
    bench.session.load_checkpoint(Path("bad.ppgan"))
    bench.until(lambda: bench.window.dialog.isVisible())
    assert bench.window.dialog.text() == "The checkpoint could not be loaded."
    assert bench.window.dialog.informativeText().startswith("bad.ppgan: is truncated. Copy it again")
    assert bench.session.state.choice.source == "night" and bench.window.gallery.count() == 3


def test_any_painting_is_handed_to_the_predictor(bench: Bench, photo: np.ndarray, photo_file: Path) -> None:
    bench.predictors["any"] = FakePredictor(inputs=("photo", "style"))
    bench.open_photo(photo_file)
    bench.session.open_painting(photo_file)
    bench.until(lambda: bench.session.state.painting is not None)
    assert bench.session.state.choice.source == "any"
    assert bench.window.controls.painting_name.text() == "photo.png"
    bench.paint()
    np.testing.assert_array_equal(bench.predictors["any"].calls[0]["style"], photo)


@pytest.mark.usefixtures("no_home")
def test_a_user_without_a_home_picks_a_photo(bench: Bench, monkeypatch: Any) -> None:
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *words: asked.append(words[1]) or ("", ""))
    bench.window.user_actions.pick_photo()
    assert asked == ["Open a photo"]


def test_running_without_a_painting_asks_for_one(bench: Bench, photo_file: Path, monkeypatch: Any) -> None:
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *words: asked.append(words[1]) or ("", ""))
    bench.open_photo(photo_file)
    assert bench.session.cards.choose("any")
    bench.window.user_actions.run()
    assert asked == ["Choose a painting"]
    assert bench.window.status.label.text() == "Choose a painting first"


def test_the_brush_is_automatic_until_its_slider_is_moved(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    assert bench.session.state.settings.brush is None
    bench.window.controls.brush.setValue(100)
    assert not bench.window.controls.brush_auto.isChecked()
    assert bench.window.controls.brush_value.text() == "5 px"
    bench.paint()
    bench.window.controls.brush_auto.setChecked(True)
    bench.paint()
    assert [call["brush"] for call in bench.predictors["night"].calls] == [5.0, None]


def test_the_gallery_chooses_by_key_and_runs_by_double_click(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    gallery = bench.window.gallery
    bench.qtbot.keyClick(gallery, Qt.Key_Right)
    assert bench.session.state.choice.source == "wave"
    place = gallery.visualItemRect(gallery.item(1)).center()
    bench.qtbot.mouseClick(gallery.viewport(), Qt.LeftButton, pos=place)
    bench.qtbot.mouseDClick(gallery.viewport(), Qt.LeftButton, pos=place)
    bench.until(lambda: bench.session.state.result is not None)
    assert bench.session.state.result.request.choice.source == "night"


def test_texts_follow_the_language_at_run_time_and_it_is_remembered(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    bench.window.commands.languages["zh"].trigger()
    assert bench.window.controls.run.text() == "开始绘制"
    assert bench.window.commands.actions["open_photo"].text() == "打开照片…(&O)"
    assert bench.window.gallery.item(1).text() == "夜"
    assert bench.window.panes.result_detail.text() == "夜  ·  100 %  ·  60 × 40"
    assert bench.window.status.label.text().startswith("完成")
    bench.window.close()
    bench.window = bench.open_window()
    assert bench.window.controls.run.text() == "开始绘制"
    bench.window.choose_language("en")
    assert bench.window.controls.run.text() == "Stylize"


def test_files_are_dropped_by_what_and_where_they_are(bench: Bench, photo_file: Path) -> None:
    onto_photo = bench.window.panes.photo_pane.mapTo(bench.window, QPoint(50, 50))
    assert drop(bench, mime_of(photo_file), onto_photo)
    bench.until(lambda: bench.session.state.photo is not None)
    assert drop(bench, mime_of(photo_file), bench.window.gallery.mapTo(bench.window, QPoint(50, 50)))
    bench.until(lambda: bench.session.state.painting is not None)
    assert drop(bench, mime_of(photo_file.with_name("网 络.PPGAN")), onto_photo)
    bench.until(lambda: bench.session.state.choice.kind == "checkpoint")
    words = QMimeData()
    words.setText("hello")
    assert not drop(bench, words, onto_photo)


def test_a_picture_is_pasted_as_pixels_and_as_a_file(bench: Bench, photo_file: Path) -> None:
    picture = QImage(30, 20, QImage.Format_RGB32)
    picture.fill(Qt.red)
    QApplication.clipboard().setImage(picture)
    bench.window.user_actions.paste()
    bench.until(lambda: bench.session.state.photo is not None)
    assert bench.session.state.photo.image.shape == (20, 30, 3)
    assert bench.session.state.photo.image[0, 0].tolist() == [255, 0, 0]
    assert bench.window.panes.photo_detail.text() == "Pasted picture  ·  30 × 20"
    QApplication.clipboard().setMimeData(mime_of(photo_file))
    bench.window.user_actions.paste()
    bench.until(lambda: bench.session.state.photo.path == photo_file)
    QApplication.clipboard().setText("hello")
    bench.window.user_actions.paste()
    assert bench.window.status.label.text() == "There is no picture to paste"


def test_a_result_is_saved_whole_with_its_settings_under_any_name(
    bench: Bench, photo: np.ndarray, photo_file: Path, monkeypatch: Any
) -> None:
    bench.open_photo(photo_file)
    assert not bench.window.commands.actions["save_as"].isEnabled()
    bench.paint()
    target = bench.folder / "画 🎨" / "é.png"
    target.parent.mkdir()
    offered = []
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *words: offered.append(Path(words[2]).name) or (str(target), "")
    )
    bench.window.commands.actions["save_as"].trigger()
    bench.until(target.exists)
    bench.until(lambda: bench.window.status.label.text() == f"Saved {target}")
    np.testing.assert_array_equal(read_image(target)[0], 255 - photo)
    assert read_settings(target) == ResultSettings(
        "stylize",
        {"strength": 1.0, "keep_colors": False, "brush": None, "faces": 0.6},
        checkpoint=FakePredictor.checkpoint,
        photo=NamedFile(photo_file.name, read_image(photo_file)[1].sha256),
        engine="paddle",
        device="gpu:0",
    )
    assert offered == ["photo_night.png"]
    assert bench.preferences.folder("results") == target.parent


def test_a_name_without_suffix_gets_the_photos_and_replaces_nothing(
    bench: Bench, photo_file: Path, monkeypatch: Any
) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    there = bench.folder / "mine.png"
    there.write_bytes(b"precious")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_words: (str(bench.folder / "mine"), ""))
    bench.window.user_actions.pick_save()
    bench.until(lambda: bench.window.dialog.isVisible())
    assert "exists already" in bench.window.dialog.informativeText()
    assert there.read_bytes() == b"precious"


def test_save_writes_the_result_that_was_on_screen_when_it_was_asked(
    bench: Bench, photo: np.ndarray, photo_file: Path, monkeypatch: Any
) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    bench.predictors["wave"] = FakePredictor(scale=2)
    offered = []

    def answer(*words: Any) -> tuple[str, str]:
        offered.append(Path(words[2]).name)
        bench.session.cards.choose("wave")
        bench.paint()  # while the dialog is open, another picture is finished
        return str(bench.folder / offered[0]), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    bench.window.user_actions.pick_save()
    bench.until(lambda: bench.window.status.label.text().startswith("Saved "))
    assert offered == ["photo_night.png"] and bench.session.state.result.image.shape == (80, 120, 3)
    np.testing.assert_array_equal(read_image(bench.folder / "photo_night.png")[0], 255 - photo)


def test_errors_that_follow_each_other_are_all_told(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    for name in ("a.xyz", "b.xyz"):
        bench.session.saving.save(bench.session.state.result, bench.folder / name, overwrite=False)
    bench.until(lambda: not bench.session.is_running("save"))
    assert "a.xyz" in bench.window.dialog.informativeText()
    bench.window.dialog.accept()
    bench.until(lambda: "b.xyz" in bench.window.dialog.informativeText())
    assert bench.window.dialog.isVisible()
    bench.window.dialog.accept()
    bench.qtbot.wait(10)
    assert not bench.window.dialog.isVisible()


def test_a_result_is_copied_to_the_clipboard(bench: Bench, photo: np.ndarray, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    bench.window.user_actions.copy_result()
    np.testing.assert_array_equal(from_qimage(QApplication.clipboard().image())[0], 255 - photo)


def test_a_painter_that_cannot_start_is_told_quietly_until_it_is_needed(bench: Bench, photo_file: Path) -> None:
    bench.predictors["night"] = MissingDependencyError("paddle", "is not installed", remedy="Run: pip install x")
    type(bench.session).warm_up(bench.session)
    bench.until(lambda: bench.window.status.device_label.text() == "Device: none")
    assert bench.window.status.label.text() == "paddle: is not installed. Run: pip install x"
    assert not bench.window.dialog.isVisible()
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.window.dialog.isVisible())


def test_the_window_is_imported_without_paddle_and_opencv() -> None:
    code = (
        "import sys, ppgan_lite.gui.app, ppgan_lite.gui.window\n"
        "print([name for name in ('paddle', 'cv2', 'ppgan_lite.inference', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_third_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["a.ppgan", "b.jpg", "c.jpg"])
    assert refused.value.code == 2
    assert "unrecognized arguments: c.jpg" in capsys.readouterr().err


def test_the_quality_that_is_chosen_counts_for_saves_and_is_remembered(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = np.random.default_rng(3).integers(0, 255, (200, 200, 3), np.uint8)
    write_image(tmp_path / "noisy.png", noisy)
    bench.open_photo(tmp_path / "noisy.png")
    bench.paint()
    show = bench.window.commands.actions["show_saved"]
    assert not show.isEnabled()
    for quality in ("80", "100"):
        bench.window.commands.qualities[quality].trigger()
        bench.session.saving.save(bench.session.state.result, tmp_path / f"{quality}.jpg", overwrite=False)
    bench.until(lambda: not bench.session.is_running("save"))
    assert (tmp_path / "80.jpg").stat().st_size < (tmp_path / "100.jpg").stat().st_size / 1.5
    assert bench.preferences.quality == 100
    bench.until(show.isEnabled)
    shown = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    show.trigger()
    assert shown == [str(tmp_path)]


def test_no_two_commands_have_the_same_keys(bench: Bench) -> None:
    keys = [key.toString() for _, sequences in bench.window.commands.all_keys() for key in sequences]
    assert sorted(keys) == sorted(set(keys))


def test_the_keys_of_a_new_window_go_to_the_gallery(bench: Bench) -> None:
    assert bench.window.focusWidget() is bench.window.gallery


def test_a_style_is_found_by_words_of_its_title_or_artist(bench: Bench) -> None:
    window, gallery = bench.window, bench.window.gallery
    window.activateWindow()
    window.commands.actions["find_style"].trigger()
    bench.qtbot.keyClicks(window.toolbar.search, "painter WAVE")
    shown = [gallery.item(row).text() for row in range(gallery.count()) if not gallery.item(row).isHidden()]
    assert shown == ["The Wave"]
    bench.session.choices_changed.emit()
    assert sum(not gallery.item(row).isHidden() for row in range(gallery.count())) == 1, "it stays so"
    assert bench.session.state.choice.source == "night"
    bench.qtbot.keyClick(window.toolbar.search, Qt.Key_Return)
    assert bench.session.state.choice.source == "wave" and window.focusWidget() is gallery
    bench.qtbot.keyClick(window.toolbar.search, Qt.Key_Escape)
    assert not any(gallery.item(row).isHidden() for row in range(gallery.count()))
    assert bench.session.state.choice.source == "wave"
