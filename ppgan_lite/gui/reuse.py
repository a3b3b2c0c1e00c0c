"""Style and settings of an earlier result become those of the next picture."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal

from ppgan_lite.gui.again import Again, read_again
from ppgan_lite.gui.history import Entry
from ppgan_lite.gui.session import Session
from ppgan_lite.gui.state import Picture, Request
from ppgan_lite.images import ResultSettings, read_settings


class Reuse(QObject):
    """Takes style, settings and painting from a result of the history, or from a picture that was made here.

    Signals:
        found: A picture that was looked into, and the settings in it.

    Args:
        session: Gets them.
    """

    found = pyqtSignal(object, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def entry(self, entry: Entry) -> None:
        """Use those of a result of the history."""
        request, painting = entry.outline.request, entry.painting
        if painting is None:
            self._use_request(request, None)
        else:
            self._session.jobs.in_background(painting.load, lambda picture: self._use_request(request, picture))

    def file(self, path: Path) -> None:
        """Use those of a picture that was made here, and open its photo if that is beside it."""
        self._session.jobs.in_background(lambda: read_again(path), self._use_file)

    def look_into(self, path: Path) -> None:
        """Tell by `found` whether a picture was made here."""

        def read(settings: ResultSettings | Exception | None) -> None:
            if isinstance(settings, ResultSettings):
                self.found.emit(path, settings)

        self._session.jobs.in_background(lambda: read_settings(path), read)

    def _use_request(self, request: Request, painting: Picture | Exception | None) -> None:
        session = self._session
        if isinstance(painting, Exception):
            session.failed.emit("history_failed", painting)
            return
        if painting is not None and painting is not session.state.painting:
            session.use_painting(painting)
        if not session.cards.choose(request.choice.source):
            session.cards.add(request.choice)
        if request.choice.direction and request.choice.direction != session.state.choice.direction:
            session.cards.choose_direction(request.choice.direction)
        if request.choice.has_settings:
            session.set_settings(request.settings)
            if request.mask is not None:
                session.set_mask(request.mask)
        session.told.emit("history_reused", {})

    def _use_file(self, again: Again | Exception) -> None:
        session = self._session
        if isinstance(again, Exception):
            session.failed.emit("again_failed", again)
            return
        if not session.cards.choose(again.source) and again.checkpoint is not None:
            session.load_checkpoint(again.checkpoint)
        session.set_settings(again.settings)
        if again.painting is not None:
            session.open_painting(again.painting)
        if again.photo is not None:
            session.open_photo(again.photo, mask=again.mask)
        elif again.mask is not None and session.state.photo is not None:
            session.set_mask(again.mask)
        session.told.emit("again_without_mask" if again.misses_mask else "history_reused", {})
