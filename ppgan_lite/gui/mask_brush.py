"""The brush over a photo with which a mask is painted."""

from __future__ import annotations

import numpy as np
from PyQt5 import sip
from PyQt5.QtCore import QEvent, QObject, QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PyQt5.QtWidgets import QWidget

from ppgan_lite.gui.mask import MaskCanvas, Point, Rect
from ppgan_lite.gui.picture_pane import PicturePane
from ppgan_lite.gui.viewport import Viewport

SMALLEST, LARGEST = 3, 200  # radius on the screen, in logical pixels
_COLOR = 255, 40, 120  # not often in a photo
_OPACITY = 0.5
_SIZE_STEP = 1.25
_REDO = QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")


class MaskBrush(QWidget):
    """Lies over a pane: the left button paints, the right one erases, or the other way round.

    The pane keeps the wheel, the arrow keys, and dragging with Ctrl.

    Attributes:
        canvas: The mask; None while none is edited, and this is hidden.
        radius: Of the brush on the screen, in logical pixels.
        softness: Of its edge, 0 .. 1.
        erases: Whether the left button does.
    """

    changed = pyqtSignal()  # a stroke has ended, or something was undone
    resized = pyqtSignal()  # the brush, by a key

    def __init__(self, pane: PicturePane, viewport: Viewport) -> None:
        super().__init__(pane)
        self.canvas: MaskCanvas | None = None
        self.radius = 24.0
        self.softness = 0.5
        self.erases = False
        self._pane = pane
        self._viewport = viewport
        self._colors = np.zeros((1, 1, 4), np.uint8)
        self._from: Point | None = None
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setCursor(Qt.BlankCursor)
        pane.installEventFilter(self)
        viewport.changed.connect(self.update)
        self.hide()

    def edit(self, canvas: MaskCanvas | None) -> None:
        """Begin with a mask, or end."""
        self.canvas, self._from = canvas, None
        self.setGeometry(self._pane.rect())
        self.setVisible(canvas is not None)
        self.show_canvas()
        if canvas is not None:
            self.setFocus()

    def show_canvas(self) -> None:
        """Show the whole mask, when something but the brush has changed it."""
        if self.canvas is not None:
            self._colors = np.zeros((*self.canvas.size[::-1], 4), np.uint8)
            self._color((0, 0, *self.canvas.size))
        self.update()

    # events ---------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.canvas is None:
            return
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        if self.canvas.pixels is not None:
            height, width = self._colors.shape[:2]
            image = QImage(
                sip.voidptr(self._colors.ctypes.data), width, height, 4 * width, QImage.Format_ARGB32_Premultiplied
            )
            painter.setRenderHint(QPainter.SmoothPixmapTransform)
            painter.drawImage(self._on_screen((0, 0, width, height)), image, QRectF(image.rect()))
        if self._pointer is not None:
            painter.setRenderHint(QPainter.Antialiasing)
            for color, width_px in ((QColor(0, 0, 0, 160), 3.0), (QColor(255, 255, 255), 1.2)):
                painter.setPen(QPen(color, width_px))
                painter.drawEllipse(self._pointer, self.radius, self.radius)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Take the keys of undo and redo for the mask, before the window's commands do."""
        if (
            event.type() == QEvent.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._step_of(event) is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = self._step_of(event)
        if step is not None and self.canvas is not None:
            self.canvas.undo() if step < 0 else self.canvas.redo()
            self.show_canvas()
            self.changed.emit()
        elif event.text() in ("[", "]"):
            factor = _SIZE_STEP if event.text() == "]" else 1 / _SIZE_STEP
            self.radius = min(max(self.radius * factor, SMALLEST), LARGEST)
            self.resized.emit()
            self.update()
        else:
            event.ignore()  # the pane pans and zooms

    def mousePressEvent(self, event: QMouseEvent) -> None:
        is_ours = event.button() in (Qt.LeftButton, Qt.RightButton) and not event.modifiers() & Qt.ControlModifier
        if self.canvas is None or not is_ours or self._from is not None:
            event.ignore()
            return
        self.canvas.begin(erases=self.erases != (event.button() == Qt.RightButton))
        self.show_canvas()
        self._from = self._on_mask(event.localPos())
        self._stroke_to(event.localPos())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._move_pointer(event.localPos())
        if self._from is not None:
            self._stroke_to(event.localPos())
        else:
            event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is None or self.canvas is None or event.buttons() & (Qt.LeftButton | Qt.RightButton):
            event.ignore()
            return
        self.canvas.end()
        self._from = None
        self.changed.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # a second dab, no change of the zoom

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._pane.wheelEvent(event)

    def leaveEvent(self, _event: QEvent) -> None:
        self._move_pointer(None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the pane."""
        if isinstance(event, QResizeEvent):
            self.setGeometry(self._pane.rect())
        return super().eventFilter(watched, event)

    # internals ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _step_of(event: QKeyEvent) -> int | None:
        """Return -1 for a key of undo, 1 for one of redo."""
        if event.matches(QKeySequence.Undo):
            return -1
        keys = QKeySequence(event.key() | int(event.modifiers()))
        return 1 if keys in (*QKeySequence.keyBindings(QKeySequence.Redo), *_REDO) else None

    def _stroke_to(self, place: QPointF) -> None:
        assert self.canvas is not None and self._from is not None
        to = self._on_mask(place)
        radius = self.radius * self._viewport.ratio / self._mask_scale()
        changed = self.canvas.stroke(self._from, to, radius, self.softness)
        self._from = to
        self._color(changed)
        self.update(self._on_screen(changed).toAlignedRect().adjusted(-2, -2, 2, 2))

    def _color(self, part: Rect) -> None:
        """Color a part of the overlay as the mask has it."""
        if self.canvas is None or self.canvas.pixels is None:
            return
        left, top, right, bottom = part
        shares = self.canvas.pixels[top:bottom, left:right, None] * np.float32(_OPACITY / 255)
        red, green, blue = _COLOR
        self._colors[top:bottom, left:right] = np.rint(shares * np.array([blue, green, red, 255], np.float32))

    def _move_pointer(self, pointer: QPointF | None) -> None:
        reach = self.radius + 3
        for place in (self._pointer, pointer):
            if place is not None:
                self.update(QRectF(place.x() - reach, place.y() - reach, 2 * reach, 2 * reach).toAlignedRect())
        self._pointer = pointer

    def _mask_scale(self) -> float:
        """Return device pixels per pixel of the mask."""
        assert self.canvas is not None
        return self._viewport.shown_size[0] / self.canvas.size[0]

    def _on_mask(self, place: QPointF) -> Point:
        """Return a place of this widget in pixels of the mask."""
        in_photo = self._pane.in_area(place) - QPointF(self._viewport.origin)
        return in_photo.x() / self._mask_scale(), in_photo.y() / self._mask_scale()

    def _on_screen(self, part: Rect) -> QRectF:
        """Return where a part of the mask lies in this widget."""
        scale = self._mask_scale() / self._viewport.ratio
        corner = QPointF(self._viewport.origin) / self._viewport.ratio - QPointF(self._pane.offset)
        left, top, right, bottom = part
        size = QRect(left, top, right - left, bottom - top).size()
        return QRectF(corner.x() + left * scale, corner.y() + top * scale, size.width() * scale, size.height() * scale)
