"""Paints the photos of a queue on the painter's thread, whenever the user does not need it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from ppgan_lite.gui.batch_clips import Load, add_clips, paint_clip
from ppgan_lite.gui.batch_queue import BatchQueue, Output, Paint, QueuedPhoto, Status, execute
from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.clips import is_clip
from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.state import Picture, StyleSettings, style_label

_AGAIN_MS = 300  # before it looks again whether the painter is free

Background = Callable[[Callable[[], Any], Callable[[Any], None]], None]


class BatchRunner(QObject):
    """A queue of photos and its execution.

    Attributes:
        queue: The photos.

    Signals:
        changed: Something became of a photo, or photos were added or removed.
        ended: No photo waits or runs any more, after some did.
        failed: Photos could not be added, and why.

    Args:
        paint: Makes a picture; called on the painter's thread.
        load: Makes the predictor of a clip; likewise.
        submit: Has `work(callbacks, cancelled)` done on that thread when nobody else needs it.
        may_run: Tells whether nobody else needs it.
        background: Does what takes time.
    """

    changed = pyqtSignal()
    ended = pyqtSignal()
    failed = pyqtSignal(object)
    _told = pyqtSignal(object, object, object)
    _finished = pyqtSignal()

    def __init__(
        self,
        paint: Paint,
        load: Load,
        submit: Callable[[Callable[[Any, Callable[[], bool]], None]], None],
        may_run: Callable[[], bool],
        background: Background,
    ) -> None:
        super().__init__()
        self.queue = BatchQueue()
        self._paint = paint
        self._load = load
        self._submit = submit
        self._may_run = may_run
        self._background = background
        self._busy = threading.Event()  # while the painter's thread is in an execution
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._start)
        self._told.connect(self._hear)
        self._finished.connect(self._pause)

    def add(
        self,
        sources: Sequence[Path],
        choice: Choice,
        settings: StyleSettings,
        output: Output,
        *,
        painting: Picture | None = None,
        mask: Mask | None = None,
    ) -> None:
        """Add files and folders; they are looked through in the background."""
        taken = self.queue.targets
        style = style_label(choice, painting)

        def plan() -> Any:
            from ppgan_lite.inference.batch_planning import plan_batch

            output.check()
            folder = None if output.folder is None else f"{output.folder}/"
            clips = [source for source in sources if is_clip(source)]
            found = plan_batch(
                [source for source in sources if source not in clips],
                folder,
                label=style,
                overwrite=output.replaces,
                skip_existing=not output.replaces,
                name=lambda photo: output.name_of(photo, style),
                taken=taken,
            )
            add_clips(found, clips, output, style, taken)
            return found, clips

        def show(value: Any) -> None:
            if isinstance(value, Exception):
                self.failed.emit(value)
                return
            planned, clips = value
            self.queue.add(planned, choice, settings, output, painting=painting, mask=mask, clips=clips)
            self.changed.emit()
            self.go_on()

        self._background(plan, show)

    def go_on(self) -> None:
        """Paint what waits, as soon as nobody else needs the painter."""
        self._next.start(0)  # after what is told already is heard

    def cancel(self, photos: Sequence[QueuedPhoto]) -> None:
        """Stop photos, or let them not begin."""
        for photo in photos:
            self.queue.cancel(photo)
        self.changed.emit()

    def retry(self, photos: Sequence[QueuedPhoto]) -> None:
        """Let photos that failed, were skipped or stopped wait again."""
        for photo in photos:
            self.queue.retry(photo)
        self.changed.emit()
        self.go_on()

    def forget_ended(self) -> None:
        """Remove the photos that ended."""
        self.queue.forget_ended()
        self.changed.emit()

    def _start(self) -> None:
        waiting = self.queue.waiting
        if not waiting:
            return
        if self._busy.is_set() or not self._may_run():
            self._next.start(_AGAIN_MS)
            return

        def work(_callbacks: Any, cancelled: Callable[[], bool]) -> None:
            self._busy.set()
            try:
                if cancelled():
                    return
                if waiting[0].is_clip:
                    paint_clip(waiting[0], self._load, self._told.emit, cancelled)
                else:
                    photos = list(itertools.takewhile(lambda photo: not photo.is_clip, waiting))
                    execute(photos, self._paint, self._told.emit, cancelled)
            finally:
                self._busy.clear()
                self._finished.emit()

        self._submit(work)

    def _hear(self, photo: QueuedPhoto, status: Status, value: Any) -> None:
        self.queue.hear(photo, status, value)
        self.changed.emit()

    def _pause(self) -> None:
        self.queue.pause()
        self.changed.emit()
        if self.queue.active:
            self.go_on()
        else:
            self.ended.emit()
