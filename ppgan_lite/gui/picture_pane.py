"""A picture seen through a viewport, with what is written over it."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QTransform,
    QWheelEvent,
)
from PyQt5.QtWidgets import QGestureEvent, QPinchGesture, QSizePolicy, QWidget

from ppgan_lite.gui import theme
from ppgan_lite.gui.colors import DARK
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.rendering import MovingPicture, View, device_painter
from ppgan_lite.gui.viewport import Viewport

_WHEEL_STEP = 1.25
_KEY_STEP = 1.4
_PAN_STEP = 48  # logical pixels
_FAR = 6  # steps at once with Shift
_ARROWS = {Qt.Key_Left: (1, 0), Qt.Key_Right: (-1, 0), Qt.Key_Up: (0, 1), Qt.Key_Down: (0, -1)}
_ZOOM_KEYS = {Qt.Key_Plus: _KEY_STEP, Qt.Key_Equal: _KEY_STEP, Qt.Key_Minus: 1 / _KEY_STEP}
_RADIUS = 6


@dataclass(frozen=True)
class Placeholder:
    """Text of an empty pane."""

    title: str = ""
    hint: str = ""


class PicturePane(QWidget):
    """One picture: wheel and pinch zoom, dragging and arrow keys pan, a double click toggles the actual size.

    Attributes:
        picture: None shows the placeholder.
        placeholder: Shown while there is no picture.
        offset: Where the pane begins in the viewport's area, in logical pixels: of two panes that share an area, each
            shows its part.
        note: A line over the picture.
    """

    clicked_empty = pyqtSignal()

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self.picture: Pyramid | None = None
        self.placeholder = Placeholder()
        self.offset = QPoint()
        self.note = ""
        self._viewport = viewport
        self._moving = MovingPicture()
        self._dimmed = False
        self._progress: float | None = None
        self._drag_from: QPointF | None = None
        self._shows_focus = False
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setFocusPolicy(Qt.StrongFocus)
        self.grabGesture(Qt.PinchGesture)
        viewport.changed.connect(self.update)

    def show_picture(self, picture: Pyramid | None, *, dimmed: bool = False) -> None:
        """Show a picture, or the placeholder where it is None; dimmed while the real one is in the making."""
        self.picture, self._dimmed = picture, dimmed
        self.update()

    def show_note(self, note: str, progress: float | None = None) -> None:
        """Show a line of text over the picture, with a bar below it for a progress of 0..1."""
        self.note, self._progress = note, progress
        self.update()

    # events ---------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(theme.colors().canvas))
        painter.drawRoundedRect(self.rect(), _RADIUS, _RADIUS)
        if self.picture is None:
            self._paint_placeholder(painter)
        else:
            self._paint_picture(painter, self.picture)
        if self.note:
            self._paint_note(painter)
        if self._shows_focus:
            painter.setPen(QPen(QColor(theme.colors().accent), 2))
            painter.setBrush(Qt.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Zoom by a pinch on a touch screen or a touch pad."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.ZoomNativeGesture:
            self._zoom_by(1 + event.value(), event.localPos())
            return True
        if isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                at = self.mapFromGlobal(pinch.centerPoint().toPoint())
                self._zoom_by(pinch.scaleFactor(), QPointF(at))
                return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom_by(_WHEEL_STEP ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._set_shows_focus(True)
        key = event.key()
        if key in (Qt.Key_Return, Qt.Key_Enter, Qt.Key_Space) and self.picture is None:
            self.clicked_empty.emit()
        elif key in _ARROWS and self.picture is not None:
            step = _PAN_STEP * self._viewport.ratio * (_FAR if event.modifiers() & Qt.ShiftModifier else 1)
            self._viewport.move_by(QPointF(*_ARROWS[key]) * step)
        elif key in _ZOOM_KEYS:
            self._viewport.zoom_by(_ZOOM_KEYS[key])
        elif key == Qt.Key_Home:
            self._viewport.fit()
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.LeftButton:
            return
        if self.picture is None:
            self.clicked_empty.emit()
        else:
            self._drag_from = event.localPos()
            self.setCursor(Qt.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is not None:
            self._viewport.move_by((event.localPos() - self._drag_from) * self._viewport.ratio)
            self._drag_from = event.localPos()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._drag_from = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.picture is None or event.button() != Qt.LeftButton:
            return
        if self._viewport.fits:
            self._viewport.zoom_to_actual_size(self.in_area(event.localPos()))
        else:
            self._viewport.fit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        # Who clicked knows where the focus is.
        self._set_shows_focus(event.reason() not in (Qt.MouseFocusReason, Qt.ActiveWindowFocusReason))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._set_shows_focus(False)

    # internals ------------------------------------------------------------------------------------------------------

    def _set_shows_focus(self, shown: bool) -> None:
        self._shows_focus = shown
        self.update()

    def in_area(self, place: QPointF) -> QPointF:
        """Return a place in the pane as one in the viewport's area."""
        return (place + QPointF(self.offset)) * self._viewport.ratio

    def _zoom_by(self, factor: float, at: QPointF) -> None:
        if self.picture is not None:
            self._viewport.zoom_by(factor, self.in_area(at))

    def _paint_picture(self, painter: QPainter, picture: Pyramid) -> None:
        painter.save()
        to_device: QTransform = device_painter(painter)
        area = to_device.map(QPointF(-self.offset)).toPoint()  # the corner of the viewport's area, in device pixels
        pane = to_device.mapRect(QRectF(self.rect())).toAlignedRect()
        view = View(picture, *self._viewport.shown_size, dimmed=self._dimmed, colors=theme.colors())
        origin = area + self._viewport.origin
        visible = pane & QRect(origin, self._viewport.target.size().toSize())
        pixmap = self._moving.pixmap(view, origin - pane.topLeft(), pane.size())
        painter.drawPixmap(visible, pixmap, visible.translated(-pane.topLeft()))
        painter.restore()

    def _paint_placeholder(self, painter: QPainter) -> None:
        frame = QRectF(self.rect()).adjusted(14, 14, -14, -14)
        painter.setPen(QPen(QColor(theme.colors().edge), 1.5, Qt.DashLine))
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
        """Paint the note on a dark plate, which can be read on every picture."""
        width = max(180, painter.fontMetrics().horizontalAdvance(self.note) + 40)
        box = QRectF((self.width() - width) / 2, self.height() / 2 - 26, width, 52)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(20, 20, 22, 220))
        painter.drawRoundedRect(box, 8, 8)
        painter.setPen(QColor(DARK.bright))
        painter.drawText(box.adjusted(0, 0, 0, -12), Qt.AlignCenter, self.note)
        groove = QRectF(box.x() + 16, box.bottom() - 15, box.width() - 32, 4)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(DARK.line))
        painter.drawRoundedRect(groove, 2, 2)
        if self._progress is not None:
            painter.setBrush(QColor(DARK.accent))
            groove.setWidth(groove.width() * min(max(self._progress, 0.0), 1.0))
            painter.drawRoundedRect(groove, 2, 2)
