"""A label that never asks for the room of a long text."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QLabel, QSizePolicy


class ElidedLabel(QLabel):
    """Shows a text that is too long without its middle, and whole in a tool tip."""

    def __init__(self, *, name: str = "") -> None:
        super().__init__(objectName=name)
        self.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)

    def shown_text(self) -> str:
        """Return the text as there is room for it."""
        return self.fontMetrics().elidedText(self.text(), Qt.ElideMiddle, self.contentsRect().width())

    def event(self, event: QEvent) -> bool:
        """Have a tool tip only where it says more."""
        if event.type() == QEvent.ToolTip:
            self.setToolTip(self.text() if self.shown_text() != self.text() else "")
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        alignment = int(Qt.AlignLeft | Qt.AlignVCenter)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            alignment,
            self.palette(),
            self.isEnabled(),
            self.shown_text(),
            self.foregroundRole(),
        )
        painter.end()
