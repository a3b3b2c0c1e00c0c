"""The two panes with their captions: the photo, and beside it the result, or what is shown in its place."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QPointF, QSize, pyqtSignal
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ppgan_lite.gui.captions import learning_caption, photo_caption, progress_caption, result_caption
from ppgan_lite.gui.session import Painting
from ppgan_lite.gui.state import Learning, Picture, Result
from ppgan_lite.gui.texts import text
from ppgan_lite.gui.view import PicturePane, Placeholder, Viewport, to_pixmap

_ZOOM_STEP = 1.4


class Panes(QWidget):
    """Photo on the left, result on the right, seen through one viewport."""

    photo_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._language = "en"
        self._task = "stylize"
        self._photo: Picture | None = None
        self._result: Result | None = None
        self._work: Painting | None = None
        self._learning: Learning | None = None
        self._result_pixmap: QPixmap | None = None
        self._preview_file: Path | None = None
        self._preview_pixmap: QPixmap | None = None
        self.viewport = Viewport()
        self.photo_pane = PicturePane(self.viewport)
        self.result_pane = PicturePane(self.viewport)
        self.photo_pane.clicked_empty.connect(self.photo_wanted)
        self.photo_title, self.photo_detail, photo_column = _captioned(self.photo_pane)
        self.result_title, self.result_detail, result_column = _captioned(self.result_pane)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(photo_column, 1)
        layout.addLayout(result_column, 1)

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.photo_title.setText(text("photo", language))
        self.photo_detail.setText(photo_caption(self._photo, language))
        self.photo_pane.placeholder = Placeholder(text("drop_here", language), text("drop_hint", language))
        self.photo_pane.update()
        self.show_task(self._task)
        self._show_work()
        self._show_right()

    def show_photo(self, photo: Picture) -> None:
        """Show another photo, all of it."""
        self._photo = photo
        self.viewport.show_photo(QSize(*photo.size))
        self.photo_pane.show_pixmap(to_pixmap(photo.preview))
        self.photo_detail.setText(photo_caption(photo, self._language))

    def show_result(self, result: Result | None) -> None:
        """Show a result beside the photo; None shows how to make one."""
        self._result = result
        self._result_pixmap = None if result is None else to_pixmap(result.preview)
        self._show_right()

    def show_work(self, work: Painting | None) -> None:
        """Show the progress of the picture that is being made; None where there is none."""
        begins_or_ends = (work is None) != (self._work is None)
        self._work = work
        self._show_work()
        if begins_or_ends:
            self._show_right()

    def show_learning(self, learning: Learning | None) -> None:
        """Show the preview of a painting that is being learned in the result's place, where it is asked for."""
        self._learning = learning
        file = learning.preview if learning else None
        if file != self._preview_file:
            self._preview_file = file
            self._preview_pixmap = QPixmap(str(file)) if file else None
            if self._preview_pixmap is not None and self._photo is None:
                self.viewport.show_photo(self._preview_pixmap.size())
        self._show_right()

    def show_task(self, task: str) -> None:
        """Name the button of a task where a result will be."""
        self._task = task
        hint = text("result_hint", self._language, button=text(f"run_{task}", self._language))
        self.result_pane.placeholder = Placeholder(text("result_here", self._language), hint)
        self.result_pane.update()

    def fit(self) -> None:
        """Show the whole photo."""
        self.viewport.fit()

    def actual_size(self) -> None:
        """Show a pixel of the photo on a pixel of the screen."""
        self.viewport.zoom_to(1 / self.devicePixelRatioF(), self._middle, self.photo_pane.size())

    def zoom_in(self) -> None:
        """Show the middle larger."""
        self.viewport.zoom_by(_ZOOM_STEP, self._middle, self.photo_pane.size())

    def zoom_out(self) -> None:
        """Show the middle smaller."""
        self.viewport.zoom_by(1 / _ZOOM_STEP, self._middle, self.photo_pane.size())

    @property
    def _middle(self) -> QPointF:
        return QPointF(self.photo_pane.width() / 2, self.photo_pane.height() / 2)

    def _show_right(self) -> None:
        learning = self._learning
        if learning is not None and learning.shows_preview and self._preview_pixmap is not None:
            self.result_pane.show_pixmap(self._preview_pixmap)
            title, detail = text("learn_preview", self._language), learning_caption(learning, self._language)
        else:
            if self._result is None and self._work is not None:
                self.result_pane.show_pixmap(self.photo_pane.pixmap, dimmed=True)
            else:
                self.result_pane.show_pixmap(self._result_pixmap)
            title, detail = text("result", self._language), result_caption(self._result, self._language)
        self.result_title.setText(title)
        self.result_detail.setText(detail)

    def _show_work(self) -> None:
        if self._work is None:
            self.result_pane.show_note("")
        elif self._work.progress is None:
            self.result_pane.show_note(text("preparing", self._language))
        else:
            note = progress_caption(self._work.progress, self._language)
            self.result_pane.show_note(note, self._work.progress)


def _captioned(pane: PicturePane) -> tuple[QLabel, QLabel, QVBoxLayout]:
    """Lay out a title and a detail line above a pane."""
    title, detail = QLabel(objectName="title"), QLabel(objectName="muted")
    detail.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)  # a long file name must not widen the pane
    line = QHBoxLayout()
    line.setContentsMargins(4, 0, 4, 0)
    line.setSpacing(10)
    line.addWidget(title)
    line.addWidget(detail, 1)
    column = QVBoxLayout()
    column.setSpacing(6)
    column.addLayout(line)
    column.addWidget(pane, 1)
    return title, detail, column
