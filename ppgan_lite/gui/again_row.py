"""The row that offers the settings of an opened picture that was made here."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QPushButton

from ppgan_lite.gui.elided_label import ElidedLabel
from ppgan_lite.gui.texts import text
from ppgan_lite.images import ResultSettings


class AgainRow(QFrame):
    """Names the style, and has a button to use its settings and one to go away; hidden where there is no offer.

    Signals:
        wanted: The file whose settings are wanted.
    """

    wanted = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._language = "en"
        self._offer: tuple[Path, ResultSettings] | None = None
        self.label = ElidedLabel(name="value")
        self.use, self.dismiss = QPushButton(), QPushButton()
        self.use.clicked.connect(lambda: self._want())
        self.dismiss.clicked.connect(lambda: self.show_offer(None))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 4)
        layout.setSpacing(10)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.use)
        layout.addWidget(self.dismiss)
        self.hide()

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.use.setText(text("again_use", language))
        self.dismiss.setText(text("again_dismiss", language))
        self.show_offer(self._offer)

    def show_offer(self, offer: tuple[Path, ResultSettings] | None) -> None:
        """Offer the settings of a file; None offers nothing."""
        self._offer = offer
        self.setVisible(offer is not None)
        if offer is not None:
            path, settings = offer
            file = settings.painting or settings.style or settings.checkpoint
            style = " + ".join(part.file.name for part in settings.blend) or (file.name if file else settings.verb)
            self.label.setText(text("again_offer", self._language, name=path.name, style=style))

    def _want(self) -> None:
        if self._offer is not None:
            self.wanted.emit(self._offer[0])
            self.show_offer(None)
