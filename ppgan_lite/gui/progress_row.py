"""A row of the main window that tells how far some work is: a line of text, a bar, and buttons."""

from __future__ import annotations

from PyQt5.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QSizePolicy

from ppgan_lite.gui.elided_label import ElidedLabel


class ProgressRow(QFrame):
    """The row; hidden until there is something to show.

    Attributes:
        label: The text.
        bar: From 0 to 1000.

    Args:
        buttons: At its end.
    """

    def __init__(self, *buttons: QPushButton) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.label = ElidedLabel(name="value")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 4)
        layout.setSpacing(16)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.bar, 1)
        for button in buttons:
            layout.addWidget(button)
        self.hide()
