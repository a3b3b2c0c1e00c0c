"""Colors and icons of the window: neutral grays, so that only the pictures have colors, and one warm accent."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import QByteArray, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPixmap, QPolygonF
from PyQt5.QtSvg import QSvgRenderer
from PyQt5.QtWidgets import QApplication, QLabel, QProxyStyle, QStyle, QStyleHintReturn, QStyleOption, QWidget

WINDOW = "#2b2c2f"
PANEL = "#343539"
CANVAS = "#1d1e20"
LINE = "#4a4b50"
TEXT = "#d9d9db"
BRIGHT = "#f4f4f5"
MUTED = "#97989d"
ACCENT = "#e0a458"
ON_ACCENT = "#221a0e"

_STYLE_SHEET = f"""
QMainWindow, QMenuBar, QStatusBar, QToolBar {{ background: {WINDOW}; }}
QMenuBar {{ padding: 2px 6px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {LINE}; }}
QMenu {{ background: {PANEL}; border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 22px; border-radius: 4px; }}
QMenu::item:selected {{ background: {LINE}; color: {BRIGHT}; }}
QMenu::item:disabled {{ color: {MUTED}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 8px; }}
QToolBar {{ border: none; padding: 2px 10px 6px 10px; spacing: 4px; }}
QToolBar::separator {{ width: 1px; background: {LINE}; margin: 6px 6px; }}
QToolButton, QPushButton {{
    background: {PANEL}; border: 1px solid {LINE}; border-radius: 6px; padding: 6px 12px; color: {TEXT};
}}
QToolButton:hover, QPushButton:hover {{ background: #3f4045; color: {BRIGHT}; }}
QToolButton:pressed, QPushButton:pressed {{ background: {CANVAS}; }}
QToolButton:focus, QPushButton:focus {{ border-color: {ACCENT}; }}
QToolButton:disabled, QPushButton:disabled {{ color: #6d6e73; border-color: #3c3d41; background: #303135; }}
QPushButton#primary {{
    background: {ACCENT}; border-color: {ACCENT}; color: {ON_ACCENT}; font-weight: 600; padding: 9px 26px;
}}
QPushButton#primary:hover {{ background: #ecb36b; }}
QPushButton#primary:pressed {{ background: #c98f46; }}
QPushButton#primary:focus {{ border-color: {BRIGHT}; }}
QPushButton#primary:disabled {{ background: #4b4436; border-color: #4b4436; color: #857b69; }}
QPushButton#secondary {{ padding: 9px 18px; }}
QFrame#panel {{ background: {PANEL}; border-radius: 8px; }}
QFrame#panel QLabel {{ background: transparent; }}
QLabel#title {{ color: {BRIGHT}; font-weight: 600; }}
QLabel#muted, QStatusBar QLabel {{ color: {MUTED}; }}
QLabel#value {{ color: {BRIGHT}; }}
QLabel:disabled {{ color: #6d6e73; }}
QListView {{ background: transparent; border: none; outline: none; }}
QStatusBar {{ border-top: 1px solid #38393d; }}
QStatusBar::item {{ border: none; }}
QMessageBox QLabel {{ padding: 2px 12px 2px 4px; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {LINE}; }}
QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {ACCENT}; }}
QSlider[idle="true"]::sub-page:horizontal {{ background: {LINE}; }}
QSlider::handle:horizontal {{
    width: 14px; height: 14px; margin: -6px 0; border-radius: 7px; background: {BRIGHT}; border: 1px solid {CANVAS};
}}
QSlider::handle:horizontal:focus {{ border-color: {ACCENT}; }}
QSlider[idle="true"]::handle:horizontal {{ background: {MUTED}; }}
QScrollBar:horizontal {{ height: 10px; background: transparent; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {LINE}; border-radius: 3px; min-width: 40px; margin: 2px 0; }}
QScrollBar::handle:horizontal:hover {{ background: #5d5e64; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    width: 0; background: transparent;
}}
QToolTip {{ background: {CANVAS}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px; }}
"""

# Line drawings on a grid of 24 units, stroked in a color of the caller's choice.
_DRAWINGS = {
    "photo": '<rect x="3" y="4" width="18" height="16" rx="2"/><circle cx="8.5" cy="9.5" r="1.5"/>'
    '<path d="M21 15l-5-5L5 20"/>',
    "painting": '<rect x="3" y="3" width="18" height="18" rx="1"/><rect x="7" y="7" width="10" height="10"/>',
    "checkpoint": '<path d="M12 3l9 5-9 5-9-5z"/><path d="M3 12.5l9 5 9-5"/><path d="M3 17l9 5 9-5"/>',
    "save": '<path d="M12 3v12"/><path d="M7 10.5l5 5 5-5"/><path d="M4 20h16"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "warning": '<path d="M12 4l9.5 16.5h-19z"/><path d="M12 10.5v4.5M12 17.8v.1"/>',
    "brush": '<path d="M20.5 3.5c-5 2-9 6-11.5 10l2 2c4-2.5 8-6.5 10-11.5z"/>'
    '<path d="M8 14.5c-2.5 0-3.5 1.5-3.5 3.5 0 1-.7 2-1.5 2.5 3 .5 7 0 7-3.5 0-1.400-.8-2.5-2-2.5z"/>',
}


class _Style(QProxyStyle):
    """Fusion with check boxes that are visible on dark gray, without its colored icons on buttons, and without HTML."""

    def polish(self, target: Any) -> Any:
        """Show the text of every label as it is: Qt would take a file's name with <b> in it for HTML.

        Tool tips and message boxes are or contain labels, too.
        """
        if isinstance(target, QLabel):
            target.setTextFormat(Qt.PlainText)
        return super().polish(target)

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        data: QStyleHintReturn | None = None,
    ) -> int:
        if hint == QStyle.SH_DialogButtonBox_ButtonsHaveIcons:
            return 0
        return super().styleHint(hint, option, widget, data)

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        if element != QStyle.PE_IndicatorCheckBox:
            super().drawPrimitive(element, option, painter, widget)
            return
        is_checked = bool(option.state & QStyle.State_On)
        has_focus = bool(option.state & QStyle.State_HasFocus)
        box = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.save()
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(QColor(ACCENT if is_checked or has_focus else MUTED))
        painter.setBrush(QColor(ACCENT if is_checked else CANVAS))
        painter.drawRoundedRect(box, 3, 3)
        if is_checked:
            painter.setPen(QPen(QColor(ON_ACCENT), 2, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
            tick = [(0.24, 0.52), (0.43, 0.72), (0.77, 0.3)]
            points = [QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in tick]
            painter.drawPolyline(QPolygonF(points))
        painter.restore()


def apply(app: QApplication) -> None:
    """Apply colors and style sheet to an application; the same on every platform."""
    app.setStyle(_Style("Fusion"))
    palette = QPalette()
    roles = {
        QPalette.Window: WINDOW,
        QPalette.WindowText: TEXT,
        QPalette.Base: CANVAS,
        QPalette.AlternateBase: PANEL,
        QPalette.Text: TEXT,
        QPalette.Button: PANEL,
        QPalette.ButtonText: TEXT,
        QPalette.BrightText: BRIGHT,
        QPalette.ToolTipBase: CANVAS,
        QPalette.ToolTipText: TEXT,
        QPalette.Highlight: ACCENT,
        QPalette.HighlightedText: ON_ACCENT,
        QPalette.Link: ACCENT,
        QPalette.PlaceholderText: MUTED,
    }
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (QPalette.Text, QPalette.ButtonText, QPalette.WindowText):
        palette.setColor(QPalette.Disabled, role, QColor("#6d6e73"))
    app.setPalette(palette)
    app.setStyleSheet(_STYLE_SHEET)


def drawing(name: str, size_px: int, color: str = TEXT) -> QPixmap:
    """Draw one of the line drawings on a transparent square."""
    source = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{color}" '
        f'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">{_DRAWINGS[name]}</svg>'
    )
    pixmap = QPixmap(2 * size_px, 2 * size_px)  # twice the resolution, for high-DPI screens
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    return pixmap


def icon(name: str) -> QIcon:
    """Return a line drawing as an icon, paler where its button is disabled."""
    result = QIcon(drawing(name, 20))
    result.addPixmap(drawing(name, 20, "#6d6e73"), QIcon.Disabled)
    return result


def app_icon() -> QIcon:
    """Return the icon of the program: a brush on a dark square."""
    square = QPixmap(128, 128)
    square.fill(Qt.transparent)
    painter = QPainter(square)
    painter.setRenderHint(QPainter.Antialiasing)
    painter.setPen(Qt.NoPen)
    painter.setBrush(QColor(CANVAS))
    painter.drawRoundedRect(square.rect(), 26, 26)
    painter.drawPixmap(22, 22, drawing("brush", 84, ACCENT))
    painter.end()
    return QIcon(square)
