"""Pixels between arrays and Qt, the geometry of zoom and pan, and what a pane draws."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ppgan_lite.gui import theme
from ppgan_lite.gui.picture_pane import PicturePane
from ppgan_lite.gui.pixels import CopiedPicture, from_qimage, to_pixmap
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.viewport import MAX_SCALE, Viewport


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def color_of(text: str) -> list[int]:
    return list(QColor(text).getRgb()[:3])


@pytest.mark.parametrize("width", [1, 2, 3, 5, 64])
def test_an_array_survives_the_way_to_a_pixmap_and_back_at_every_row_length(qtbot: QtBot, width: int) -> None:
    image = noise(7, width)
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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_copied_picture_keeps_its_opacity_as_pixels_and_as_png(qtbot: QtBot, dtype: type) -> None:
    image, alpha = noise(20, 31), np.arange(620, dtype=np.uint8).reshape(20, 31)
    image[alpha == 0] = 0
    factor = dtype(np.iinfo(dtype).max // 255)
    QApplication.clipboard().setMimeData(CopiedPicture(image * factor, alpha * factor))
    mime = QApplication.clipboard().mimeData()
    assert mime.hasImage() and mime.hasFormat("image/png")
    for picture in (mime.imageData(), QImage.fromData(mime.data("image/png"))):
        back, back_alpha = from_qimage(picture)
        np.testing.assert_array_equal(back, image)
        np.testing.assert_array_equal(back_alpha, alpha)
    QApplication.clipboard().setMimeData(CopiedPicture(image))
    assert not QApplication.clipboard().image().hasAlphaChannel()


# the viewport ---------------------------------------------------------------------------------------------------------

AREA = QSize(200, 200)


def viewport(width: int = 400, height: int = 200, *, ratio: float = 1.0) -> Viewport:
    viewport = Viewport()
    viewport.set_area(AREA, ratio)
    viewport.show_photo(QSize(width, height))
    return viewport


def test_a_photo_fits_and_lies_in_the_middle() -> None:
    assert viewport().target == QRectF(0, 50, 200, 100)


def test_a_tiny_photo_is_not_blown_up_to_the_whole_area() -> None:
    assert viewport(16, 16).target == QRectF(68, 68, 64, 64)
    assert viewport(16, 16, ratio=2).target == QRectF(36, 36, 128, 128)


@pytest.mark.parametrize("width", [10, 150, 200, 5000, 20000])
def test_the_actual_size_is_one_device_pixel_for_a_pixel_whatever_the_size(width: int) -> None:
    view = viewport(width, width)
    view.zoom_to_actual_size()
    assert view.scale == 1 and view.target.size().toSize() == QSize(width, width)
    view.set_area(QSize(333, 250), 1.25)
    assert view.scale == 1, "a window of another size shows it as large as before"


def test_the_actual_size_is_that_of_the_most_detailed_picture() -> None:
    view = viewport()
    view.actual_scale = 4
    view.zoom_to_actual_size()
    assert view.scale == 4


def test_what_fits_goes_on_to_fit() -> None:
    view = viewport()
    view.set_area(QSize(100, 300), 1)
    assert view.fits and view.target == QRectF(0, 125, 100, 50)


def test_zooming_keeps_the_point_under_the_pointer() -> None:
    view, at = viewport(), QPointF(150, 110)
    before = view.target
    view.zoom_to(8 * view.scale, at)
    after = view.target
    assert after.width() == pytest.approx(8 * before.width())
    for low, length in (("x", "width"), ("y", "height")):
        parts = [
            (getattr(at, low)() - getattr(target, low)()) / getattr(target, length)() for target in (before, after)
        ]
        assert parts[0] == pytest.approx(parts[1], abs=0.001)


def test_zoom_ends_at_the_whole_photo_and_at_large_pixels() -> None:
    view = viewport()
    view.zoom_to(1e9, QPointF(100, 100))
    assert view.scale == MAX_SCALE
    view.zoom_to(1e-9, QPointF(0, 0))
    assert view.fits and view.target == QRectF(0, 50, 200, 100)


def test_zooming_stops_on_its_way_at_the_actual_size_and_where_the_photo_fits() -> None:
    view = viewport()  # fits at 0.5
    scales = []
    for factor in [1.4] * 4 + [1 / 1.4] * 5:
        view.zoom_by(factor)
        scales.append(round(view.scale, 3))
    assert scales == [0.7, 0.98, 1.0, 1.4, 1.0, 0.714, 0.51, 0.5, 0.5]
    small = viewport(100, 50)  # fits at 2
    small.zoom_by(0.1)
    assert small.scale == 1, "below the area's size there is the actual size"


def test_a_photo_cannot_be_dragged_out_of_the_area() -> None:
    view = viewport()
    view.zoom_to(2)
    view.move_by(QPointF(1e6, 1e6))
    assert view.target.topLeft() == QPointF(0, 0)
    view.move_by(QPointF(-1e6, -1e6))
    assert view.target.bottomRight() == QPointF(200, 200)


# panes ----------------------------------------------------------------------------------------------------------------


def pane_with(qtbot: QtBot, view: Viewport, picture: Pyramid) -> PicturePane:
    pane = PicturePane(view)
    qtbot.addWidget(pane)
    pane.resize(AREA)
    pane.show_picture(picture)
    pane.show()
    return pane


def shown(pane: PicturePane) -> np.ndarray:
    return from_qimage(pane.grab().toImage())[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_visible_part_is_drawn_from_the_full_array(qtbot: QtBot, dtype: type) -> None:
    image = noise(3000, 5000)
    view = viewport(5000, 3000)
    pane = pane_with(qtbot, view, Pyramid.of(image * dtype(np.iinfo(dtype).max // 255)))
    view.zoom_to_actual_size()
    np.testing.assert_array_equal(shown(pane), image[1400:1600, 2400:2600])
    view.zoom_to(8)
    np.testing.assert_array_equal(shown(pane)[8::8, 8::8], image[1488:1512, 2488:2512])


@pytest.mark.parametrize("scale", [0.07, 0.3, 0.5, 0.71, 1, 2.5, 9])
def test_what_is_moved_is_what_would_be_drawn_afresh(qtbot: QtBot, scale: float) -> None:
    image = noise(1500, 3100)
    picture, view = Pyramid.of(image), viewport(3100, 1500)
    moved = pane_with(qtbot, view, picture)
    view.zoom_to(scale)
    for delta in [(5, 0), (-13, 7), (0, -40), (190, 3), (-700, -700), (3000, 900)]:
        moved.grab()
        view.move_by(QPointF(*delta))
        fresh = pane_with(qtbot, view, picture)
        difference = np.abs(shown(moved).astype(int) - shown(fresh))
        assert difference.max() <= 2, f"at {delta}"


def test_a_large_picture_is_shrunk_without_picking_single_pixels(qtbot: QtBot) -> None:
    checks = np.indices((2000, 2000)).sum(axis=0) % 2 * 255
    picture = Pyramid.of(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8))
    pane = pane_with(qtbot, viewport(2000, 2000), picture)
    assert np.abs(shown(pane)[10:-10, 10:-10].astype(int) - 128).max() < 8, "black and white dots are gray from afar"


def test_transparency_is_shown_on_a_checkerboard(qtbot: QtBot) -> None:
    image, alpha = np.full((200, 200, 3), 250, np.uint8), np.zeros((200, 200), np.uint8)
    alpha[:100] = 255
    alpha[100:150] = 128
    pixels = shown(pane_with(qtbot, viewport(200, 200), Pyramid.of(image, alpha)))
    checks = [color_of(color) for color in theme.colors().checks]
    assert pixels[50, 100].tolist() == [250, 250, 250]
    assert sorted({tuple(pixel) for pixel in pixels[160:, :].reshape(-1, 3).tolist()}) == sorted(map(tuple, checks))
    mixed = {tuple(pixel) for pixel in pixels[110:140, :].reshape(-1, 3).tolist()}
    assert len(mixed) == 2
    for check in checks:
        assert any(np.abs(np.array(pixel) - (250 * 128 + np.array(check) * 127) / 255).max() <= 1.5 for pixel in mixed)


def test_dragging_in_one_pane_moves_both(qtbot: QtBot) -> None:
    view = viewport()
    image = np.zeros((200, 400, 3), np.uint8)
    image[:, 200:] = 255
    panes = [pane_with(qtbot, view, Pyramid.of(image)) for _ in range(2)]
    view.zoom_to(1, QPointF(100, 100))
    assert [shown(pane)[100, 90, 0] for pane in panes] == [0, 0]
    qtbot.mousePress(panes[0], Qt.LeftButton, pos=QPoint(100, 100))
    move = QMouseEvent(QEvent.MouseMove, QPointF(60, 100), Qt.NoButton, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(panes[0], move)
    qtbot.mouseRelease(panes[0], Qt.LeftButton, pos=QPoint(60, 100))
    assert [shown(pane)[100, 90, 0] for pane in panes] == [255, 255]


def test_the_wheel_zooms_around_the_pointer_also_in_a_pane_that_shows_a_part(qtbot: QtBot) -> None:
    view = viewport(400, 400)
    pane = pane_with(qtbot, view, Pyramid.of(noise(400, 400)))
    pane.offset = QPoint(50, 0)
    at = QPointF(30, 60)
    before = (QPointF(80, 60) - view.target.topLeft()) / view.scale
    nothing = QPoint()
    for _ in range(3):
        wheel = QWheelEvent(at, at, nothing, QPoint(0, 120), Qt.NoButton, Qt.NoModifier, Qt.NoScrollPhase, False)
        QApplication.sendEvent(pane, wheel)
    assert view.scale == pytest.approx(0.5 * 1.25**3)
    after = (QPointF(80, 60) - view.target.topLeft()) / view.scale
    assert (before - after).manhattanLength() < 2


def test_keys_pan_zoom_and_fit(qtbot: QtBot) -> None:
    view = viewport(4000, 2000)
    pane = pane_with(qtbot, view, Pyramid.of(noise(20, 40)))
    view.zoom_to_actual_size()
    start = view.origin
    qtbot.keyClick(pane, Qt.Key_Right)
    assert view.origin - start == QPoint(-48, 0), "the arrow points to what comes into sight"
    qtbot.keyClick(pane, Qt.Key_Down, Qt.ShiftModifier)
    assert view.origin - start == QPoint(-48, -6 * 48)
    qtbot.keyClick(pane, Qt.Key_Plus)
    assert view.scale == pytest.approx(1.4)
    qtbot.keyClick(pane, Qt.Key_Minus)
    assert view.scale == pytest.approx(1)
    qtbot.keyClick(pane, Qt.Key_Home)
    assert view.fits


def test_an_empty_pane_is_pressed_by_a_key(qtbot: QtBot) -> None:
    pane = PicturePane(viewport())
    qtbot.addWidget(pane)
    with qtbot.waitSignal(pane.clicked_empty, timeout=1000):
        qtbot.keyClick(pane, Qt.Key_Return)


SHARP = """
import sys
import numpy as np
from PyQt5.QtCore import QPoint, QSize, Qt
from PyQt5.QtWidgets import QApplication
from ppgan_lite.gui.compare_view import CompareView, Side
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.pixels import from_qimage
from ppgan_lite.gui.pyramid import Pyramid

QApplication.setAttribute(Qt.AA_EnableHighDpiScaling)
QApplication.setAttribute(Qt.AA_UseHighDpiPixmaps)
app = QApplication([])
image = np.random.default_rng(0).integers(0, 256, (1500, 3000, 3), np.uint8)
view = CompareView()
view.resize(701, 403)
view.show()
view.viewport.show_photo(QSize(3000, 1500))
picture = Pyramid.of(image)
view.show_sides(Side("A", "", picture), Side("B", "", picture))
view.actual_size()
ratio = view.devicePixelRatioF()
found = []
for split in (False, True):
    view.set_comparison(Comparison(split, 0.3))
    app.processEvents()
    grabbed = from_qimage(view.grab().toImage())[0]
    for pane in view.panes:
        x, y = (round(value * ratio) + 20 for value in (pane.mapTo(view, QPoint()).x(), pane.mapTo(view, QPoint()).y()))
        # A fractional place is rounded somewhere on its way.
        left = round(pane.offset.x() * ratio) + 20 - view.viewport.origin.x()
        top = 20 - view.viewport.origin.y()
        block = grabbed[y : y + 200, x : x + 60]
        found.append(any(np.array_equal(block, image[top + dy : top + dy + 200, left + dx : left + dx + 60])
                         for dx in (-1, 0, 1) for dy in (-1, 0, 1)))
print(ratio, found)
"""


@pytest.mark.parametrize("factor", ["1", "1.25", "1.5", "2"])
def test_pixels_are_sharp_at_every_scale_factor(tmp_path: Path, factor: str) -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": factor}
    done = subprocess.run([sys.executable, "-c", SHARP], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == f"{float(factor)} [True, True, True, True]", done.stderr
