"""The menu of styles that mix with the chosen one: what a click with Ctrl does in the gallery, for the keyboard."""

from __future__ import annotations

from PyQt5.QtWidgets import QMenu

from ppgan_lite.gui.texts import in_language
from ppgan_lite.gui.user_actions import UserActions


class MixMenu:
    """Fills a menu whenever it is opened.

    Args:
        menu: Is filled.
        user_actions: Mix styles.

    Attributes:
        language: Of the texts.
    """

    def __init__(self, menu: QMenu, user_actions: UserActions) -> None:
        self.language = "en"
        self._menu = menu
        self._user_actions = user_actions
        menu.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """Show the styles that there are now."""
        self._menu.clear()
        for choice, is_mixed in self._user_actions.mixable():
            action = self._menu.addAction(in_language(choice.title, self.language).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(is_mixed)
            action.triggered.connect(lambda _checked=False, choice=choice: self._user_actions.mix(choice))
