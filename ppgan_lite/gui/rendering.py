"""Draws the visible part of a picture from the smallest array with all of its detail, and keeps it while it moves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PyQt5.QtCore import QPoint, QRect, QRectF, QSize
from PyQt5.QtGui import QBrush, QColor, QPainter, QPixmap, QRegion, QTransform

from ppgan_lite.gui.colors import Colors
from ppgan_lite.gui.pixels import to_qimage
from ppgan_lite.gui.pyramid import Pyramid

_NEAREST_FROM_SCALE = 4.0  # from this scale on single pixels are shown without interpolation
_CHECK_PX = 8
_DIMMED = 0.3


@dataclass(frozen=True)
class View:
    """A picture with its size on the screen and the part to draw.

    Attributes:
        picture: The picture.
        width: Of the whole picture on the screen, in device pixels.
        height: The same.
        dimmed: Whether it is faint.
        colors: Of what lies behind it.
    """

    picture: Pyramid
    width: float
    height: float
    dimmed: bool
    colors: Colors


class MovingPicture:
    """The visible part of a picture as pixels of the screen; what stays visible is moved, only the rest is drawn."""

    def __init__(self) -> None:
        self._view: View | None = None
        self._origin = QPoint()
        self._pixmap = QPixmap()

    def pixmap(self, view: View, origin: QPoint, size: QSize) -> QPixmap:
        """Return the pixels of a part of the screen, in device pixels; valid where the picture is.

        Args:
            view: The picture.
            origin: Where it begins, as seen from the part's corner.
            size: Of the part.
        """
        whole = QRect(QPoint(), size)
        moved = origin - self._origin
        known = QRegion()
        if view == self._view and size == self._pixmap.size():
            if moved.isNull():
                return self._pixmap
            known = QRegion(whole.translated(moved)) & whole
            if not known.isEmpty():
                self._pixmap.scroll(moved.x(), moved.y(), whole)
        elif size != self._pixmap.size():
            self._pixmap = QPixmap(size)
        self._view, self._origin = view, QPoint(origin)
        painter = QPainter(self._pixmap)
        painter.translate(origin)
        for part in (QRegion(whole) - known).rects():
            _draw(painter, view, part.translated(-origin))
        painter.end()
        return self._pixmap


def device_painter(painter: QPainter) -> QTransform:
    """Let one unit of a painter be one device pixel, and return the transformation from logical coordinates.

    At a fractional scale the corner of a widget may lie between two pixels of the screen; drawn at such a place, no
    picture would be sharp.
    """
    to_device = painter.deviceTransform()
    painter.setWorldTransform(to_device.inverted()[0], combine=True)
    return to_device


def _draw(painter: QPainter, view: View, part: QRect) -> None:
    """Draw a part of a picture at the place of the picture's corner, all in device pixels."""
    width, height = view.picture.size
    scale_x, scale_y = view.width / width, view.height / height
    part = part & QRect(0, 0, math.ceil(view.width), math.ceil(view.height))
    if part.isEmpty():
        return
    painter.save()
    painter.setClipRect(part)
    if view.dimmed or view.picture.alpha is not None:
        _draw_ground(painter, view, part)
    level = view.picture.level_for(min(scale_x, scale_y))
    columns, rows = (math.ceil(side / 2**level) for side in (width, height))
    pixel_x, pixel_y = scale_x * 2**level, scale_y * 2**level  # size on the screen of a pixel of this level
    # One more on each side, for the interpolation at the border.
    left, top = max(math.floor(part.left() / pixel_x) - 1, 0), max(math.floor(part.top() / pixel_y) - 1, 0)
    right = min(math.ceil((part.right() + 1) / pixel_x) + 1, columns)
    bottom = min(math.ceil((part.bottom() + 1) / pixel_y) + 1, rows)
    image = to_qimage(view.picture.part(level, left, top, right, bottom))
    if view.dimmed:
        painter.setOpacity(_DIMMED)
    if pixel_x == pixel_y == 1:
        painter.drawImage(left, top, image)
    else:
        target = QRectF(left * pixel_x, top * pixel_y, image.width() * pixel_x, image.height() * pixel_y)
        painter.setRenderHint(QPainter.SmoothPixmapTransform, min(pixel_x, pixel_y) < _NEAREST_FROM_SCALE)
        painter.drawImage(target, image, QRectF(image.rect()))
    painter.restore()


def _draw_ground(painter: QPainter, view: View, part: QRect) -> None:
    if view.picture.alpha is None:
        painter.fillRect(part, QColor(view.colors.canvas))
        return
    dark, light = view.colors.checks
    tile = QPixmap(2 * _CHECK_PX, 2 * _CHECK_PX)
    tile.fill(QColor(light))
    with_tile = QPainter(tile)
    for corner in (0, _CHECK_PX):
        with_tile.fillRect(corner, corner, _CHECK_PX, _CHECK_PX, QColor(dark))
    with_tile.end()
    painter.fillRect(part, QBrush(tile))
