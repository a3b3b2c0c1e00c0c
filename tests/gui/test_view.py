"""Pixels between arrays and Qt, and the geometry of zoom and pan."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QImage, QMouseEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ppgan_lite.gui.view import MAX_SCALE, PicturePane, Viewport, from_qimage, to_pixmap


@pytest.mark.parametrize("width", [1, 2, 3, 5, 64])
def test_an_array_survives_the_way_to_a_pixmap_and_back_at_every_row_length(qtbot: QtBot, width: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (7, width, 3), np.uint8)
    pixmap = to_pixmap(image[:, ::-1])  # not contiguous
    expected = image[:, ::-1].copy()
    image[:] = 0
    del image
    gc.collect()
    back, alpha = from_qimage(pixmap.toImage())
    assert alpha is None
    np.testing.assert_array_equal(back, expected)


def test_opacity_of_a_pasted_picture_is_kept(qtbot: QtBot) -> None:
    picture = QImage(3, 2, QImage.Format_ARGB32)
    picture.fill(Qt.transparent)
    picture.setPixelColor(1, 0, Qt.red)
    image, alpha = from_qimage(picture)
    assert alpha is not None and alpha.tolist() == [[0, 255, 0], [0, 0, 0]]
    assert image[0, 1].tolist() == [255, 0, 0]


def viewport(width: int = 400, height: int = 200) -> Viewport:
    viewport = Viewport()
    viewport.show_photo(QSize(width, height))
    return viewport


PANE = QSize(200, 200)


def test_a_photo_fits_and_lies_in_the_middle() -> None:
    assert viewport().target(PANE) == QRectF(0, 50, 200, 100)


def test_a_tiny_photo_is_not_blown_up_to_the_whole_pane() -> None:
    assert viewport(16, 16).target(PANE) == QRectF(68, 68, 64, 64)


def test_zooming_keeps_the_point_under_the_pointer() -> None:
    view, at = viewport(), QPointF(150, 110)
    before = view.target(PANE)
    view.zoom_by(8, at, PANE)
    after = view.target(PANE)
    assert after.width() == pytest.approx(8 * before.width())
    for low, length in (("x", "width"), ("y", "height")):
        parts = [
            (getattr(at, low)() - getattr(target, low)()) / getattr(target, length)() for target in (before, after)
        ]
        assert parts[0] == pytest.approx(parts[1])


def test_zoom_ends_at_the_whole_photo_and_at_large_pixels() -> None:
    view = viewport()
    view.zoom_by(1e9, QPointF(100, 100), PANE)
    assert view.scale(PANE) == MAX_SCALE
    view.zoom_by(1e-9, QPointF(0, 0), PANE)
    assert view.target(PANE) == QRectF(0, 50, 200, 100)


def test_a_photo_cannot_be_dragged_out_of_the_pane() -> None:
    view = viewport()
    view.zoom_to(2, QPointF(100, 100), PANE)
    view.move_by(QPointF(1e6, 1e6), PANE)
    assert view.target(PANE).topLeft() == QPointF(0, 0)
    view.move_by(QPointF(-1e6, -1e6), PANE)
    assert view.target(PANE).bottomRight() == QPointF(200, 200)


def test_dragging_in_one_pane_moves_both(qtbot: QtBot) -> None:
    view = viewport()
    panes = PicturePane(view), PicturePane(view)
    image = np.zeros((200, 400, 3), np.uint8)
    image[:, 200:] = 255
    for pane in panes:
        qtbot.addWidget(pane)
        pane.resize(PANE)
        pane.show_pixmap(to_pixmap(image))
        pane.show()
    view.zoom_to(1, QPointF(100, 100), PANE)
    colors = [pane.grab().toImage().pixelColor(90, 100).red() for pane in panes]
    assert colors == [0, 0]
    qtbot.mousePress(panes[0], Qt.LeftButton, pos=QPoint(100, 100))
    move = QMouseEvent(QEvent.MouseMove, QPointF(60, 100), Qt.NoButton, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(panes[0], move)
    qtbot.mouseRelease(panes[0], Qt.LeftButton, pos=QPoint(60, 100))
    colors = [pane.grab().toImage().pixelColor(90, 100).red() for pane in panes]
    assert colors == [255, 255]


def test_a_large_picture_is_shrunk_without_picking_single_pixels(qtbot: QtBot) -> None:
    view = viewport(2000, 2000)
    pane = PicturePane(view)
    qtbot.addWidget(pane)
    pane.resize(PANE)
    checks = np.indices((2000, 2000)).sum(axis=0) % 2 * 255
    pane.show_pixmap(to_pixmap(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)))
    shown = pane.grab().toImage().pixelColor(100, 100).red()
    assert 120 <= shown <= 135, "black and white dots are gray from afar"
