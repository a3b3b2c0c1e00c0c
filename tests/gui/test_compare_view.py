"""Two named pictures: side by side and split, the handle, what is on which side, and the original."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication, QLineEdit, QPushButton, QSlider, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from window_bench import Bench

from ppgan_lite.gui.compare_view import CompareView, Side
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.pixels import from_qimage
from ppgan_lite.gui.pyramid import Pyramid

RED, BLUE = [200, 10, 10], [10, 10, 200]


def plain(color: list[int], scale: int = 1) -> Pyramid:
    return Pyramid.of(np.full((200 * scale, 400 * scale, 3), color, np.uint8))


@pytest.fixture
def view(qtbot: QtBot) -> CompareView:
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(820, 440)
    view.set_language("en")
    view.viewport.show_photo(QSize(400, 200))
    view.show_sides(Side("Photo", "a.jpg", plain(RED)), Side("Result", "The Wave", plain(BLUE)))
    view.show()
    qtbot.waitExposed(view)
    return view


def color_at(view: CompareView, share: float) -> list[int]:
    """Return the color of a place in the middle of the stage, from left (0) to right (1)."""
    pixels = from_qimage(view._stage.grab().toImage())[0]
    return pixels[pixels.shape[0] // 2 + 40, round(share * (pixels.shape[1] - 1))].tolist()


def test_two_pictures_stand_side_by_side_with_their_names(view: CompareView) -> None:
    assert [color_at(view, share) for share in (0.25, 0.75)] == [RED, BLUE]
    assert [(caption.title.text(), caption.detail.text()) for caption in view.captions] == [
        ("Photo", "a.jpg"),
        ("Result", "The Wave"),
    ]
    assert not view.handle.isVisible()
    assert view.panes[0].size() == view.panes[1].size()


def test_a_split_view_shows_one_left_and_the_other_right_of_the_handle(view: CompareView) -> None:
    view.set_comparison(Comparison(is_split=True, position=0.3))
    assert [color_at(view, share) for share in (0.1, 0.27, 0.33, 0.9)] == [RED, RED, BLUE, BLUE]
    assert view.viewport.area == view._stage.size(), "the picture takes the whole room"
    view.set_comparison(Comparison(is_split=True, position=0.3, is_swapped=True))
    assert [color_at(view, share) for share in (0.1, 0.9)] == [BLUE, RED]
    view.layout().activate()
    assert view.captions[1].x() < view.captions[0].x()


@pytest.mark.parametrize("position", [0.0, 1.0])
def test_the_handle_can_be_taken_at_the_ends_too(view: CompareView, position: float) -> None:
    view.set_comparison(Comparison(is_split=True, position=position))
    assert view._stage.rect().intersected(view.handle.geometry()).width() >= 14
    assert color_at(view, 0.5) == (RED if position else BLUE)


def test_the_handle_is_dragged_centered_and_moved_by_keys(view: CompareView, qtbot: QtBot) -> None:
    view.toggle_split()
    told: list[Comparison] = []
    view.comparison_changed.connect(told.append)
    handle, width = view.handle, view._stage.width()
    assert handle.width() >= 24 and handle.height() == view._stage.height()
    qtbot.mousePress(handle, Qt.LeftButton, pos=QPoint(4, 30))  # beside its line
    assert view.comparison.position == 0.5, "taking it does not move it"
    move = QMouseEvent(QEvent.MouseMove, QPointF(4 - 205, 30), Qt.NoButton, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(handle, move)
    assert view.comparison.position == pytest.approx(0.25, abs=0.002)
    qtbot.mouseRelease(handle, Qt.LeftButton)
    assert handle.x() + handle.width() // 2 == pytest.approx(0.25 * width, abs=1)
    qtbot.keyClick(handle, Qt.Key_Right)
    assert view.comparison.position == pytest.approx(0.26, abs=0.002)
    qtbot.keyClick(handle, Qt.Key_PageDown)
    qtbot.keyClick(handle, Qt.Key_End)
    assert view.comparison.position == 1
    qtbot.mouseDClick(handle, Qt.LeftButton)
    assert view.comparison.position == 0.5
    assert told[-1] == view.comparison


def test_a_screen_reader_meets_the_handle_as_a_slider_and_panes_by_their_names(view: CompareView) -> None:
    view.set_comparison(Comparison(is_split=True, position=0.3))
    # PyQt5 has no QAccessible; Qt gives every QSlider its role and its value.
    assert isinstance(view.handle, QSlider)
    assert view.handle.accessibleName() == "Handle between the two pictures"
    assert (view.handle.minimum(), view.handle.value(), view.handle.maximum()) == (0, 300, 1000)
    view.handle.setValue(700)
    assert view.comparison.position == 0.7
    assert view.panes[1].accessibleName() == "Result"
    assert view.panes[1].accessibleDescription() == f"The Wave, {view.zoom_label.text()}"


def test_focus_goes_from_left_to_right_and_can_be_seen(view: CompareView, qtbot: QtBot) -> None:
    view.activateWindow()
    view.set_comparison(Comparison(is_split=True))
    view.panes[0].setFocus(Qt.TabFocusReason)
    before = from_qimage(view.panes[1].grab().toImage())[0]
    qtbot.keyClick(view.panes[0], Qt.Key_Tab)
    assert view.panes[1].hasFocus()
    assert not np.array_equal(before, from_qimage(view.panes[1].grab().toImage())[0])
    qtbot.keyClick(view.panes[1], Qt.Key_Tab)
    assert view.handle.hasFocus()


def test_holding_space_shows_the_first_picture_in_the_place_of_the_second(view: CompareView, qtbot: QtBot) -> None:
    view.activateWindow()
    view.panes[0].setFocus()
    qtbot.keyPress(view.panes[0], Qt.Key_Space)
    assert [color_at(view, share) for share in (0.25, 0.75)] == [RED, RED]
    assert view.captions[1].title.text() == "Photo"
    qtbot.keyRelease(view.panes[0], Qt.Key_Space)
    assert [color_at(view, share) for share in (0.25, 0.75)] == [RED, BLUE]
    view.toggle_split()
    qtbot.keyPress(view.panes[0], Qt.Key_Space)
    assert [color_at(view, share) for share in (0.25, 0.75)] == [RED, RED]
    qtbot.keyRelease(view.panes[0], Qt.Key_Space)


def test_space_still_presses_buttons_and_writes_blanks(view: CompareView, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout, button, line = QVBoxLayout(window), QPushButton("Save"), QLineEdit()
    for widget in (view, button, line):
        layout.addWidget(widget)
    window.show()
    window.activateWindow()
    pressed: list[bool] = []
    button.clicked.connect(pressed.append)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key_Space)
    line.setFocus()
    qtbot.keyClick(line, Qt.Key_Space)
    assert len(pressed) == 1 and line.text() == " "
    view.setParent(None)  # both close by themselves


def test_space_shows_the_photo_right_after_the_button_was_clicked(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    bench.window.activateWindow()
    bench.qtbot.mouseClick(bench.window.controls.run, Qt.LeftButton)
    bench.until(lambda: bench.session.state.result is not None)
    bench.qtbot.keyPress(bench.window.focusWidget() or bench.window, Qt.Key_Space)
    assert bench.window.panes.shows_original and bench.session.work is None
    bench.qtbot.keyRelease(bench.window.focusWidget() or bench.window, Qt.Key_Space)
    assert not bench.window.panes.shows_original


def test_without_a_second_picture_nothing_is_split(view: CompareView) -> None:
    view.toggle_split()
    view.show_sides(Side("Photo", "a.jpg", plain(RED)), Side("Result"))
    assert not view.handle.isVisible() and not view.split_button.isEnabled()
    assert color_at(view, 0.25) == RED
    view.show_sides(Side("Photo", "a.jpg", plain(RED)), Side("Result", "", plain(BLUE)))
    assert view.handle.isVisible(), "the choice is kept"


def test_the_zoom_is_shown_of_the_most_detailed_picture(view: CompareView) -> None:
    assert view.zoom_label.text() == f"{100 * view.viewport.scale:.0f} %"
    view.show_sides(Side("Photo", "", plain(RED)), Side("Result", "", plain(BLUE, scale=4)))
    view.actual_size()
    assert view.zoom_label.text() == "100 %" and view.viewport.scale == 4


def test_a_long_name_keeps_its_ends_and_is_whole_in_a_tip(view: CompareView) -> None:
    name = "a_very_long_name_of_a_photo" * 9 + ".jpg  ·  400 × 200"
    view.show_sides(Side("Photo", name, plain(RED)), Side("Result", "", plain(BLUE)))
    detail = view.captions[0].detail
    assert detail.text() == name
    assert detail.shown_text().startswith("a_very_long") and detail.shown_text().endswith("400 × 200")
    assert view.minimumSizeHint().width() <= 400


def test_the_way_of_comparing_is_remembered(bench: Bench) -> None:
    bench.window.panes.set_comparison(Comparison(is_split=True, position=0.3, is_swapped=True))
    bench.window.close()
    bench.window = bench.open_window()
    assert bench.window.panes.comparison == Comparison(is_split=True, position=0.3), "sides are as always"
    bench.window.commands.actions["split"].setEnabled(True)
    bench.window.commands.actions["split"].trigger()
    assert not bench.window.panes.comparison.is_split
    assert bench.preferences.comparison == Comparison(position=0.3)
