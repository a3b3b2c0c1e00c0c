"""Two panes that show two pictures through one viewport: zooming or panning one does the same to the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PyQt5.QtCore import QObject, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QFont,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PyQt5.QtWidgets import QSizePolicy, QWidget

from ppgan_lite.gui import theme
from ppgan_lite.gui.colors import DARK

MAX_SCALE = 16.0  # screen pixels per photo pixel
MAX_FIT_SCALE = 4.0  # a tiny picture does not fill the pane
_WHEEL_STEP = 1.25
_NEAREST_FROM_SCALE = 4.0  # from this scale on single pixels are shown without interpolation


def to_pixmap(image: np.ndarray) -> QPixmap:
    """Turn uint8 (height, width, 3) RGB into a pixmap with its own memory; only on the window's thread."""
    image = np.ascontiguousarray(image)
    height, width = image.shape[:2]
    # fromImage copies, so the array may be freed afterward
    return QPixmap.fromImage(QImage(image.data, width, height, image.strides[0], QImage.Format_RGB888))


def from_qimage(picture: QImage) -> tuple[np.ndarray, np.ndarray | None]:
    """Copy a QImage to uint8 (height, width, 3) RGB and, where it has any, its opacity (height, width)."""
    picture = picture.convertToFormat(QImage.Format_RGBA8888)
    memory = picture.constBits()
    memory.setsize(picture.sizeInBytes())
    rows = np.frombuffer(memory, np.uint8).reshape(picture.height(), picture.bytesPerLine())
    pixels = rows[:, : 4 * picture.width()].reshape(picture.height(), picture.width(), 4)
    alpha = pixels[..., 3]
    return pixels[..., :3].copy(), alpha.copy() if (alpha < 255).any() else None


class Viewport(QObject):
    """The part of the photo that every pane shows.

    `zoom` is 1 where the whole photo fits into the pane; `center` is the point of the photo in the middle of the pane,
    each coordinate 0..1.
    """

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.photo_size = QSize(1, 1)
        self.zoom = 1.0
        self.center = QPointF(0.5, 0.5)

    def show_photo(self, size: QSize) -> None:
        """Start with another photo, all of it visible."""
        self.photo_size = size
        self.fit()

    def fit(self) -> None:
        self.zoom = 1.0
        self.center = QPointF(0.5, 0.5)
        self.changed.emit()

    def scale(self, pane: QSize) -> float:
        """Return pane pixels per pixel of the photo."""
        return self._fit_scale(pane) * self.zoom

    def target(self, pane: QSize) -> QRectF:
        """Return where the whole photo lies in a pane of this size; parts of it may be outside."""
        scale = self.scale(pane)
        width, height = self.photo_size.width() * scale, self.photo_size.height() * scale
        left = _side_start(width, pane.width(), self.center.x())
        top = _side_start(height, pane.height(), self.center.y())
        return QRectF(left, top, width, height)

    def zoom_by(self, factor: float, at: QPointF, pane: QSize) -> None:
        """Zoom while the point of the photo under `at` stays in place."""
        before = self.target(pane)
        largest = max(1.0, MAX_SCALE / self._fit_scale(pane))
        self.zoom = min(max(self.zoom * factor, 1.0), largest)
        x, y = (at.x() - before.x()) / before.width(), (at.y() - before.y()) / before.height()
        scale = self.scale(pane)
        width, height = self.photo_size.width() * scale, self.photo_size.height() * scale
        self._center_on(x + (pane.width() / 2 - at.x()) / width, y + (pane.height() / 2 - at.y()) / height, pane)

    def zoom_to(self, scale: float, at: QPointF, pane: QSize) -> None:
        self.zoom_by(scale / self.scale(pane), at, pane)

    def move_by(self, delta: QPointF, pane: QSize) -> None:
        """Drag the photo by a number of pane pixels."""
        target = self.target(pane)
        self._center_on(
            self.center.x() - delta.x() / target.width(), self.center.y() - delta.y() / target.height(), pane
        )

    def _fit_scale(self, pane: QSize) -> float:
        width, height = max(1, pane.width()), max(1, pane.height())
        return min(width / self.photo_size.width(), height / self.photo_size.height(), MAX_FIT_SCALE)

    def _center_on(self, x: float, y: float, pane: QSize) -> None:
        """Move the center, but never so far that a pane shows less of the photo than it could."""
        target = self.target(pane)
        half_x = min(0.5, pane.width() / target.width() / 2)
        half_y = min(0.5, pane.height() / target.height() / 2)
        self.center = QPointF(min(max(x, half_x), 1 - half_x), min(max(y, half_y), 1 - half_y))
        self.changed.emit()


def _side_start(length: float, pane: int, center: float) -> float:
    """Return where a side of this length begins, so that `center` lies in the middle; a short side is centered."""
    return (pane - length) / 2 if length <= pane else pane / 2 - center * length


@dataclass
class Placeholder:
    """Text of an empty pane."""

    title: str = ""
    hint: str = ""


class PicturePane(QWidget):
    """Pixmap seen through the viewport: the wheel zooms, dragging pans, a double click toggles actual size."""

    clicked_empty = pyqtSignal()

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self.placeholder = Placeholder()
        self._viewport = viewport
        self._pixmap: QPixmap | None = None
        self._scaled: QPixmap | None = None
        self._dimmed = False
        self._note = ""
        self._progress: float | None = None
        self._drag_from: QPointF | None = None
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setFocusPolicy(Qt.ClickFocus)
        viewport.changed.connect(self.update)

    @property
    def pixmap(self) -> QPixmap | None:
        return self._pixmap

    @property
    def note(self) -> str:
        return self._note

    def show_pixmap(self, pixmap: QPixmap | None, *, dimmed: bool = False) -> None:
        """Show a picture, or the placeholder where it is None; dimmed while the real one is in the making."""
        self._pixmap = pixmap
        self._scaled = None
        self._dimmed = dimmed
        self.update()

    def show_note(self, note: str, progress: float | None = None) -> None:
        """Show a line of text over the picture, with a bar below it for a progress of 0..1."""
        self._note, self._progress = note, progress
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(theme.colors().canvas))
        painter.drawRoundedRect(self.rect(), 6, 6)
        if self._pixmap is None:
            self._paint_placeholder(painter)
        else:
            self._paint_picture(painter, self._pixmap)
        if self._note:
            self._paint_note(painter)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._pixmap is not None:
            factor = _WHEEL_STEP ** (event.angleDelta().y() / 120)
            self._viewport.zoom_by(factor, event.position(), self.size())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.LeftButton:
            return
        if self._pixmap is None:
            self.clicked_empty.emit()
        else:
            self._drag_from = event.localPos()
            self.setCursor(Qt.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is not None:
            self._viewport.move_by(event.localPos() - self._drag_from, self.size())
            self._drag_from = event.localPos()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._drag_from = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._pixmap is None or event.button() != Qt.LeftButton:
            return
        if self._viewport.zoom > 1:
            self._viewport.fit()
        else:
            self._viewport.zoom_to(1 / self.devicePixelRatioF(), event.localPos(), self.size())

    def _paint_picture(self, painter: QPainter, pixmap: QPixmap) -> None:
        painter.setClipRect(self.rect())
        target = self._viewport.target(self.size())
        if self._dimmed:
            painter.setOpacity(0.3)
        width = round(target.width() * self.devicePixelRatioF())
        if width < 0.75 * pixmap.width():
            # drawing alone would shrink by nearest neighbor, which looks like noise
            if self._scaled is None or self._scaled.width() != width:
                height = round(target.height() * self.devicePixelRatioF())
                self._scaled = pixmap.scaled(
                    max(1, width), max(1, height), Qt.IgnoreAspectRatio, Qt.SmoothTransformation
                )
            pixmap = self._scaled
        smooth = self._viewport.scale(self.size()) < _NEAREST_FROM_SCALE
        painter.setRenderHint(QPainter.SmoothPixmapTransform, smooth)
        painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))
        painter.setOpacity(1.0)

    def _paint_placeholder(self, painter: QPainter) -> None:
        frame = QRectF(self.rect()).adjusted(14, 14, -14, -14)
        painter.setPen(QPen(QColor(theme.colors().line), 1.5, Qt.DashLine))
        painter.setBrush(Qt.NoBrush)
        painter.drawRoundedRect(frame, 8, 8)
        middle = frame.center().y()
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        painter.setFont(font)
        painter.setPen(QColor(theme.colors().text))
        title = QRectF(frame.x(), middle - 34, frame.width(), 30)
        painter.drawText(title, Qt.AlignCenter, self.placeholder.title)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.colors().muted))
        hint = QRectF(frame.x() + 12, middle + 6, frame.width() - 24, 44)
        painter.drawText(hint, Qt.AlignHCenter | Qt.AlignTop | Qt.TextWordWrap, self.placeholder.hint)

    def _paint_note(self, painter: QPainter) -> None:
        painter.setClipping(False)
        width = max(180, painter.fontMetrics().horizontalAdvance(self._note) + 40)
        box = QRectF((self.width() - width) / 2, self.height() / 2 - 26, width, 52)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(20, 20, 22, 220))
        painter.drawRoundedRect(box, 8, 8)
        painter.setPen(QColor(DARK.bright))
        painter.drawText(box.adjusted(0, 0, 0, -12), Qt.AlignCenter, self._note)
        groove = QRectF(box.x() + 16, box.bottom() - 15, box.width() - 32, 4)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(DARK.line))
        painter.drawRoundedRect(groove, 2, 2)
        if self._progress is not None:
            painter.setBrush(QColor(DARK.accent))
            groove.setWidth(groove.width() * min(max(self._progress, 0.0), 1.0))
            painter.drawRoundedRect(groove, 2, 2)
