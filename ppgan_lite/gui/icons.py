"""Line drawings, in the color of the theme at the time they are shown."""

from __future__ import annotations

from PyQt5.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PyQt5.QtSvg import QSvgRenderer

from ppgan_lite.gui import theme
from ppgan_lite.gui.colors import DARK

# Line drawings on a grid of 24 units, stroked in a color of the caller's choice.
_DRAWINGS = {
    "photo": '<rect x="3" y="4" width="18" height="16" rx="2"/><circle cx="8.5" cy="9.5" r="1.5"/>'
    '<path d="M21 15l-5-5L5 20"/>',
    "painting": '<rect x="3" y="3" width="18" height="18" rx="1"/><rect x="7" y="7" width="10" height="10"/>',
    "checkpoint": '<path d="M12 3l9 5-9 5-9-5z"/><path d="M3 12.5l9 5 9-5"/><path d="M3 17l9 5 9-5"/>',
    "save": '<path d="M12 3v12"/><path d="M7 10.5l5 5 5-5"/><path d="M4 20h16"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "split": '<rect x="3" y="4" width="18" height="16" rx="2"/><path d="M12 2v20"/>'
    '<path d="M9 9.500l-2.500 2.500 2.500 2.500M15 9.500l2.500 2.500-2.500 2.500"/>',
    "swap": '<path d="M7 6L3 10h14M17 18l4-4H7"/>',
    "mask": '<path d="M20.500 3.500c-5 2-9 6-11.500 10l2 2c4-2.500 8-6.500 10-11.500z"/>'
    '<path d="M4 20.500c3-3 5 1 8-1s5 .5 8-.5"/>',
    "warning": '<path d="M12 4l9.5 16.5h-19z"/><path d="M12 10.5v4.5M12 17.8v.1"/>',
    "brush": '<path d="M20.5 3.5c-5 2-9 6-11.5 10l2 2c4-2.5 8-6.5 10-11.5z"/>'
    '<path d="M8 14.5c-2.5 0-3.5 1.5-3.5 3.5 0 1-.7 2-1.5 2.5 3 .5 7 0 7-3.5 0-1.400-.8-2.5-2-2.5z"/>',
}


class _DrawingEngine(QIconEngine):
    """Draws whenever the icon is shown, so that it is sharp at every scale and follows a change of the theme."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def clone(self) -> QIconEngine:
        return _DrawingEngine(self._name)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        colors = theme.colors()
        _draw(painter, QRectF(rect), self._name, colors.disabled if mode == QIcon.Disabled else colors.text)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap


def icon(name: str) -> QIcon:
    """Return a line drawing as an icon, paler where its button is disabled."""
    return QIcon(_DrawingEngine(name))


def drawing(name: str, size_px: int, color: str) -> QPixmap:
    """Draw one of the line drawings on a transparent square."""
    pixmap = QPixmap(2 * size_px, 2 * size_px)  # twice the resolution, for high-DPI screens
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.transparent)
    painter = QPainter(pixmap)
    _draw(painter, QRectF(0, 0, size_px, size_px), name, color)
    painter.end()
    return pixmap


def app_icon() -> QIcon:
    """Return the icon of the program: a brush on a dark square, in every theme."""
    square = QPixmap(128, 128)
    square.fill(Qt.transparent)
    painter = QPainter(square)
    painter.setRenderHint(QPainter.Antialiasing)
    painter.setPen(Qt.NoPen)
    painter.setBrush(QColor(DARK.canvas))
    painter.drawRoundedRect(square.rect(), 26, 26)
    painter.drawPixmap(22, 22, drawing("brush", 84, DARK.accent))
    painter.end()
    return QIcon(square)


def _draw(painter: QPainter, area: QRectF, name: str, color: str) -> None:
    source = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{color}" '
        f'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">{_DRAWINGS[name]}</svg>'
    )
    QSvgRenderer(QByteArray(source.encode())).render(painter, area)
