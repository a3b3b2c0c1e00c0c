"""The widgets of the main window, and where they stand."""

from __future__ import annotations

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from ppgan_lite.gui.again_row import AgainRow
from ppgan_lite.gui.batch_panel import BatchPanel, BatchRow
from ppgan_lite.gui.clip_row import ClipRow
from ppgan_lite.gui.command_bar import CommandBar
from ppgan_lite.gui.controls import Controls
from ppgan_lite.gui.dialogs import ErrorDialog
from ppgan_lite.gui.gallery import Gallery
from ppgan_lite.gui.history_strip import HistoryStrip
from ppgan_lite.gui.learn_dialog import LearningRow
from ppgan_lite.gui.mask_row import MaskRow
from ppgan_lite.gui.panes import Panes
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.status import StatusBar

NAME = "ppgan_lite"
_SIZE = QSize(1320, 880)
_LOW_PX = 720


class WindowLayout(QMainWindow):
    """Photo on the left, result on the right, styles and settings below; rows of what is going on stand between.

    Args:
        preferences: Remember its place.
    """

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self.setWindowTitle(NAME)
        self.setAcceptDrops(True)
        self.toolbar = CommandBar()
        self.panes = Panes()
        self.history_strip = HistoryStrip()
        self.mask_row = MaskRow(self.panes.mask_brush)
        self.clip_row = ClipRow()
        self.learning_row = LearningRow()
        self.again_row = AgainRow()
        self.batch_row = BatchRow()
        self.gallery = Gallery()
        self.controls = Controls()
        self.status = StatusBar()
        self.batch_panel = BatchPanel(self, preferences)
        self.dialog = ErrorDialog(self)
        pictures = QHBoxLayout()
        pictures.setSpacing(6)
        pictures.addWidget(self.panes, 1)
        pictures.addWidget(self.history_strip)
        background = QHBoxLayout()  # what goes on besides; of both at once, a low window has room for one row
        background.addWidget(self.learning_row, 3)  # it has two buttons
        background.addWidget(self.batch_row, 2)
        middle = QWidget()
        self._rows = QVBoxLayout(middle)
        self._rows.addLayout(pictures, 1)
        for row in (self.clip_row, self.mask_row, self.again_row):
            self._rows.addWidget(row)
        self._rows.addLayout(background)
        self._rows.addWidget(self.gallery)
        self._rows.addWidget(self.controls)
        self.addToolBar(self.toolbar)
        self.setCentralWidget(middle)
        self.setStatusBar(self.status)
        self.resize(_SIZE.boundedTo(QApplication.primaryScreen().availableSize() * 0.92))
        if preferences.geometry is not None:
            self.restoreGeometry(preferences.geometry)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the pictures their room in a low window."""
        super().resizeEvent(event)
        is_low = self.height() < _LOW_PX
        self.gallery.show_small(is_low)
        for row in (self.clip_row, self.learning_row, self.batch_row):
            row.layout().setContentsMargins(16, 0 if is_low else 4, 12, 0 if is_low else 4)
        self._rows.setSpacing(6 if is_low else 10)
        self._rows.setContentsMargins(12, 2 if is_low else 4, 12, 6 if is_low else 10)
