"""Has jobs done by the worker threads, and hands their answers over on the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from ppgan_lite.gui.jobs import KINDS, Job, Jobs
from ppgan_lite.gui.worker import Work, Worker

# A running kernel cannot be stopped; a file that is being written should be completed.
_PATIENCE_MS = 200  # with a cancelled job, before another thread goes on
_STOP_MS = 1_000
_STOP_SAVING_MS = 60_000

Answered = Callable[[Any], None]
Failed = Callable[[Exception], None]


class JobRunner(QObject):
    """Two threads, "painter" and "files", and the jobs that they do.

    Signals:
        progressed: Kind of a job and its finished share, 0 to 1.
        costed: Kind of a job and its expected `Cost`.
        stepped: Kind of a job and the step of its preparation that begins.
        painter_idle: The painter has nothing to do.
    """

    progressed = pyqtSignal(str, float)
    costed = pyqtSignal(str, object)
    stepped = pyqtSignal(str, str)
    painter_idle = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._jobs = Jobs()
        self._callbacks: dict[Job, tuple[Answered, Failed]] = {}
        self._workers = {name: self._make_worker(name) for name in ("painter", "files")}

    def submit(self, kind: str, work: Work, answered: Answered, failed: Failed) -> None:
        """Have work done by the policy of its kind; one of the functions is called, unless it is dropped or refused.

        Args:
            kind: One of `jobs.KINDS`.
            work: Is called on the kind's thread.
            answered: Takes its value.
            failed: Takes its error.
        """
        job = self._jobs.start(kind)
        if job is not None:
            self._callbacks = {other: both for other, both in self._callbacks.items() if self._jobs.is_current(other)}
            self._callbacks[job] = answered, failed
            self._workers[KINDS[kind].worker].submit(job, work)

    def in_background(self, work: Callable[[], Any], done: Answered) -> None:
        """Have work done on the thread for files; `done` takes its value, or the error."""
        self.submit("history", lambda _callbacks, _cancelled: work(), done, done)

    def drop(self, kind: str) -> bool:
        """Ask the jobs of a kind to stop; their answers are dropped. False if there are none."""
        return self._jobs.drop(kind)

    def hand_over_soon(self) -> None:
        """Have another thread go on where the painter is busy with a cancelled job that does not stop."""
        QTimer.singleShot(_PATIENCE_MS, self._workers["painter"].hand_over)

    def is_running(self, kind: str) -> bool:
        """Return whether a job of a kind runs or waits."""
        return self._jobs.is_running(kind)

    def is_free_for(self, kind: str) -> bool:
        """Return whether a job of a kind would be the next."""
        return self._jobs.is_free_for(kind)

    @property
    def is_painter_idle(self) -> bool:
        """Whether the painter has nothing to do."""
        return self._jobs.is_idle("painter")

    def tell_idle(self) -> None:
        """Tell that the painter has nothing to do, where that is so."""
        if self.is_painter_idle:
            self.painter_idle.emit()

    def drop_all_but_saves(self) -> None:
        """Ask all jobs to stop, except saves."""
        self._jobs.drop_all(but="save")

    def stop(self) -> bool:
        """End the threads when the saves are done; False where one cannot be stopped."""
        limit = _STOP_SAVING_MS if self.is_running("save") else _STOP_MS
        files_stopped = self._workers["files"].stop(limit)
        return self._workers["painter"].stop(_STOP_MS) and files_stopped

    def _make_worker(self, name: str) -> Worker:
        worker = Worker(name)
        worker.progressed.connect(self._progressed)
        worker.costed.connect(self._costed)
        worker.stepped.connect(self._stepped)
        worker.finished.connect(self._finished)
        worker.failed.connect(self._failed)
        return worker

    def _progressed(self, job: Job, share: float) -> None:
        if self._jobs.is_current(job):
            self.progressed.emit(job.kind, share)

    def _costed(self, job: Job, cost: object) -> None:
        if self._jobs.is_current(job):
            self.costed.emit(job.kind, cost)

    def _stepped(self, job: Job, step: str) -> None:
        if self._jobs.is_current(job):
            self.stepped.emit(job.kind, step)

    def _finished(self, job: Job, value: Any) -> None:
        if self._jobs.finish(job):
            self._callbacks.pop(job)[0](value)
        self.tell_idle()

    def _failed(self, job: Job, error: Exception) -> None:
        if self._jobs.finish(job):
            self._callbacks.pop(job)[1](error)
        self.tell_idle()
