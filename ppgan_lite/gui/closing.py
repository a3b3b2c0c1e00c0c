"""Questions before the window closes: about what would be lost, and whether to save it first."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtWidgets import QWidget

from ppgan_lite.gui import dialogs
from ppgan_lite.gui.session import Session


class Closing:
    """Asks whether a window may close.

    Args:
        window: Is closed, where that waits for saves.
        session: Tells what is going on and what is not saved.
        save_unsaved: Asks for a folder and begins to save all results; False if the user cancels.
    """

    def __init__(self, window: QWidget, session: Session, save_unsaved: Callable[[], bool]) -> None:
        self._window = window
        self._session = session
        self._save_unsaved = save_unsaved
        self._waits_for_saves = False
        session.saving.ended.connect(self._saves_ended)

    def may_close(self, language: str) -> bool:
        """Ask about each thing that would end or be lost; True if the window may close now."""
        session = self._session
        if session.learning.is_running and not dialogs.asks_to_close(self._window, "learn", language):
            return False
        if session.batch.queue.active and not dialogs.asks_to_close(self._window, "batch", language):
            return False
        count = len(session.history.unsaved)
        answer = dialogs.asks_about_unsaved(self._window, count, language) if count else "close"
        if answer == "save":
            self._waits_for_saves = self._save_unsaved()
        return answer == "close"

    def _saves_ended(self) -> None:
        """Close the window that waited for its saves, unless one of them failed."""
        if self._waits_for_saves and not self._session.history.unsaved:
            self._window.close()
        self._waits_for_saves = False
