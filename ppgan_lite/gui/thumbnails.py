"""The gallery on the user's own photo: each style paints a small copy of it while there is nothing else to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from ppgan_lite.gui.state import Choice, Picture, Request, Result, StyleSettings

if TYPE_CHECKING:
    from ppgan_lite.gui.session import Session

THUMBNAIL_PX = 288  # long side: that of a card on a screen of double density
_PAUSE_MS = 400  # of idleness, before the next one begins
_SETTINGS = StyleSettings(spare_faces=False)


class Thumbnails(QObject):
    """Small pictures of the open photo in every style, the chosen one first.

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
        self._enabled = False
        self._session = session
        self._photo: Picture | None = None  # a small copy of the one that is open
        self._failed: set[str] = set()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._make_next)
        session.photo_changed.connect(self._start)
        session.choices_changed.connect(self.go_on)
        session.painter_idle.connect(self.go_on)

    @property
    def enabled(self) -> bool:
        """Whether they are made."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self._start()

    def go_on(self) -> None:
        """Make the next one soon, if nothing else is to be done then."""
        if self._enabled and self._photo is not None:
            self._pause.start()

    def answered(self, result: Result) -> None:
        """Take one that was made."""
        if result.request.photo is self._photo:
            source = result.request.choice.source
            self.pictures[source] = result.image
            self.made.emit(source)
            self._count()

    def failed(self, source: str) -> None:
        """Leave out a style that cannot paint; it tells why when it is asked for a picture."""
        self._failed.add(source)
        self._count()

    def _start(self) -> None:
        self._session.drop("thumbnail")
        self.pictures.clear()
        self._failed.clear()
        self._photo = None
        self.cleared.emit()
        photo = self._session.state.photo
        if self._enabled and photo is not None:
            self._photo = Picture.of(photo.pyramid.thumbnail(THUMBNAIL_PX))
            self.go_on()

    def _choices(self) -> list[Choice]:
        """Return the styles that need no painting, the chosen one first."""
        state = self._session.state
        fitting = [choice for choice in state.choices if choice.has_settings and not choice.needs_painting]
        return sorted(fitting, key=lambda choice: choice != state.choice)

    def _count(self) -> None:
        sources = {choice.source for choice in self._choices()}
        self.counted.emit(len(sources & (self.pictures.keys() | self._failed)), len(sources))

    def _make_next(self) -> None:
        if not self._session.is_painter_idle or self._photo is None:
            return
        for choice in self._choices():
            if choice.source not in self.pictures and choice.source not in self._failed:
                self._session.paint_thumbnail(Request(self._photo, choice, _SETTINGS))
                break
