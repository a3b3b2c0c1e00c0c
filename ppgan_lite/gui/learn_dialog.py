"""The dialog before learning a painting, and the row that shows a running one."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from ppgan_lite.gui.captions import learning_caption
from ppgan_lite.gui.progress_row import ProgressRow
from ppgan_lite.gui.state import Learning
from ppgan_lite.gui.texts import text

_MINUTES = 6
_MOST_MINUTES = 600
# Text -> value of the option.
_STROKES = {"strokes_fine": 0.75, "strokes_as_painted": 1.0, "strokes_broad": 1.5}
_SHAPES = {"shapes_bold": 0.025, "shapes_balanced": 0.05, "shapes_faithful": 0.12}


class LearnDialog(QDialog):
    """Asks for name, minutes, strokes and shapes; does not block the window."""

    chosen = pyqtSignal(object, list)  # painting, options of `paddlegan learn`

    def __init__(self, parent: QWidget, painting: Path, language: str) -> None:
        super().__init__(parent)
        self._painting = painting
        self.setMinimumWidth(420)
        self.setWindowTitle(text("learn_title", language))
        self.name = QLineEdit(painting.stem.replace("_", " "))
        self.minutes = QSpinBox()
        self.minutes.setRange(1, _MOST_MINUTES)
        self.minutes.setValue(_MINUTES)
        self.strokes = _choices(_STROKES, 1.0, language)
        self.shapes = _choices(_SHAPES, 0.05, language)
        hint = QLabel(text("learn_hint", language))
        hint.setWordWrap(True)
        buttons = QDialogButtonBox()
        self.start = buttons.addButton(text("learn_start", language), QDialogButtonBox.AcceptRole)
        buttons.addButton(text("cancel", language), QDialogButtonBox.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QFormLayout(self)
        layout.addRow(hint)
        layout.addRow(text("learn_name", language), self.name)
        layout.addRow(text("learn_minutes", language), self.minutes)
        layout.addRow(text("brush", language), self.strokes)
        layout.addRow(text("learn_shapes", language), self.shapes)
        layout.addRow(buttons)
        self.accepted.connect(self._choose)

    def _choose(self) -> None:
        options = [f"--minutes={self.minutes.value()}", f"--scale={self.strokes.currentData()}"]
        options.append(f"--content={self.shapes.currentData()}")
        if self.name.text().strip():
            options.append(f"--name={self.name.text().strip()}")
        self.chosen.emit(self._painting, options)


class LearningRow(ProgressRow):
    """Title, time left, and the buttons to show the preview and to stop; hidden while nothing is learned."""

    stop = pyqtSignal()
    preview_toggled = pyqtSignal(bool)

    def __init__(self) -> None:
        preview, stop_button = QPushButton(objectName="secondary"), QPushButton(objectName="secondary")
        super().__init__(preview, stop_button)
        self.preview, self.stop_button = preview, stop_button
        self._language = "en"
        self._learning: Learning | None = None
        preview.setCheckable(True)
        preview.clicked.connect(self.preview_toggled)
        stop_button.clicked.connect(lambda: self.stop.emit())

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.preview.setText(text("learn_preview", language))
        self.stop_button.setText(text("learn_stop", language))
        self.bar.setAccessibleName(text("progress_name", language))
        self.show_learning(self._learning)

    def show_learning(self, learning: Learning | None) -> None:
        """Show a running one; nothing for None."""
        self._learning = learning
        self.setVisible(learning is not None)
        if learning is None:
            return
        self.label.setText(learning_caption(learning, self._language))
        self.bar.setValue(round(1000 * learning.share))
        self.preview.setChecked(learning.shows_preview)
        self.preview.setEnabled(learning.preview is not None)
        self.stop_button.setEnabled(not learning.stopping)


def _choices(values: dict[str, float], chosen: float, language: str) -> QComboBox:
    box = QComboBox()
    for key, value in values.items():
        box.addItem(text(key, language), value)
    box.setCurrentIndex(box.findData(chosen))
    return box
