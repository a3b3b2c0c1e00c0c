"""The gallery on the user's own photo: each style paints a small copy of it while there is nothing else to do."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.session import Session
from ppgan_lite.gui.state import Picture, Request, Result, StyleSettings
from ppgan_lite.gui.worker import Cancelled, JobCallbacks

THUMBNAIL_PX = 288  # long side: that of a card on a screen of double density
_PAUSE_MS = 400  # of idleness, before the next one begins
_SETTINGS = StyleSettings(spare_faces=False)


class Thumbnails(QObject):
    """Small pictures of the open photo in every style, the chosen one first, where the session is live.

    Attributes:
        pictures: `Choice.source` -> uint8 (height, width, 3) RGB.

    Signals:
        made: The source of a picture that is new.
        cleared: All are gone, since another photo is open.
        counted: How many are made, of how many; the same where all are.
    """

    made = pyqtSignal(str)
    cleared = pyqtSignal()
    counted = pyqtSignal(int, int)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.pictures: dict[str, np.ndarray] = {}
        self._session = session
        self._photo: Picture | None = None  # a small copy of the one that is open
        self._failed: set[str] = set()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._make_next)
        session.photo_changed.connect(self._start)
        session.live_changed.connect(self._start)
        session.choices_changed.connect(self._go_on)
        session.jobs.painter_idle.connect(self._go_on)

    def _go_on(self) -> None:
        if self._session.live and self._photo is not None:
            self._pause.start()

    def _made(self, result: Result) -> None:
        if result.request.photo is self._photo:
            source = result.request.choice.source
            self.pictures[source] = result.image
            self.made.emit(source)
            self._count()

    def _start(self) -> None:
        self._session.jobs.drop("thumbnail")
        self.pictures.clear()
        self._failed.clear()
        self._photo = None
        self.cleared.emit()
        photo = self._session.state.photo
        if self._session.live and photo is not None:
            self._photo = Picture.of(photo.pyramid.thumbnail(THUMBNAIL_PX))
            self._go_on()

    def _choices(self) -> list[Choice]:
        """Return the styles that need no painting, the chosen one first."""
        state = self._session.state
        fitting = [choice for choice in state.choices if choice.has_settings and not choice.needs_painting]
        return sorted(fitting, key=lambda choice: choice != state.choice)

    def _count(self) -> None:
        sources = {choice.source for choice in self._choices()}
        self.counted.emit(len(sources & (self.pictures.keys() | self._failed)), len(sources))

    def _make_next(self) -> None:
        if not self._session.jobs.is_painter_idle or self._photo is None:
            return
        for choice in self._choices():
            if choice.source not in self.pictures and choice.source not in self._failed:
                self._paint(Request(self._photo, choice, _SETTINGS))
                break

    def _paint(self, request: Request) -> None:
        def paint(callbacks: JobCallbacks, cancelled: Cancelled) -> Result:
            return self._session.predictors.paint(request, callbacks, cancelled, keep=False)

        def leave_out(_error: Exception) -> None:  # it tells why when it is asked for a picture
            self._failed.add(request.choice.source)
            self._count()

        self._session.jobs.submit("thumbnail", paint, self._made, leave_out)
