"""The window's session: does what the user asks, with state, worker threads and learning, without widgets."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QObject, pyqtSignal

from ppgan_lite.gui.batch_queue import Output
from ppgan_lite.gui.batch_runner import BatchRunner
from ppgan_lite.gui.cards import Cards
from ppgan_lite.gui.clips import Frame, frame_of, is_clip, read_frame
from ppgan_lite.gui.history import History
from ppgan_lite.gui.job_runner import JobRunner
from ppgan_lite.gui.learn_session import LearnSession
from ppgan_lite.gui.learner import Learner
from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.progress import Painting
from ppgan_lite.gui.saving import Saving
from ppgan_lite.gui.state import Picture, Request, Result, State, StyleSettings
from ppgan_lite.gui.worker import (
    Cancelled,
    JobCallbacks,
    LoadPredictor,
    PredictorCache,
    Work,
    find_faces_in,
    read_first_photo,
    read_photo,
    read_picture,
)
from ppgan_lite.images import READABLE_SUFFIXES, ImageMetadata

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.gui.dropped import Dropped
    from ppgan_lite.inference.cost import Cost


class Session(QObject):
    """Holds the state and does what the user asks; signals tell what changed.

    Attributes:
        state: What is open, chosen and made.
        frame: The one of a clip that is the photo; None where the photo is of no clip.
        jobs: Has work done by the threads.
        predictors: Those used last; for the threads.
        cards: What a photo can be made into.
        saving: Results to files.
        batch: Photos that are painted one after the other.
        history: The last results, which of them is shown, and which it is compared with.
        compared: The result of the history to compare with; None while there is no comparison.
        work: The picture that is being made; None while there is none.
        live: Whether small pictures follow what the user does.
        preview: One that is shown in the place of the result; None while there is none.
        expected: The cost of the picture that the state describes; None where nothing is known of it.
        device: The device in use: None before one is known, "" where no painter can be started.
        device_note: Why not another device; may be empty.
        learning: Learns paintings.
        stopped: Whether both threads have ended; after `close`.

    Signals:
        told: Key of a text and its values: what was done, is being done, or is missing.
        failed: Key of a text and the error.
        faces_found: A map of strokes that leaves out the photo's faces, see `strokes_around`.

    Args:
        state: Initial state.
        load: Makes a predictor from a `Choice.source` and a direction; called on a worker thread only.
        learner: None takes the command of the terminal.
    """

    photo_changed = pyqtSignal()
    frame_changed = pyqtSignal()
    painting_changed = pyqtSignal()
    choices_changed = pyqtSignal()
    choice_changed = pyqtSignal()
    settings_changed = pyqtSignal()
    mask_changed = pyqtSignal()
    faces_found = pyqtSignal(object)
    result_changed = pyqtSignal()
    history_changed = pyqtSignal()
    compared_changed = pyqtSignal()
    work_changed = pyqtSignal()
    device_changed = pyqtSignal()
    learning_changed = pyqtSignal()
    live_changed = pyqtSignal()
    preview_changed = pyqtSignal()
    expected_changed = pyqtSignal()
    told = pyqtSignal(str, dict)
    failed = pyqtSignal(str, object)

    def __init__(self, state: State, load: LoadPredictor, learner: Learner | None = None) -> None:
        super().__init__()
        self.state = state
        self.frame: Frame | None = None
        self.work: Painting | None = None
        self.live = False
        self.preview: Result | None = None
        self.expected: Cost | None = None
        self.device: str | None = None
        self.device_note = ""
        self.learning = LearnSession(state, learner or Learner())
        self.learning.changed.connect(self.learning_changed)
        self.learning.told.connect(self.told)
        self.learning.failed.connect(self.failed)
        self.stopped = False
        self.jobs = JobRunner()
        self.jobs.progressed.connect(self._progressed)
        self.jobs.costed.connect(self._costed)
        self.jobs.stepped.connect(self._stepped)
        self.predictors = PredictorCache(load)
        self.cards = Cards(state, self.predictors, self.jobs)
        self.cards.changed.connect(self.choices_changed)
        self.cards.chosen.connect(self.choice_changed)
        self.cards.device_found.connect(self._set_device)
        self.cards.told.connect(self.told)
        self.cards.failed.connect(self.failed)
        self.cards.loading_changed.connect(self.work_changed)
        self.learning.learned.connect(self.cards.add)
        self.compared: Result | None = None
        self.history = History(
            background=self.jobs.in_background,
            changed=self.history_changed.emit,
            shown=self._show_result,
            compared_shown=self._compare,
            troubled=lambda error: self.failed.emit("history_failed", error),
        )
        self.saving = Saving(state, self.history, self.jobs)
        self.saving.told.connect(self.told)
        self.saving.failed.connect(lambda error: self.failed.emit("save_failed", error))
        self.batch = BatchRunner(
            self._paint_of_batch,
            self.predictors.predictor_of,
            lambda work: self._submit("batch", work, lambda _none: None),
            lambda: self.jobs.is_free_for("batch"),
            self.jobs.in_background,
        )
        self.jobs.painter_idle.connect(self.batch.go_on)
        for change in (
            *(self.photo_changed, self.choice_changed, self.settings_changed),
            *(self.result_changed, self.preview_changed, self.device_changed),  # a predictor is loaded, or measured
        ):
            change.connect(self._expect)
        self.batch.failed.connect(lambda error: self.failed.emit("batch_failed", error))

    # what the user does ---------------------------------------------------------------------------------------------

    def open_photo(self, path: Path, *, mask: Mask | None = None) -> None:
        """Open a picture file as the photo, and where it gets the style; of a clip the first frame."""
        self._tell("opening", name=path.name)

        def read(_callbacks: JobCallbacks, _cancelled: Cancelled) -> Picture | Frame:
            return read_frame(path) if is_clip(path) else read_photo(path)

        def opened(photo: Picture | Frame) -> None:
            if isinstance(photo, Frame):
                self._show_frame(photo)
            else:
                self._photo_opened(photo, mask)

        self._submit("photo", read, opened)

    def show_frame(self, number: int) -> None:
        """Make another frame of the clip the photo; of several that are asked for, the last one."""
        if self.frame is not None:
            clip = self.frame.clip
            self._submit("frame", lambda _callbacks, _cancelled: frame_of(clip, number), self._show_frame)

    def open_painting(self, path: Path) -> None:
        """Open a picture file as the painting."""
        self._tell("opening", name=path.name)
        self._open(True, lambda: read_picture(path))

    def open_dropped(self, dropped: Dropped, *, as_painting: bool) -> None:
        """Open what was dropped or pasted: of several pictures the first."""
        for path in dropped.checkpoints:
            self.load_checkpoint(path)
        if dropped.pictures:
            (self.open_painting if as_painting else self.open_photo)(dropped.pictures[0])
            if len(dropped.pictures) > 1:
                self._tell("opening_first", name=dropped.pictures[0].name, count=len(dropped.pictures) - 1)
        if dropped.image is not None:
            image, alpha = dropped.image
            self._open(as_painting, lambda: Picture.of(image, ImageMetadata(alpha=alpha)))
        elif dropped.folders and not dropped.pictures:
            folder = dropped.folders[0]
            self._tell("opening", name=folder.name)
            self._open(as_painting, lambda: read_first_photo(folder))

    def load_checkpoint(self, path: Path) -> None:
        """Load a checkpoint file; a picture is opened as the painting."""
        (self.open_painting if path.suffix.lower() in READABLE_SUFFIXES else self.cards.load_checkpoint)(path)

    def set_settings(self, settings: StyleSettings) -> None:
        """Set the style settings of the next picture."""
        if settings != self.state.settings:
            self.state.settings = settings
            self.settings_changed.emit()

    def set_mask(self, mask: Mask | None) -> None:
        """Set where the next picture gets the style; None is everywhere."""
        self.state.mask = mask
        self.mask_changed.emit()

    def find_faces(self) -> None:
        """Look for faces in the photo."""
        photo = self.state.photo
        if photo is not None:
            self._submit("faces", lambda _callbacks, _cancelled: find_faces_in(photo), self._faces_looked_for)

    def run(self) -> bool:
        """Start making the picture that the state describes; False where one is being made or something is missing."""
        if self.is_running("paint"):
            return False
        if self.state.missing is not None:
            self._tell(f"need_{self.state.missing}")
            return False
        request = self.state.request()
        self.learning.show_preview(False)
        self.work = Painting()
        self._submit(
            "paint", lambda callbacks, cancelled: self.predictors.paint(request, callbacks, cancelled), self._painted
        )
        self.jobs.hand_over_soon()  # where idle work does not stop
        self.work_changed.emit()
        return True

    def cancel(self) -> None:
        """Stop painting, or else loading checkpoints; what was there before stays.

        This answers at once, even while the thread is still busy.
        """
        if self._stop_painting() or self.cards.stop_loading():
            self._tell("cancelled")

    def paint_many(self, sources: list[Path], output: Output) -> None:
        """Paint photos, and all photos of folders, in the style and with the settings that are chosen now."""
        state = self.state
        if state.choice.needs_painting and state.painting is None:
            self._tell("need_painting")
            return
        painting = state.painting if state.choice.needs_painting else None
        mask = state.mask if state.choice.has_settings else None
        self.batch.add(sources, state.choice, state.settings, output, painting=painting, mask=mask)

    def set_live(self, live: bool) -> None:
        """Have a small picture follow the settings, and the gallery show the photo, or not."""
        self.live = live
        self.live_changed.emit()

    def show_quick(self, preview: Result | None) -> None:
        """Show a preview in the place of the result; None shows the result."""
        if preview is not self.preview:
            self.preview = preview
            self.preview_changed.emit()

    def warm_up(self) -> None:
        """Load the chosen style before it is requested, so that the first picture is ready sooner."""
        if self.device is None and not self.is_running("warm_up"):
            source = self.state.choice.source
            self._submit(
                "warm_up", lambda _callbacks, cancelled: self.predictors.warm_up(source, cancelled), self._set_device
            )

    def close(self) -> None:
        """End learning and the threads; saves are completed, everything else is asked to stop."""
        self.learning.stop()
        self.jobs.drop_all_but_saves()
        self.learning.close()
        self.stopped = self.jobs.stop()
        self.history.close()

    def is_running(self, kind: str) -> bool:
        """Return whether a job of a kind runs or waits."""
        return self.jobs.is_running(kind)

    # answers of the worker threads ----------------------------------------------------------------------------------

    def _progressed(self, kind: str, fraction: float) -> None:
        if kind == "paint" and self.work is not None:
            self.work.advance(fraction)
            self.work_changed.emit()

    def _costed(self, kind: str, cost: Cost) -> None:
        if kind == "paint" and self.work is not None:
            self.work.cost = cost
            self.work_changed.emit()

    def _stepped(self, kind: str, step: str) -> None:
        if kind == "paint" and self.work is not None:
            self.work.step = step
            self.work_changed.emit()

    def _failed(self, kind: str, error: Exception) -> None:
        """Tell the error of a job that the user has asked for."""
        if kind == "paint":
            self.work = None
            self.work_changed.emit()
        elif kind == "warm_up":
            self._set_device(("", ""))
        self.failed.emit(f"{kind}_failed", error)

    def _photo_opened(self, photo: Picture, mask: Mask | None = None, frame: Frame | None = None) -> None:
        self._stop_painting()
        self.jobs.drop("frame")
        self.history.leave()
        self.frame = frame
        self.state.open_photo(photo)
        self.state.mask = mask
        self._tell("ready")
        self.jobs.drop("faces")
        self.frame_changed.emit()
        self.photo_changed.emit()
        self.mask_changed.emit()
        self.result_changed.emit()

    def _show_frame(self, frame: Frame) -> None:
        """Make a frame of a clip the photo; the mask stays while it is the same clip."""
        is_same = self.frame is not None and self.frame.clip is frame.clip
        self._photo_opened(frame.picture, self.state.mask if is_same else None, frame)

    def use_painting(self, painting: Picture) -> None:
        """Have a picture be the painting."""
        self.state.open_painting(painting)
        self._tell("ready")
        self.painting_changed.emit()
        self.choice_changed.emit()

    def _painted(self, result: Result) -> None:
        seconds = time.perf_counter() - self.work.began if self.work else result.seconds
        self.work = None
        self._set_device((result.device, result.device_note))
        self._tell("done", seconds=f"{seconds:.1f}")
        self.work_changed.emit()
        self.history.add(result)
        self._show_result(result)

    def _show_result(self, result: Result | None) -> None:
        """Show a result, with the photo that it is of."""
        if result is not None and result.request.photo is not self.state.photo:
            self.state.photo, self.state.mask = result.request.photo, result.request.mask
            self.frame = None
            self.jobs.drop("faces")
            self.frame_changed.emit()
            self.photo_changed.emit()
            self.mask_changed.emit()
        self.state.result = result
        self.result_changed.emit()

    def _compare(self, result: Result | None) -> None:
        self.compared = result
        self.compared_changed.emit()

    def _faces_looked_for(self, strokes: np.ndarray | None) -> None:
        if strokes is None:
            self._tell("no_faces")
        else:
            self.faces_found.emit(strokes)

    def _expect(self) -> None:
        """Note the cost of the picture that would be made now."""
        state = self.state
        self.expected = None if state.missing else self.predictors.expected_cost(state.request())
        self.expected_changed.emit()

    def _set_device(self, device: tuple[str, str]) -> None:
        self.device, self.device_note = device
        self.device_changed.emit()

    # internals ------------------------------------------------------------------------------------------------------

    def _open(self, as_painting: bool, read: Callable[[], Picture]) -> None:
        kind, answered = ("painting", self.use_painting) if as_painting else ("photo", self._photo_opened)
        self._submit(kind, lambda _callbacks, _cancelled: read(), answered)

    def _submit(self, kind: str, work: Work, answered: Callable[[Any], None]) -> None:
        self.jobs.submit(kind, work, answered, lambda error: self._failed(kind, error))

    def _paint_of_batch(self, request: Request, *, progress: Callable[[float], None], cancelled: Cancelled) -> Result:
        return self.predictors.paint(request, JobCallbacks(progress, lambda _cost: None), cancelled)

    def _tell(self, key: str, **values: object) -> None:
        self.told.emit(key, values)

    def _stop_painting(self) -> bool:
        """Ask the picture that is being made to stop, and forget it; False if there was none."""
        self.work = None
        if not self.jobs.drop("paint"):
            return False
        self.jobs.hand_over_soon()
        self.work_changed.emit()
        self.jobs.tell_idle()
        return True
