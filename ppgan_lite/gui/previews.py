"""A small picture that follows the sliders, before the real one is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from ppgan_lite.gui.state import Picture, Request, Result

if TYPE_CHECKING:
    from ppgan_lite.gui.session import Session

PREVIEW_PX = 640  # long side; a tenth of a second on two cores
_PAUSE_MS = 150  # after a slider or a style was moved last


class Previews(QObject):
    """Paints a small copy of the photo when style, settings or photo stop changing; the newest wins.

    Attributes:
        result: The newest preview that fits the state; None where there is none, or the result itself is shown.
    """

    changed = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.result: Result | None = None
        self._enabled = False
        self._session = session
        self._small: tuple[Picture, Picture] | None = None  # a photo, and a small copy of it
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._make)
        for signal in (session.painting_changed, session.choice_changed, session.settings_changed):
            signal.connect(self._state_changed)
        session.photo_changed.connect(self._photo_changed)
        session.result_changed.connect(self._result_changed)

    @property
    def enabled(self) -> bool:
        """Whether they are made."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self.drop()
        if enabled:
            self._state_changed()

    def drop(self) -> None:
        """Forget the preview: something better is shown."""
        self._pause.stop()
        self._session.drop("preview")
        self._show(None)

    def answered(self, result: Result) -> None:
        """Show a preview that was made, if a better picture is not there already."""
        if self._session.work is None:
            self._show(result)

    def _photo_changed(self) -> None:
        self._show(None)
        self._state_changed()

    def _result_changed(self) -> None:
        if self._session.state.result is not None:
            self.drop()

    def _state_changed(self) -> None:
        if self._enabled:
            self._session.drop("preview")
            self._pause.start()

    def _make(self) -> None:
        session = self._session
        state = session.state
        if session.work is not None or state.missing is not None or not state.choice.has_settings:
            return
        request = state.request()
        if state.result is not None and is_same(state.result.request, request):
            self._show(None)
            return
        session.paint_preview(replace(request, photo=self._small_copy(request.photo)))

    def _small_copy(self, photo: Picture) -> Picture:
        if max(photo.size) <= PREVIEW_PX:
            return photo
        if self._small is None or self._small[0] is not photo:
            self._small = photo, Picture.of(photo.pyramid.thumbnail(PREVIEW_PX))
        return self._small[1]

    def _show(self, result: Result | None) -> None:
        if result is not self.result:
            self.result = result
            self.changed.emit()


def is_same(one: Request, other: Request) -> bool:
    """Return whether two requests ask for the same picture."""
    return (
        one.photo is other.photo
        and one.painting is other.painting
        and one.choice == other.choice
        and one.settings == other.settings
    )
