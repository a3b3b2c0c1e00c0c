"""The photo, and beside it the result, or what is shown in the place of either."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import QSize, pyqtSignal

from ppgan_lite.errors import PpganError
from ppgan_lite.gui.captions import (
    learning_caption,
    photo_caption,
    progress_caption,
    result_caption,
    step_caption,
)
from ppgan_lite.gui.compare_view import CompareView, Side
from ppgan_lite.gui.mask_brush import MaskBrush
from ppgan_lite.gui.picture_pane import Placeholder
from ppgan_lite.gui.progress import Painting
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.state import Learning, Picture, Result
from ppgan_lite.gui.texts import text
from ppgan_lite.images import read_image


class Panes(CompareView):
    """The photo as the first picture of a comparison, the result as the second."""

    photo_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._task = "stylize"
        self._photo: Picture | None = None
        self._result: Result | None = None
        self._instead: Side | None = None
        self._work: Painting | None = None
        self._learning: Learning | None = None
        self._preview = _Preview()
        self._quick: Result | None = None
        self.photo_pane, self.result_pane = self.panes
        (self.photo_title, self.photo_detail), (self.result_title, self.result_detail) = (
            (caption.title, caption.detail) for caption in self.captions
        )
        self.photo_pane.clicked_empty.connect(self.photo_wanted)
        self.mask_brush = MaskBrush(self.photo_pane, self.viewport)

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        super().set_language(language)
        self.photo_pane.placeholder = Placeholder(text("drop_here", language), text("drop_hint", language))
        self.show_task(self._task)
        self._show_work()
        self._show()

    def show_photo(self, photo: Picture) -> None:
        """Show another photo, all of it; of two frames of a clip, the same part."""
        size = QSize(*photo.size)
        is_frame_too = photo.is_frame and self._photo is not None and self._photo.is_frame
        self._photo, self._instead = photo, None
        if not (is_frame_too and size == self.viewport.photo_size):
            self.viewport.show_photo(size)
        self._show()

    def show_result(self, result: Result | None) -> None:
        """Show a result beside the photo; None shows how to make one."""
        self._result = result
        self._show()

    def show_quick(self, preview: Result | None) -> None:
        """Show a small picture that follows the sliders in the place of the result; None shows the result."""
        self._quick = preview
        self._show()

    def show_instead_of_photo(self, side: Side | None) -> None:
        """Show another picture of the photo's motif in its place, such as an earlier result; None shows the photo."""
        self._instead = side
        self._show()

    def show_work(self, work: Painting | None) -> None:
        """Show the progress of the picture that is being made; None where there is none."""
        begins_or_ends = (work is None) != (self._work is None)
        self._work = work
        self._show_work()
        if begins_or_ends:
            self._show()

    def show_learning(self, learning: Learning | None) -> None:
        """Show the preview of a painting that is being learned in the result's place, where it is asked for."""
        self._learning = learning
        file = learning.preview if learning else None
        if file != self._preview.file:
            self._preview = _Preview.read(file)
            if self._preview.picture is not None and self._photo is None:
                self.viewport.show_photo(QSize(*self._preview.picture.size))
        self._show()

    def show_task(self, task: str) -> None:
        """Name the button of a task where a result will be."""
        self._task = task
        hint = text("result_hint", self._language, button=text(f"run_{task}", self._language))
        self.result_pane.placeholder = Placeholder(text("result_here", self._language), hint)
        for pane in self.panes:
            pane.update()

    def _show(self) -> None:
        language, photo, result, learning = self._language, self._photo, self._result, self._learning
        picture = photo.pyramid if photo else None
        first = self._instead or Side(text("photo", language), photo_caption(photo, language), picture)
        if learning is not None and learning.shows_preview and self._preview.picture is not None:
            caption = learning_caption(learning, language)
            second = Side(text("learn_preview", language), caption, self._preview.picture)
        elif self._quick is not None:
            button = text(f"run_{self._task}", language)
            hint = text("preview_hint", language, button=button)
            caption = f"{hint}  ·  {result_caption(self._quick, language, is_whole=False)}"
            picture = self._quick.pyramid
            second = Side(text("learn_preview", language), caption, picture, dimmed=self._work is not None)
        elif result is None and self._work is not None:
            second = Side(text("result", language), "", picture, dimmed=True)
        else:
            picture = result.pyramid if result else None
            second = Side(text("result", language), result_caption(result, language), picture)
        self.show_sides(first, second)

    def _show_work(self) -> None:
        if self._work is None:
            self.result_pane.show_note("")
        elif self._work.progress is None:
            self.result_pane.show_note(step_caption(self._work.step, self._language))
        else:
            note = progress_caption(self._work.progress, self._language)
            self.result_pane.show_note(note, self._work.progress)


@dataclass(frozen=True, eq=False)
class _Preview:
    """The photo, painted in a style that is being learned."""

    file: Path | None = None
    picture: Pyramid | None = None

    @classmethod
    def read(cls, file: Path | None) -> _Preview:
        """Read it; one that cannot be read is not shown, since the next one comes soon."""
        try:
            return cls(file, Pyramid.of(read_image(file)[0]) if file else None)
        except PpganError:
            return cls(file)
