"""A label that never asks for the room of a long text."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QLabel, QSizePolicy

_SHORTEST = "ab…"


class ElidedLabel(QLabel):
    """Shows a text that is too long without its middle, and whole in a tool tip.

    Args:
        name: For the style sheet.
        widest: The most pixels that it asks for; None asks for no width of its own.
    """

    def __init__(self, *, name: str = "", widest: int | None = None) -> None:
        super().__init__(objectName=name)
        self._widest = widest
        if widest is None:
            self.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)

    def set_widest(self, widest: int) -> None:
        """Ask for another width."""
        if widest != self._widest:
            self._widest = widest
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the size of the text, but no more than it may ask for."""
        hint = super().sizeHint()
        return hint if self._widest is None else hint.boundedTo(QSize(self._widest, hint.height()))

    def minimumSizeHint(self) -> QSize:
        """Return the size of a few letters."""
        hint = super().minimumSizeHint()
        return QSize(min(self.fontMetrics().horizontalAdvance(_SHORTEST), hint.width()), hint.height())

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
