"""Learning a painting, as a part of the session: the process, its events, and the style that comes of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QObject, pyqtSignal

from ppgan_lite.errors import PpganError
from ppgan_lite.gui.choices import user_style_choice
from ppgan_lite.gui.learner import Learner
from ppgan_lite.gui.state import Learning, State
from ppgan_lite.gui.texts import has_text
from ppgan_lite.images import write_image
from ppgan_lite.styles.users import read_style

_STOP_MS = 60_000  # a step, and writing the style
_PREVIEW_PX = 2048  # of a photo for the previews


class LearnSession(QObject):
    """Has a painting learned by a process of its own.

    Signals:
        changed: `State.learning` has.
        learned: The `Choice` of a style that is new.
        told: Key of a text and its values.
        failed: Key of a text and the error.

    Args:
        state: Has the photo of the previews, and shows what is learned.
        learner: Is the process.
    """

    changed = pyqtSignal()
    learned = pyqtSignal(object)
    told = pyqtSignal(str, dict)
    failed = pyqtSignal(str, object)

    def __init__(self, state: State, learner: Learner) -> None:
        super().__init__()
        self.state = state
        self.learner = learner
        self.learner.told.connect(self._take)
        self._photo_folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def is_running(self) -> bool:
        """Whether a painting is being learned, and nobody has asked to stop that."""
        return self.learner.running and not self.learner.stopping

    def start(self, painting: Path, options: list[str]) -> None:
        """Start to learn a painting, with options of `paddlegan learn`."""
        if self.learner.running:
            self.told.emit("learn_busy", {})
            return
        title = next((option[7:] for option in options if option.startswith("--name=")), painting.stem)
        self.state.learning = Learning(title)
        photo = self._photo_file()
        self.learner.start(painting, [*options, *([f"--preview={photo}"] if photo else [])])
        self.changed.emit()

    def stop(self) -> None:
        """Ask to stop learning; what is learned so far becomes a style."""
        self.learner.stop()
        if self.state.learning is not None:
            self.state.learning.stopping = True
            self.changed.emit()

    def show_preview(self, shown: bool) -> None:
        """Show the preview of learning in the result's place, or the result."""
        learning = self.state.learning
        if learning is not None and learning.shows_preview != shown:
            learning.shows_preview = shown
            self.changed.emit()

    def close(self) -> None:
        """Wait until the process has ended."""
        self.learner.stop()
        self.learner.wait(_STOP_MS)
        if self._photo_folder is not None:
            self._photo_folder.cleanup()

    def _take(self, event: dict[str, Any]) -> None:
        learning = self.state.learning
        if learning is None:
            return
        kind = event["event"]
        if kind == "started":
            learning.title = str(event["title"])
        elif kind == "progress":
            learning.seconds, learning.seconds_left = float(event["seconds"]), float(event["seconds_left"])
        elif kind == "preview":
            learning.preview = Path(event["file"])
        else:
            self.state.learning = None
            self._end(kind, event, learning.title)
        self.changed.emit()

    def _end(self, kind: str, event: dict[str, Any], title: str) -> None:
        if kind in ("done", "kept"):
            try:
                self.learned.emit(user_style_choice(read_style(Path(event["path"]))))
                self.told.emit("learned" if kind == "done" else "learn_kept", {"title": title})
            except PpganError as error:
                self.failed.emit("learn_failed", error)
        elif kind == "failed":
            self.failed.emit("learn_failed", _error_of(event))
        else:
            self.told.emit("learn_nothing", {})

    def _photo_file(self) -> Path | None:
        """Return the file of the photo; of a pasted one, a copy."""
        photo = self.state.photo
        if photo is None or photo.path is not None:
            return photo.path if photo else None
        if self._photo_folder is None:
            self._photo_folder = tempfile.TemporaryDirectory()
        path = Path(self._photo_folder.name) / "photo.png"
        write_image(path, photo.pyramid.thumbnail(_PREVIEW_PX), overwrite=True)
        return path


def _error_of(event: dict[str, Any]) -> PpganError:
    """Return the error that an event tells, which has words in the language of the window if it has a code."""
    where, _, found = str(event.get("error", "")).partition(": ")
    if not found:
        where, found = "learn", where
    code = str(event.get("code", ""))
    return PpganError(where, found, code=code if has_text(f"error_{code}") else "", values=event.get("values"))
