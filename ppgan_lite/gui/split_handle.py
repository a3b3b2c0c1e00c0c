"""The handle between the two pictures of a split view."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt5.QtWidgets import QSlider, QWidget

from ppgan_lite.gui import theme

WIDTH = 28  # what the pointer can hit
_STEPS = 1000
_GRIP = 11  # radius


class SplitHandle(QSlider):
    """A line with a grip. To screen readers and the keyboard it is a slider, from the left end to the right.

    The mouse drags it, a double click puts it into the middle, and the arrow keys move it by a hundredth.
    """

    moved = pyqtSignal(float)  # to a position, 0..1

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Horizontal, parent)
        self.setRange(0, _STEPS)
        self.setSingleStep(_STEPS // 100)
        self.setPageStep(_STEPS // 10)
        self.setCursor(Qt.SplitHCursor)
        self.setFocusPolicy(Qt.StrongFocus)
        self.valueChanged.connect(lambda value: self.moved.emit(value / _STEPS))

    @property
    def position(self) -> float:
        """Its position, 0..1."""
        return self.value() / _STEPS

    def set_position(self, position: float) -> None:
        """Move it without a signal."""
        self.blockSignals(True)
        self.setValue(round(position * _STEPS))
        self.blockSignals(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.LeftButton:
            self._grabbed_at = event.localPos().x() - self.width() / 2

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area = self.parentWidget()
        if event.buttons() & Qt.LeftButton and area is not None:
            x = self.mapToParent(event.pos()).x() - self._grabbed_at
            self.setValue(round(x / max(1, area.width()) * _STEPS))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Stay where it is."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.LeftButton:
            self._grabbed_at = 0.0
            self.setValue(_STEPS // 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw white between dark lines, to be seen on every picture."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        middle = QPointF(self.width() / 2, self.height() / 2)
        light, dark = QColor(255, 255, 255), QColor(0, 0, 0, 170)
        edge, width = (QColor(theme.colors().accent), 3.0) if self.hasFocus() else (dark, 1.5)
        for pen in (QPen(edge, 1 + 2 * width), QPen(light, 2)):
            painter.setPen(pen)
            painter.drawLine(QPointF(middle.x(), 0), QPointF(middle.x(), self.height()))
        painter.setPen(QPen(edge, width))
        painter.setBrush(light)
        painter.drawEllipse(middle, _GRIP, _GRIP)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(40, 40, 44))
        for side in (-1, 1):
            tip, base = middle.x() + side * 7.5, middle.x() + side * 2.5
            arrow = [QPointF(tip, middle.y()), QPointF(base, middle.y() - 4.5), QPointF(base, middle.y() + 4.5)]
            painter.drawPolygon(QPolygonF(arrow))
        painter.end()
