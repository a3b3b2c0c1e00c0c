"""The row below the pictures for a clip: which frame is shown, and the button to paint all of them."""

from __future__ import annotations

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider

from ppgan_lite.gui.clips import Frame, clock
from ppgan_lite.gui.texts import text

_PAUSE_MS = 40  # between two frames that are read while the slider moves


class ClipRow(QFrame):
    """A slider over a clip's frames; arrow keys go from frame to frame. Hidden where no clip is open.

    Signals:
        frame_wanted: The number of a frame.
        paint_wanted: The clip is to be painted to a file.
    """

    frame_wanted = pyqtSignal(int)
    paint_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._language = "en"
        self._frame: Frame | None = None
        self._wanted: int | None = None
        self.label, self.time = QLabel(), QLabel(objectName="value")
        self.slider = QSlider(Qt.Horizontal)
        self.slider.setMinimumHeight(22)
        self.slider.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        self.paint = QPushButton()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.slider.valueChanged.connect(self._want)
        self.paint.clicked.connect(lambda: self.paint_wanted.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 4)
        layout.setSpacing(12)
        for widget in (self.label, self.slider, self.time, self.paint):
            layout.addWidget(widget)
        self.hide()

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.label.setText(text("clip_frame", language))
        self.slider.setAccessibleName(text("clip_frame", language))
        self.slider.setToolTip(text("clip_frame_tip", language))
        self.paint.setText(text("clip_paint", language))
        self.paint.setToolTip(text("clip_paint_tip", language))

    def show_frame(self, frame: Frame | None) -> None:
        """Show which frame of a clip is open; nothing for None."""
        self._frame = frame
        self.setVisible(frame is not None)
        if frame is None:
            self._wanted = None
            return
        self.slider.blockSignals(True)
        self.slider.setRange(0, frame.last)
        self.slider.setPageStep(max(round(frame.clip.rate), 1))  # a second
        if self._wanted is None:  # else it would jump back while it is being moved
            self.slider.setValue(frame.number)
        self.slider.blockSignals(False)
        self.time.setText(f"{clock(self.slider.value(), frame.clip)} / {clock(frame.last, frame.clip)}")

    def _want(self, number: int) -> None:
        self._wanted = number
        if self._frame is not None:
            self.time.setText(f"{clock(number, self._frame.clip)} / {clock(self._frame.last, self._frame.clip)}")
        if not self._pause.isActive():
            self._pause.start()

    def _ask(self) -> None:
        if self._wanted is not None and self._frame is not None:
            number, self._wanted = self._wanted, None
            self.frame_wanted.emit(number)
