"""Results to files: each save that was asked for is made, one after the other, and told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal

from ppgan_lite.gui.history import Entry, History
from ppgan_lite.gui.job_runner import JobRunner
from ppgan_lite.gui.state import Result, State
from ppgan_lite.gui.worker import save_result
from ppgan_lite.images import free_path


class Saving(QObject):
    """Saves results on the thread for files.

    Attributes:
        quality: Of JPEG and WebP, 1 to 100.

    Signals:
        told: Key of a text and its values: what is being saved, or is.
        failed: The error of a save.
        ended: The last of the saves that were asked for is done, or has failed.

    Args:
        state: Names the photo and the painting, which no result may replace.
        history: Is told which file holds which result.
        jobs: Do the work.
    """

    told = pyqtSignal(str, dict)
    failed = pyqtSignal(object)
    ended = pyqtSignal()

    def __init__(self, state: State, history: History, jobs: JobRunner) -> None:
        super().__init__()
        self.quality = 95
        self._state = state
        self._history = history
        self._jobs = jobs

    def save(self, result: Result, path: Path, *, overwrite: bool) -> None:
        """Save a result."""
        self._save(self._history.entry_of(result), lambda: result, path, overwrite=overwrite)

    def save_entry(self, entry: Entry, path: Path, *, overwrite: bool) -> None:
        """Save a result of the history."""
        self._save(entry, entry.load, path, overwrite=overwrite)

    def save_unsaved(self, folder: Path) -> None:
        """Save all results of the history that no file holds, under names that are free."""
        taken: set[Path] = set()
        for entry in self._history.unsaved:
            path = free_path(folder / entry.outline.file_name(), taken)
            taken.add(path)
            self.save_entry(entry, path, overwrite=False)

    def file_of_shown(self) -> Path | None:
        """Return the file that holds the result which is shown; None where none does."""
        entry = None if self._state.result is None else self._history.entry_of(self._state.result)
        return None if entry is None else entry.saved

    def _save(self, entry: Entry | None, load: Callable[[], Result], path: Path, *, overwrite: bool) -> None:
        self.told.emit("saving", {"name": path.name})
        pictures = (self._state.photo, self._state.painting)
        read = [picture.path for picture in pictures if picture is not None and picture.path is not None]
        quality = self.quality

        def save(_callbacks: object, _cancelled: object) -> tuple[Entry | None, Path]:
            return entry, save_result(load(), path, overwrite=overwrite, read=read, quality=quality)

        self._jobs.submit("save", save, self._saved, self._failed)

    def _saved(self, answer: tuple[Entry | None, Path]) -> None:
        entry, path = answer
        if entry is not None:
            self._history.mark_saved(entry, path)
        self.told.emit("saved", {"path": path})
        self._end()

    def _failed(self, error: Exception) -> None:
        self.failed.emit(error)
        self._end()

    def _end(self) -> None:
        if not self._jobs.is_running("save"):
            self.ended.emit()
