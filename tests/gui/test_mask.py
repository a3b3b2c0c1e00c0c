"""A mask painted by hand: strokes, undo, and what becomes of it in a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent, QWheelEvent
from PyQt5.QtWidgets import QApplication
from window_bench import Bench, FakePredictor

from ppgan_lite.gui.mask import MASK_PX, MaskCanvas
from ppgan_lite.gui.mask_brush import MaskBrush
from ppgan_lite.gui.pixels import from_qimage
from ppgan_lite.images import SAMPLE_PHOTO
from ppgan_lite.inference import masking

# the mask -------------------------------------------------------------------------------------------------------------


def painted(canvas: MaskCanvas) -> np.ndarray:
    assert canvas.pixels is not None
    return canvas.pixels


def test_a_mask_has_the_photos_shape_and_a_bounded_size() -> None:
    assert MaskCanvas((300, 200)).size == (300, 200)
    assert MaskCanvas((12000, 6000)).size == (MASK_PX, MASK_PX // 2)
    assert MASK_PX == masking.MASK_PX


@pytest.mark.parametrize("softness", [0.0, 0.5, 1.0])
def test_a_stroke_is_as_wide_and_as_soft_as_the_brush(softness: float) -> None:
    canvas = MaskCanvas((200, 100))
    canvas.begin(erases=False)
    changed = canvas.stroke((50, 50), (150, 50), 20, softness)
    canvas.end()
    column = painted(canvas)[:, 100].astype(int)
    assert (column > 0).sum() == pytest.approx(41, abs=3)
    fading = ((column > 0) & (column < 255)).sum() / 2
    assert fading == pytest.approx(max(20 * softness, 1), abs=2)
    assert column[50] == 255 and (np.diff(column[:50]) >= 0).all()
    np.testing.assert_array_equal(column, column[::-1], err_msg="it is symmetric")
    left, top, right, bottom = changed
    outside = painted(canvas).copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any()


def test_going_over_a_place_twice_in_one_stroke_is_as_once() -> None:
    once, twice = MaskCanvas((100, 100)), MaskCanvas((100, 100))
    for canvas, times in ((once, 1), (twice, 5)):
        canvas.begin(erases=False)
        for _ in range(times):
            canvas.stroke((20, 50), (80, 50), 15, 1.0)
        canvas.end()
    np.testing.assert_array_equal(painted(once), painted(twice))


def test_a_stroke_beyond_the_border_changes_what_is_inside() -> None:
    canvas = MaskCanvas((100, 100))
    canvas.begin(erases=False)
    left, top, right, bottom = canvas.stroke((-500, -500), (-400, -400), 10, 0.5)
    assert left == right or top == bottom
    canvas.stroke((-5, 50), (-5, 50), 10, 0)
    assert painted(canvas)[50, 0] == 255 and painted(canvas)[50, 8:].max() == 0


def test_the_eraser_takes_away_from_everything_and_the_brush_begins_with_nothing() -> None:
    for erases, inside in ((False, 255), (True, 0)):
        canvas = MaskCanvas((100, 100))
        canvas.begin(erases=erases)
        canvas.stroke((50, 50), (50, 50), 10, 0)
        canvas.end()
        assert (painted(canvas)[50, 50], painted(canvas)[5, 5]) == (inside, 255 - inside)


def test_all_that_changes_a_mask_is_undone_and_done_again() -> None:
    canvas = MaskCanvas((60, 40))
    states: list[np.ndarray | None] = [None]

    def dab() -> None:
        canvas.begin(erases=False)
        canvas.stroke((10, 10), (10, 10), 5, 0.5)
        canvas.end()

    for change in (dab, canvas.invert, canvas.clear, lambda: canvas.replace(np.full((3, 3), 9, np.uint8)), dab):
        change()
        states.append(None if canvas.pixels is None else canvas.pixels.copy())
    for step, order in ((canvas.undo, states[-2::-1]), (canvas.redo, states[1:])):
        for expected in order:
            step()
            np.testing.assert_array_equal(canvas.pixels, expected)
        step()  # there is nothing left
    canvas.undo()
    dab()
    assert canvas.can_undo and not canvas.can_redo


def test_without_a_mask_inverting_takes_the_style_away_everywhere() -> None:
    canvas = MaskCanvas((60, 40))
    canvas.invert()
    assert painted(canvas).max() == 0


# in the window --------------------------------------------------------------------------------------------------------


@pytest.fixture
def brush(bench: Bench, photo_file: Path) -> MaskBrush:
    bench.open_photo(photo_file)
    bench.window.commands.actions["mask"].trigger()
    brush = bench.window.panes.mask_brush
    assert brush.isVisible() and bench.window.mask_row.isVisible() and not bench.window.gallery.isVisible()
    return brush


def drag(brush: MaskBrush, start: QPointF, end: QPointF, button: Qt.MouseButton = Qt.LeftButton) -> None:
    nothing = Qt.NoModifier
    for kind, place, one, all_of_them in (
        (QEvent.MouseButtonPress, start, button, button),
        (QEvent.MouseMove, end, Qt.NoButton, button),
        (QEvent.MouseButtonRelease, end, button, Qt.NoButton),
    ):
        QApplication.sendEvent(brush, QMouseEvent(kind, place, one, all_of_them, nothing))


def middle(brush: MaskBrush) -> QPointF:
    return QPointF(brush.rect().center())


def test_what_is_painted_over_the_photo_gets_the_style(bench: Bench, brush: MaskBrush) -> None:
    before = from_qimage(bench.window.panes.photo_pane.grab().toImage())[0].astype(int)
    drag(brush, middle(brush), middle(brush))
    shown = from_qimage(bench.window.panes.photo_pane.grab().toImage())[0].astype(int)
    changed = np.abs(shown - before).max(axis=-1) > 8
    rows = np.nonzero(changed)[0]
    assert rows.max() - rows.min() == pytest.approx(2 * brush.radius, abs=8), (
        "it is seen at once, as large as the brush"
    )
    bench.window.mask_row.slider("mask_outside").setValue(20)
    bench.window.controls.strength.setValue(80)
    bench.paint()
    strength = bench.predictors["night"].calls[0]["strength"]
    assert isinstance(strength, np.ndarray) and strength.shape == (40, 60)
    assert strength[20, 30] == pytest.approx(0.8, abs=0.01) and strength[2, 2] == pytest.approx(0.2, abs=0.01)
    result = bench.session.state.result
    assert "Masked" in bench.window.panes.result_detail.text()
    assert result.settings.mask.name == "a mask painted in the window"
    assert result.settings.options["strength_outside"] == 0.2


def test_the_right_button_erases_and_tools_change_places(bench: Bench, brush: MaskBrush) -> None:
    row = bench.window.mask_row
    drag(brush, middle(brush), middle(brush), Qt.RightButton)
    assert (painted(brush.canvas)[20, 30], painted(brush.canvas)[2, 2]) == (0, 255)
    row.button("mask_erase").click()
    drag(brush, middle(brush), middle(brush), Qt.RightButton)
    assert painted(brush.canvas)[20, 30] == 255
    drag(brush, middle(brush), middle(brush))
    assert painted(brush.canvas)[20, 30] == 0


def test_buttons_and_keys_change_the_mask(bench: Bench, brush: MaskBrush) -> None:
    row, qtbot = bench.window.mask_row, bench.qtbot
    assert not row.button("mask_undo").isEnabled() and not row.button("mask_clear").isEnabled()
    drag(brush, middle(brush), middle(brush))
    row.button("mask_invert").click()
    assert bench.session.state.mask.pixels[20, 30] == 0
    qtbot.keyClick(brush, Qt.Key_Z, Qt.ControlModifier)
    assert bench.session.state.mask.pixels[20, 30] == 255
    qtbot.keyClick(brush, Qt.Key_Z, Qt.ControlModifier | Qt.ShiftModifier)
    assert bench.session.state.mask.pixels[20, 30] == 0
    row.button("mask_clear").click()
    assert bench.session.state.mask is None
    radius = brush.radius
    qtbot.keyClick(brush, "]")
    assert brush.radius > radius and row.slider("mask_size").value() == round(brush.radius)


def test_wheel_and_ctrl_are_the_panes(bench: Bench, brush: MaskBrush) -> None:
    view = bench.window.panes.viewport
    view.zoom_to(20)
    origin = view.origin
    bench.qtbot.mousePress(brush, Qt.LeftButton, Qt.ControlModifier, QPoint(50, 50))
    move = QMouseEvent(QEvent.MouseMove, QPointF(70, 80), Qt.NoButton, Qt.LeftButton, Qt.ControlModifier)
    QApplication.sendEvent(brush, move)
    bench.qtbot.mouseRelease(brush, Qt.LeftButton, Qt.ControlModifier, QPoint(70, 80))
    assert view.origin - origin == QPoint(20, 30)
    scale, place, nothing = view.scale, QPointF(50, 50), QPoint()
    wheel = QWheelEvent(place, place, nothing, QPoint(0, 120), Qt.NoButton, Qt.NoModifier, Qt.NoScrollPhase, False)
    QApplication.sendEvent(brush, wheel)
    assert view.scale == pytest.approx(1.25 * scale)
    assert brush.canvas.pixels is None


def test_strokes_lie_where_the_pointer_is_when_zoomed_and_split(bench: Bench, brush: MaskBrush) -> None:
    panes = bench.window.panes
    bench.paint()
    panes.toggle_split()
    panes.viewport.zoom_to(30)
    bench.window.mask_row.slider("mask_softness").setValue(0)
    brush.radius = 30
    place = QPointF(40, 50)
    drag(brush, place, place)
    expected = (place - QPointF(panes.viewport.origin)) / 30
    rows, columns = np.nonzero(painted(brush.canvas))
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((expected.x(), expected.y()), abs=0.6)


def test_faces_are_left_out(bench: Bench) -> None:
    bench.open_photo(SAMPLE_PHOTO)
    bench.window.commands.actions["mask"].trigger()
    bench.window.mask_row.button("mask_faces").click()
    bench.until(lambda: bench.session.state.mask is not None)
    pixels = bench.session.state.mask.pixels
    assert pixels[120:140, 220:240].max() == 0 and pixels[400:, :100].min() == 255


def test_a_photo_without_faces_says_so(bench: Bench, brush: MaskBrush) -> None:
    bench.window.mask_row.button("mask_faces").click()
    bench.until(lambda: bench.window.status.label.text() == "No face was found")
    assert bench.session.state.mask is None


def test_the_mask_is_kept_when_its_editor_closes_and_goes_with_its_photo(
    bench: Bench, brush: MaskBrush, photo_file: Path
) -> None:
    drag(brush, middle(brush), middle(brush))
    bench.window.mask_row.button("mask_done").click()
    assert not brush.isVisible() and bench.window.gallery.isVisible()
    assert bench.session.state.mask is not None
    bench.window.commands.actions["mask"].trigger()
    assert painted(brush.canvas)[20, 30] == 255
    other = photo_file.with_name("other.png")
    other.write_bytes(photo_file.read_bytes())
    bench.open_photo(other)
    assert bench.session.state.mask is None and not brush.isVisible()


def test_another_result_brings_its_mask(bench: Bench, brush: MaskBrush, photo_file: Path) -> None:
    drag(brush, middle(brush), middle(brush))
    bench.paint()
    mask = bench.session.state.mask
    other = photo_file.with_name("other.png")
    other.write_bytes(photo_file.read_bytes())
    bench.open_photo(other)
    bench.paint()
    assert bench.session.state.result.request.mask is None
    bench.window.commands.actions["mask"].trigger()
    bench.window.commands.actions["undo"].trigger()
    bench.until(lambda: bench.session.state.mask is not None)
    np.testing.assert_array_equal(bench.session.state.mask.pixels, mask.pixels)
    assert not brush.isVisible(), "the editor had the mask of the other photo"


def test_a_net_without_strength_gets_no_mask(bench: Bench, brush: MaskBrush, monkeypatch: Any) -> None:
    drag(brush, middle(brush), middle(brush))
    bench.predictors["zebra.ppgan"] = FakePredictor(task="translate")
    bench.session.load_checkpoint(Path("zebra.ppgan"))
    bench.until(lambda: bench.session.state.choice.source == "zebra.ppgan")
    bench.paint()
    assert bench.predictors["zebra.ppgan"].calls == [{}]
