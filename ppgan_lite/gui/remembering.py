"""The choice and settings of the last start: stored as they change, and restored."""

from __future__ import annotations

from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.session import Session


class Remembering:
    """Stores what a session has open and chosen, as it changes.

    Args:
        session: Tells what changes.
        preferences: Keep it.
    """

    def __init__(self, session: Session, preferences: Preferences) -> None:
        self._session = session
        self._state = session.state
        self._preferences = preferences
        session.photo_changed.connect(self._photo)
        session.painting_changed.connect(self._painting)
        session.choice_changed.connect(self._choice)
        session.choices_changed.connect(self._checkpoints)
        session.settings_changed.connect(self._settings)

    def _photo(self) -> None:
        photo = self._state.photo
        frame = self._session.frame
        path = frame.clip.path if frame is not None else photo.path if photo is not None else None
        if path is not None:
            self._preferences.add_recent_photo(path.absolute())

    def _painting(self) -> None:
        painting = self._state.painting
        if painting is not None and painting.path is not None:
            self._preferences.painting = painting.path.absolute()

    def _choice(self) -> None:
        self._preferences.style = self._state.choice.source

    def _checkpoints(self) -> None:
        self._preferences.checkpoints = [choice for choice in self._state.choices if choice.kind == "checkpoint"]

    def _settings(self) -> None:
        self._preferences.settings = self._state.settings


def restore(session: Session, preferences: Preferences) -> None:
    """Give a session the checkpoints, style and settings of the last start, and the painting if that style needs one.

    Files that are gone stay out. Nothing else is loaded now.
    """
    state = session.state
    chosen = state.choice
    for choice in reversed(preferences.checkpoints):
        state.add(choice, choose=False)
    state.choice = chosen
    state.settings = preferences.settings
    if preferences.style is not None:
        session.cards.choose(preferences.style)
    painting = preferences.painting
    if state.choice.needs_painting and painting is not None:
        session.open_painting(painting)
