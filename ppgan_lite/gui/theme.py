"""The window's look: style, palette and style sheet, in one of two tables of colors."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF
from PyQt5.QtWidgets import (
    QApplication,
    QLabel,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QStyleOptionComboBox,
    QStyleOptionComplex,
    QWidget,
)

from ppgan_lite.gui.colors import DARK, Colors

_applied = DARK


def colors() -> Colors:
    """Return the colors that are shown now; whoever paints asks each time, since they can change."""
    return _applied


def apply(app: QApplication, table: Colors = DARK) -> None:
    """Show an application in these colors, at its start or later; the same on every platform."""
    global _applied
    _applied = table
    app.setStyle(_Style("Fusion"))
    app.setPalette(_palette(table))
    app.setStyleSheet(_style_sheet(table))


def _palette(table: Colors) -> QPalette:
    roles = {
        QPalette.Window: table.window,
        QPalette.WindowText: table.text,
        QPalette.Base: table.field,
        QPalette.AlternateBase: table.panel,
        QPalette.Text: table.text,
        QPalette.Button: table.panel,
        QPalette.ButtonText: table.text,
        QPalette.BrightText: table.bright,
        QPalette.ToolTipBase: table.field,
        QPalette.ToolTipText: table.text,
        QPalette.Highlight: table.accent,
        QPalette.HighlightedText: table.on_accent,
        QPalette.Link: table.accent,
        QPalette.PlaceholderText: table.muted,
    }
    palette = QPalette()
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (QPalette.Text, QPalette.ButtonText, QPalette.WindowText):
        palette.setColor(QPalette.Disabled, role, QColor(table.disabled))
    return palette


def _style_sheet(table: Colors) -> str:
    """Return what a palette cannot say.

    Qt's own dialogs follow it too: rules for kinds of widgets that they have are bound to a widget of ours by its place
    or its name. The padding of our tool buttons leaves no room for the icons of the file dialog's.
    """
    return f"""
QMainWindow, QMenuBar, QStatusBar, QToolBar {{ background: {table.window}; }}
QMenuBar {{ padding: 2px 6px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {table.line}; color: {table.bright}; }}
QMenu {{ background: {table.panel}; border: 1px solid {table.line}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 22px; border-radius: 4px; }}
QMenu::item:selected {{ background: {table.line}; color: {table.bright}; }}
QMenu::item:disabled {{ color: {table.disabled}; }}
QMenu::separator {{ height: 1px; background: {table.line}; margin: 4px 8px; }}
QToolBar {{ border: none; padding: 2px 10px 6px 10px; spacing: 4px; }}
QToolBar::separator {{ width: 1px; background: {table.line}; margin: 6px 6px; }}
QToolBar QToolButton, QPushButton {{
    background: {table.panel}; border: 1px solid {table.line}; border-radius: 6px; padding: 6px 12px;
    color: {table.text};
}}
QToolBar QToolButton:hover, QPushButton:hover {{ background: {table.hover}; color: {table.bright}; }}
QToolBar QToolButton:pressed, QPushButton:pressed {{ background: {table.canvas}; }}
QPushButton:checked {{ background: {table.hover}; border-color: {table.accent}; color: {table.accent}; }}
QToolBar QToolButton:focus, QPushButton:focus {{ border-color: {table.accent}; }}
QToolBar QLineEdit {{
    background: {table.field}; border: 1px solid {table.line}; border-radius: 6px; padding: 6px 8px; margin-right: 4px;
}}
QToolBar QLineEdit:focus {{ border-color: {table.accent}; }}
QToolBar QToolButton:disabled, QPushButton:disabled {{ color: {table.disabled}; background: {table.window}; }}
BatchPanel QHeaderView::section {{
    background: {table.panel}; color: {table.muted}; border: none; border-bottom: 1px solid {table.line};
    padding: 4px 3px;
}}
QPushButton#primary {{
    background: {table.accent}; border-color: {table.accent}; color: {table.on_accent}; font-weight: 600;
    padding: 9px 26px;
}}
QPushButton#primary:hover {{ background: {table.accent_hover}; }}
QPushButton#primary:pressed {{ background: {table.accent_pressed}; }}
QPushButton#primary:focus {{ border-color: {table.bright}; }}
QPushButton#primary:disabled {{
    background: {table.accent_disabled}; border-color: {table.accent_disabled}; color: {table.on_accent_disabled};
}}
QPushButton#secondary {{ padding: 9px 18px; }}
QFrame#panel {{ background: {table.panel}; border-radius: 8px; }}
QFrame#panel QLabel {{ background: transparent; }}
QLabel#title {{ color: {table.bright}; font-weight: 600; }}
QLabel#muted, QStatusBar QLabel {{ color: {table.muted}; }}
QLabel#value {{ color: {table.bright}; }}
QLabel:disabled {{ color: {table.disabled}; }}
Gallery, HistoryStrip {{ background: transparent; border: none; outline: none; }}
QStatusBar {{ border-top: 1px solid {table.line}; }}
QStatusBar::item {{ border: none; }}
QMessageBox QLabel {{ padding: 2px 12px 2px 4px; }}
QSlider:horizontal {{ min-height: 18px; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {table.line}; }}
QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {table.accent}; }}
QSlider[idle="true"]::sub-page:horizontal {{ background: {table.line}; }}
QSlider::handle:horizontal {{
    width: 14px; height: 14px; margin: -6px 0; border-radius: 7px; background: {table.bright};
    border: 1px solid {table.canvas};
}}
QSlider::handle:horizontal:focus {{ border: 2px solid {table.accent}; }}
QSlider[idle="true"]::handle:horizontal {{ background: {table.muted}; }}
QScrollBar:horizontal {{ height: 10px; background: transparent; margin: 0; }}
QScrollBar:vertical {{ width: 10px; background: transparent; margin: 0; }}
QScrollBar::handle {{ background: {table.edge}; border-radius: 3px; }}
QScrollBar::handle:horizontal {{ min-width: 40px; margin: 2px 0; }}
QScrollBar::handle:vertical {{ min-height: 40px; margin: 0 2px; }}
QScrollBar::handle:hover {{ background: {table.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    width: 0; height: 0; background: transparent;
}}
QToolTip {{ background: {table.field}; color: {table.text}; border: 1px solid {table.line}; padding: 4px; }}
"""


class _Style(QProxyStyle):
    """Fusion with check boxes that are visible on gray and flat choices, without icons on buttons, and without HTML."""

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
        table = colors()
        is_checked = bool(option.state & QStyle.State_On)
        has_focus = bool(option.state & QStyle.State_HasFocus)
        box = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.save()
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(QColor(table.accent if is_checked or has_focus else table.muted))
        painter.setBrush(QColor(table.accent if is_checked else table.field))
        painter.drawRoundedRect(box, 3, 3)
        if is_checked:
            painter.setPen(QPen(QColor(table.on_accent), 2, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
            tick = [(0.24, 0.52), (0.43, 0.72), (0.77, 0.3)]
            points = [QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in tick]
            painter.drawPolyline(QPolygonF(points))
        painter.restore()

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw a choice as our buttons look: Fusion's have gradients."""
        if control != QStyle.CC_ComboBox or not isinstance(option, QStyleOptionComboBox) or option.editable:
            super().drawComplexControl(control, option, painter, widget)
            return
        table = colors()
        is_enabled, has_focus, is_hovered = (
            bool(option.state & flag) for flag in (QStyle.State_Enabled, QStyle.State_HasFocus, QStyle.State_MouseOver)
        )
        arrow = QRectF(self.subControlRect(control, option, QStyle.SC_ComboBoxArrow, widget)).center()
        painter.save()
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(QColor(table.accent if has_focus else table.line))
        painter.setBrush(QColor(table.hover if is_hovered and is_enabled else table.panel))
        painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(QPen(QColor(table.muted if is_enabled else table.disabled), 1.5))
        painter.drawPolyline(QPolygonF([arrow + QPointF(x, y) for x, y in ((-4, -2), (0, 2), (4, -2))]))
        painter.restore()
