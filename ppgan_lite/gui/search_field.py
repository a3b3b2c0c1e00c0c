"""The field in which a style is looked for."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QLineEdit, QSizePolicy

from ppgan_lite.gui.texts import text


class SearchField(QLineEdit):
    """A line of words; Escape clears it, and Escape, Enter and Down leave it.

    Signals:
        left: The user goes on to what was found.
    """

    left = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(90)
        self.setMaximumWidth(200)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self.setPlaceholderText(text("find_style_here", language))
        self.setAccessibleName(text("find_style_here", language))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the field by key."""
        if event.key() == Qt.Key_Escape:
            self.clear()
        if event.key() in (Qt.Key_Escape, Qt.Key_Return, Qt.Key_Enter, Qt.Key_Down):
            self.left.emit()
        else:
            super().keyPressEvent(event)
