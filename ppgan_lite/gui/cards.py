"""The cards of the gallery: chosen, loaded from checkpoints, named and removed."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal

from ppgan_lite.errors import PpganError
from ppgan_lite.gui.choices import Choice, checkpoint_title, mixture
from ppgan_lite.gui.job_runner import JobRunner
from ppgan_lite.gui.progress import Loading
from ppgan_lite.gui.state import State
from ppgan_lite.gui.worker import Cancelled, JobCallbacks, PredictorCache
from ppgan_lite.styles.users import remove_style, rename_style


class Cards(QObject):
    """The choices that a photo can be made into, and the chosen one.

    Signals:
        changed: There are others, or with other names.
        chosen: Another one is chosen, or its direction.
        device_found: A predictor's device and device note.
        told: Key of a text and its values.
        failed: Key of a text and the error.
        loading_changed: `loading` has.

    Attributes:
        loading: The checkpoint that is being loaded, or is the next; None where none is.

    Args:
        state: Has the choices.
        predictors: Those used last.
        jobs: Load checkpoints.
    """

    changed = pyqtSignal()
    chosen = pyqtSignal()
    device_found = pyqtSignal(tuple)
    told = pyqtSignal(str, dict)
    failed = pyqtSignal(str, object)
    loading_changed = pyqtSignal()

    def __init__(self, state: State, predictors: PredictorCache, jobs: JobRunner) -> None:
        super().__init__()
        self._state = state
        self._predictors = predictors
        self._jobs = jobs
        self._names: list[str] = []  # of the files that are being loaded
        self.loading: Loading | None = None
        jobs.stepped.connect(self._stepped)

    def choose(self, source: str) -> bool:
        """Choose by a source, such as a style's name or the shares of two; False if there is none."""
        choice = self._state.find(source)
        if choice is not None:
            self._set(choice)
        return choice is not None

    def mix(self, source: str, share: float = 0.5) -> None:
        """Mix the chosen style, or the first of a mixture, with another one; one of the two again leaves the other.

        Args:
            source: The other one's.
            share: What it gets of the mixture, between 0 and 1.
        """
        first, *others = self._state.choice.parts or (self._state.choice,)
        second = self._state.find(source)
        if second is None or second == first:
            self._set(others[0] if others else first)
        elif second in others:
            self._set(first)
        elif first.kind == second.kind == "style":
            self._set(mixture(first, second, share))
        else:
            self.told.emit("mix_only_styles", {})

    def set_share(self, share: float) -> None:
        """Set the share of the second style of a mixture, between 0 and 1."""
        first, second = self._state.choice.parts
        self._set(mixture(first, second, share))

    def choose_direction(self, direction: str) -> None:
        """Set the direction of the chosen checkpoint."""
        self._state.choose_direction(direction)
        self._tell_change()

    def load_checkpoint(self, path: Path) -> None:
        """Load a checkpoint file and add it to the choices; it is chosen unless another one was meanwhile."""
        chosen = self._state.choice.source

        def load(_callbacks: JobCallbacks, cancelled: Cancelled) -> tuple[Choice, str, tuple[str, str]]:
            choice, device = self._predictors.load_checkpoint(path, cancelled)
            return choice, chosen, device

        def fail(error: Exception) -> None:
            self._end_loading()
            self.failed.emit("checkpoint_failed", error)

        self._names.append(path.name)
        self._show_loading()
        self.told.emit("loading_after" if self._jobs.is_running("paint") else "loading", {"name": path.name})
        self._jobs.submit("checkpoint", load, self._loaded, fail)

    def stop_loading(self) -> bool:
        """Give up all checkpoints that are being loaded; False if there are none."""
        self._names.clear()
        self._show_loading()
        if not self._jobs.drop("checkpoint"):
            return False
        self._jobs.hand_over_soon()
        self._jobs.tell_idle()
        return True

    def add(self, choice: Choice, *, choose: bool = True) -> None:
        """Add a choice, in the place of one of the same source."""
        self._state.add(choice, choose=choose)
        self._tell_change()

    def rename(self, choice: Choice, title: str) -> None:
        """Give a card of the user's another name; "" gives back the name that it had at first."""
        assert choice.file is not None
        try:
            if choice.kind == "style":
                title = rename_style(choice.source, title).title
        except (PpganError, OSError) as error:
            self.failed.emit("rename_failed", error)
            return
        self._state.rename(choice.source, title or checkpoint_title(choice.file))
        self._tell_change()

    def remove(self, choice: Choice) -> None:
        """Take a checkpoint out of the choices, whose file stays; delete a style of the user's."""
        if choice.kind == "style":
            try:
                remove_style(choice.source)
            except (PpganError, OSError) as error:
                self.failed.emit("remove_failed", error)
                return
        self._state.remove(choice.source)
        self._tell_change()

    def _loaded(self, answer: tuple[Choice, str, tuple[str, str]]) -> None:
        choice, chosen_before, device = answer
        self._end_loading()
        self.device_found.emit(device)
        self.add(choice, choose=self._state.choice.source == chosen_before)
        self.told.emit("loaded", {"name": Path(choice.source).name})

    def _stepped(self, kind: str, step: str) -> None:
        if kind == "checkpoint" and self.loading is not None:
            self._show_loading(step)

    def _end_loading(self) -> None:
        del self._names[:1]
        self._show_loading()

    def _show_loading(self, step: str | None = None) -> None:
        self.loading = Loading(self._names[0], step) if self._names else None
        self.loading_changed.emit()

    def _set(self, choice: Choice) -> None:
        self._state.choice = choice
        self.chosen.emit()

    def _tell_change(self) -> None:
        self.changed.emit()
        self.chosen.emit()
