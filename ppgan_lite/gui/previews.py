"""A small picture that follows the sliders, before the real one is asked for."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtCore import QObject, QTimer

from ppgan_lite.gui.session import Session
from ppgan_lite.gui.state import Picture, Request, Result
from ppgan_lite.gui.worker import Cancelled, JobCallbacks

PREVIEW_PX = 640  # long side; a tenth of a second on two cores
_PAUSE_MS = 150  # after a slider or a style was moved last


class Previews(QObject):
    """Paints a small copy of the photo when style, settings or photo stop changing; the newest wins.

    Args:
        session: Shows it, where it is live.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._small: tuple[Picture, Picture] | None = None  # a photo, and a small copy of it
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._make)
        changes = session.painting_changed, session.choice_changed, session.settings_changed, session.mask_changed
        for signal in changes:
            signal.connect(self._state_changed)
        session.photo_changed.connect(self._photo_changed)
        session.result_changed.connect(self._result_changed)
        session.live_changed.connect(self._live_changed)

    def _made(self, preview: Result) -> None:
        if self._session.work is None:  # else a better picture comes soon
            self._session.show_quick(preview)

    def _live_changed(self) -> None:
        self._drop()
        self._state_changed()

    def _drop(self) -> None:
        self._pause.stop()
        self._session.jobs.drop("preview")
        self._session.show_quick(None)

    def _photo_changed(self) -> None:
        self._session.show_quick(None)
        self._state_changed()

    def _result_changed(self) -> None:
        if self._session.state.result is not None:
            self._drop()

    def _state_changed(self) -> None:
        if self._session.live:
            self._session.jobs.drop("preview")
            self._pause.start()

    def _make(self) -> None:
        session = self._session
        state = session.state
        if session.work is not None or state.missing is not None or not state.choice.has_settings:
            return
        request = state.request()
        if state.result is not None and is_same(state.result.request, request):
            self._session.show_quick(None)
            return
        small = replace(request, photo=self._small_copy(request.photo))

        def paint(callbacks: JobCallbacks, cancelled: Cancelled) -> Result:
            return session.predictors.paint(small, callbacks, cancelled)

        session.jobs.submit("preview", paint, self._made, lambda _error: None)  # the real picture will tell why

    def _small_copy(self, photo: Picture) -> Picture:
        if max(photo.size) <= PREVIEW_PX:
            return photo
        if self._small is None or self._small[0] is not photo:
            self._small = photo, Picture.of(photo.pyramid.thumbnail(PREVIEW_PX))
        return self._small[1]


def is_same(one: Request, other: Request) -> bool:
    """Return whether two requests ask for the same picture."""
    return (
        one.photo is other.photo
        and one.painting is other.painting
        and one.choice == other.choice
        and one.settings == other.settings
        and one.mask is other.mask
    )
