"""The tool bar."""

from __future__ import annotations

from typing import cast

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QAction, QToolBar, QToolButton

from ppgan_lite.gui.search_field import SearchField


class CommandBar(QToolBar):
    """The tool bar; some of its buttons are icons alone where it is too narrow for all texts.

    Attributes:
        shortened: Actions of these buttons.
        search: Words of styles.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shortened: list[QAction] = []
        self.search = SearchField()
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.PreventContextMenu)
        self.setIconSize(QSize(18, 18))
        self.setToolButtonStyle(Qt.ToolButtonTextBesideIcon)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as much text as fits."""
        self.fit_texts()
        super().resizeEvent(event)

    def fit_texts(self) -> None:
        """Show all texts, or those of the most important buttons where not all fit."""
        buttons = [self.widgetForAction(action) for action in self.shortened]
        for style in (Qt.ToolButtonTextBesideIcon, Qt.ToolButtonIconOnly):
            for button in buttons:
                cast("QToolButton", button).setToolButtonStyle(style)
            if self.sizeHint().width() <= self.width():
                break
