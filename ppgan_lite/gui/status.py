"""The status bar: what happens, how far it is, and the device."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtWidgets import QLabel, QProgressBar, QStatusBar

from ppgan_lite.gui.captions import device_caption, error_line, loading_caption, work_caption
from ppgan_lite.gui.elided_label import ElidedLabel
from ppgan_lite.gui.progress import Loading, Painting
from ppgan_lite.gui.texts import text

_DEVICE_WIDTH_PX = 420


class StatusBar(QStatusBar):
    """One line about the last event, a bar for the picture that is being made, and the device."""

    def __init__(self) -> None:
        super().__init__()
        self._language = "en"
        self._line: Callable[[], str] = lambda: text("ready", self._language)
        self._device: tuple[str | None, str] = None, ""
        self.label = ElidedLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(120, 6)
        self.bar.hide()
        self.thumbnails_label = QLabel()
        self.thumbnails_label.hide()
        self._thumbnails = 0, 0
        self.device_label = ElidedLabel(widest=_DEVICE_WIDTH_PX)
        for label in (self.label, self.device_label):
            label.setContentsMargins(12, 3, 12, 4)
        self.setSizeGripEnabled(False)
        self.addWidget(self.label, 1)
        self.addPermanentWidget(self.bar)
        self.addPermanentWidget(self.thumbnails_label)
        self.addPermanentWidget(self.device_label)

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.bar.setAccessibleName(text("progress_name", language))
        self._show_line()
        self.thumbnails_label.setText(text("thumbnails", language, done=self._thumbnails[0], count=self._thumbnails[1]))
        self.show_device(*self._device)

    def tell(self, key: str, values: dict[str, object]) -> None:
        """Show a text of `texts`; it follows a change of language."""
        self._line = lambda: text(key, self._language, **values)
        self._show_line()

    def show_error(self, error: BaseException) -> None:
        """Show an error in one line."""
        self._line = lambda: error_line(error, self._language)
        self._show_line()

    def show_work(self, work: Painting | None, loading: Loading | None) -> None:
        """Show progress and cost of the picture that is being made, or else the step of the checkpoint that is loaded.

        Without either the bar is hidden, and the line stays.
        """
        self.bar.setVisible(work is not None or loading is not None)
        progress = None if work is None else work.progress
        self.bar.setRange(0, 0 if progress is None else 1000)
        self.bar.setValue(round(1000 * (progress or 0)))
        if work is not None:
            self._line = lambda: work_caption(work, self._language)
        elif loading is not None:
            self._line = lambda: loading_caption(loading, self._language)
        else:
            return
        self._show_line()

    def show_thumbnails(self, done: int, count: int) -> None:
        """Show how many pictures of the gallery are made; nothing where all are."""
        self._thumbnails = done, count
        self.thumbnails_label.setText(text("thumbnails", self._language, done=done, count=count))
        self.thumbnails_label.setVisible(done < count)

    def show_device(self, device: str | None, note: str) -> None:
        """Show the device in use (None before one is known) and the reason why it is not another."""
        self._device = device, note
        self.device_label.setText(device_caption(device, note, self._language))

    def _show_line(self) -> None:
        self.label.setText(self._line())
